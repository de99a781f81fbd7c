"""Each OpenAPI document holds: whatever it describes is answered as it says, to whoever it is for, and never by 5xx."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.path import WholePath, whole_path
from tests.support.roles import ROLES

DOCUMENTS = Path(__file__).parents[2] / "openapi"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
QUICK = settings(
    max_examples=25,
    stateful_step_count=6,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
NOT_FOR = {"bank": set[str](), "provider": {"POST /oauth/par", "GET /oauth/authorize"}, "owner": set[str]()}
"""What never succeeds in a role: a provider asks nobody for consent, and so leads nobody to a page."""
LED_TO = {
    "bank": {"GET /oauth/authorize"},
    "provider": {"GET /records", "GET /links", "POST /ingest/{connector}"},
    "owner": {
        "GET /portal/consents/{consent_id}/stop",
        "POST /portal/consents/{consent_id}/stop",
        "POST /portal/requests/{request_id}/review",
        "POST /portal/requests/{request_id}/refuse",
        "POST /portal/enrol/{invitation}",
        "GET /portal/links",
    },
}
"""What the links of answers lead to."""


@pytest.fixture
def path(database_url: str, tmp_path: Path) -> Iterator[WholePath]:
    with whole_path(database_url, tmp_path) as path:
        yield path


def schema(name: str) -> Any:
    return schemathesis.openapi.from_dict(json.loads((DOCUMENTS / f"{name}.json").read_text()))


@pytest.mark.parametrize("name", ROLES)
def test_what_a_document_describes_is_answered_as_it_says(path: WholePath, name: str) -> None:
    call = ROLES[name](path)
    seen: dict[str, set[int]] = {}
    for result in schema(name).get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        statuses = seen.setdefault(operation.label, set())

        @QUICK
        @given(case=operation.as_strategy())
        def holds(case: Any, statuses: set[int] = statuses) -> None:
            response = call(case)
            statuses.add(int(response.status_code))
            case.validate_response(response, checks=CHECKS)

        holds()
    assert {label for label, statuses in seen.items() if min(statuses) >= httpx2.codes.BAD_REQUEST} == NOT_FOR[name]


@pytest.mark.parametrize("name", ROLES)
def test_what_leads_on_from_an_answer_is_answered_as_it_says(path: WholePath, name: str) -> None:
    own = ROLES[name](path)
    machine: Any = schema(name).as_state_machine()
    followed: set[str] = set()

    class Linked(machine):  # type: ignore[misc]
        def call(self, case: Any, **_: Any) -> Any:
            return Response.from_any(own(case))

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            followed.add(case.operation.label)
            case.validate_response(response, checks=CHECKS)

    Linked.run(settings=QUICK)
    assert followed >= LED_TO[name]
