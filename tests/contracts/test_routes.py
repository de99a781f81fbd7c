"""Every route authenticates its caller, or is listed here as public; and none answers a stranger with a crash."""

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok
from starlette.routing import Route

from gateway import keys
from gateway.app import create_app
from gateway.settings import Settings
from tests.support.app import Gateway

PUBLIC = {
    "/.well-known/oauth-authorization-server",
    "/.well-known/oauth-protected-resource",
    "/healthz",
    "/metrics",
    "/oauth/jwks",
    "/openapi.json",
    "/portal/assets/{digest}/{name}",
    "/portal/sign-in",
    "/readyz",
    "/verify",
}
"""What anybody may read."""


def all_routes() -> list[tuple[str, str]]:
    """Return the path and method of every route."""
    with tempfile.TemporaryDirectory() as folder:
        made = Settings(data_dir=Path(folder))
        keys.create(made.keys_path)
        app = create_app(made, keyring=keys.load(made.keys_path), database_url="postgresql:///unused")
    found = {(route.path, method) for route in walk(app.routes) for method in route.methods or ()}
    return sorted(found - {(path, method) for path, method in found if method in ("HEAD", "OPTIONS")})


def walk(routes: Any) -> list[Route]:
    """Return the plain routes, those of included routers too."""
    found: list[Route] = []
    for route in routes:
        if isinstance(route, Route):
            found.append(route)
        included = getattr(route, "original_router", route)
        found.extend(walk(getattr(included, "routes", None) or ()))
    return found


ROUTES = all_routes()


def test_there_are_routes() -> None:
    assert len(ROUTES) > 30
    assert {path for path, _ in ROUTES} >= PUBLIC


@pytest.mark.parametrize(("path", "method"), [(path, method) for path, method in ROUTES if path not in PUBLIC])
def test_a_stranger_gets_nothing_from_a_route_that_is_not_public(gateway: Gateway, path: str, method: str) -> None:
    response = gateway.client.request(method, re.sub(r"\{[^}]*\}", "x", path))
    assert response.status_code in (303, 400, 401, 403, 404, 405, 422)
    if response.status_code == 303:
        assert response.headers["location"].startswith("/portal/sign-in")


def test_made_up_calls_of_a_stranger_never_crash_the_gateway(gateway: Gateway) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", gateway.app)
    operations = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert len(operations) > 25
    for operation in operations:
        _call(operation)


def _call(operation: Any) -> None:
    """Call one operation with what Hypothesis makes up."""

    @settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def call(case: Any) -> None:
        response = case.call()
        assert response.status_code < 500, (case.method, case.path, response.status_code)

    call()
