"""Each OpenAPI document holds: whatever it describes is answered as it says, to whoever it is for, and never by 5xx."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.path import WholePath, whole_path
from tests.support.roles import ROLES, Call, Client

DOCUMENTS = Path(__file__).parents[2] / "openapi"
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
QUICK = settings(
    max_examples=10,
    stateful_step_count=6,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
NOT_FOR = {
    "bank": {"GET /events/stream"},
    "provider": {"POST /oauth/par", "GET /oauth/authorize", "POST /callbacks/{connector}/{subscription_id}"},
    "owner": set[str](),
}
"""What never succeeds in a role: a provider asks nobody for consent; a stream has no end, and is read elsewhere."""


@pytest.fixture
def path(database_url: str, tmp_path: Path) -> Iterator[WholePath]:
    with whole_path(database_url, tmp_path) as path:
        yield path


def schema(name: str) -> Any:
    return schemathesis.openapi.from_dict(json.loads((DOCUMENTS / f"{name}.json").read_text()))


def statuses(operation: Any, call: Call) -> set[int]:
    """Call an operation in many ways, and return the statuses that came, each of them documented."""
    seen: set[int] = set()

    @QUICK
    @given(case=operation.as_strategy())
    def holds(case: Any) -> None:
        response = call(case)
        seen.add(int(response.status_code))
        case.validate_response(response, checks=CHECKS)

    holds()
    return seen


@pytest.mark.parametrize("name", ROLES)
def test_what_a_document_describes_is_answered_as_it_says(path: WholePath, name: str) -> None:
    call = ROLES[name](path)
    never: set[str] = set()
    for result in schema(name).get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if min(statuses(operation, call)) >= httpx2.codes.BAD_REQUEST:
            never.add(operation.label)
    assert never == NOT_FOR[name]


@pytest.mark.parametrize("name", ROLES)
def test_what_leads_on_from_an_answer_is_answered_as_it_says(path: WholePath, name: str) -> None:
    own = ROLES[name](path)
    machine: Any = schema(name).as_state_machine()
    followed: set[str] = set()

    class Linked(machine):  # type: ignore[misc]
        def setup(self) -> None:
            super().setup()
            if isinstance(own, Client):
                own.begin()

        def call(self, case: Any, **_: Any) -> Any:
            return Response.from_any(own(case))

        def validate_response(self, response: Any, case: Any, **_: Any) -> None:
            followed.add(case.operation.label)
            case.validate_response(response, checks=CHECKS)

    with suppress(
        FlakyStrategyDefinition
    ):  # what was made before is there: Hypothesis may find another way on, and stops
        Linked.run(settings=QUICK)
    assert followed
