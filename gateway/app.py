"""The application: the only module that knows every feature."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from gateway import errors
from gateway.ballast import Ballast, room
from gateway.clock import Clock, utc_now
from gateway.db import connect
from gateway.db.pool import opened
from gateway.health.access import Observed
from gateway.health.api import probes
from gateway.health.api import router as health
from gateway.ingest.api import router as ingest
from gateway.keys import Keyring
from gateway.notify.api import router as notify
from gateway.notify.stream import opened_streams
from gateway.oauth.api import router as oauth
from gateway.oauth.grant_management import router as grants
from gateway.oauth.reads import Used
from gateway.oauth.token_endpoint import router as tokens
from gateway.portal.api import install as portal_errors
from gateway.portal.api import router as portal
from gateway.pull.api import PATH as EVIDENCE
from gateway.pull.api import prepare, pull_evidence
from gateway.pull.api import router as pull
from gateway.pull.attestations import router as attestations
from gateway.pull.description import PATH_ITEM
from gateway.pull.history import router as history
from gateway.pull.proofs import router as proofs
from gateway.settings import Settings
from gateway.verifier.api import router as verifier

SCHEMES = {
    "dpop": {"type": "http", "scheme": "DPoP", "description": "An access token and a proof by its key (RFC 9449)."},
    "session": {"type": "apiKey", "in": "cookie", "name": "__Host-tidegate_session"},
}
SECURED = {"grants": "dpop", "ingest": "dpop", "pull": "dpop", "notify": "dpop", "portal": "session"}
"""How callers of a feature's routes authenticate."""
OPEN = re.compile(r"/callbacks/.*|/portal/(sign-in|enrol/.*|assets/.*|requests/\{request_id\})")
"""Paths where other things count: a signature, an invitation, a link."""
ROUTERS = (pull, tokens, history, oauth, grants, ingest, notify, proofs, attestations, portal, health, verifier)


def create_app(
    settings: Settings,
    *,
    keyring: Keyring,
    database_url: str,
    clock: Clock = utc_now,
    ballast: Ballast | None = None,
) -> FastAPI:
    """Return the gateway's ASGI application on the database at `database_url`; `ballast` is on the disk of that."""
    app = FastAPI(
        title="Tidegate",
        dependencies=[Depends(errors.check_path), Depends(room)],
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        responses=errors.documented(errors.NotYetError),
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.keyring = keyring
    app.state.database_url = database_url
    app.state.engine = connect(database_url)
    app.state.clock = clock
    app.state.ballast = ballast
    app.state.probes = probes()
    app.state.leaving = lambda: False  # whoever runs the server knows better
    app.add_middleware(Observed, plain={pull_evidence: EVIDENCE})
    errors.install(app)
    portal_errors(app)
    for router in ROUTERS:
        app.include_router(router)
    app.openapi = _described(app.openapi)  # type: ignore[method-assign]
    return app


def _described(openapi: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Return the OpenAPI document with the one route that FastAPI does not know, and how callers authenticate."""

    def described() -> dict[str, Any]:
        document = openapi()
        document["paths"][EVIDENCE] = PATH_ITEM
        document.setdefault("components", {})["securitySchemes"] = SCHEMES
        for path, item in document["paths"].items():
            for operation in item.values():
                for tag in SECURED.keys() & operation["tags"]:
                    operation["security"] = [] if OPEN.fullmatch(path) else [{SECURED[tag]: []}]
        return document

    return described


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with opened(app.state.database_url) as app.state.pool, opened_streams(app):
        app.state.used = Used(app.state.pool)
        prepare(app)
        yield
    app.state.engine.dispose()


def _operation_id(route: APIRoute) -> str:
    return route.name
