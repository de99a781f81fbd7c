"""A request that is pushed again under its Idempotency-Key."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from sqlmodel import Session, select

from gateway.consent.tables import Consent
from gateway.oauth.tables import PushedRequest
from tests.support import builders
from tests.support.app import ISSUER
from tests.support.attempts import Caller
from tests.support.path import WholePath, whole_path

OTHER = "Idempotency-Key was used for another request: use a new one, or send that request again"
ENDED = "Idempotency-Key was used for a request that has ended: use a new one"


@pytest.fixture
def path(database_url: str, tmp_path: Path) -> Any:
    with whole_path(database_url, tmp_path) as path:
        yield path


@pytest.fixture
def bank(path: WholePath) -> Caller:
    return Caller(path, path.bank)


def pushed(bank: Caller, key: str, **changes: Any) -> httpx2.Response:
    return bank.post("par", bank.pushed(changes), headers=[("Idempotency-Key", key)])


def consents(path: WholePath) -> int:
    with Session(path.gateway.app.state.engine) as session:
        return len(session.exec(select(Consent)).all())


def refused(answer: httpx2.Response, status: int, description: str) -> None:
    expected = (status, {"error": "invalid_request", "error_description": description})
    assert (answer.status_code, answer.json()) == expected


def test_the_same_request_has_one_answer_and_is_one_consent(path: WholePath, bank: Caller) -> None:
    first = pushed(bank, '"8e03978e"')
    path.gateway.clock.turn(timedelta(seconds=9))
    again = pushed(bank, "8e03978e")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {**first.json(), "expires_in": first.json()["expires_in"] - 9}
    assert consents(path) == 1


def test_a_hundred_at_once_are_one_consent(path: WholePath, bank: Caller) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: pushed(bank, "k"), range(100)))
    assert {each.status_code for each in answers} == {201}
    assert len({each.json()["request_uri"] for each in answers}) == 1
    assert consents(path) == 1


@pytest.mark.parametrize(
    "changes", [{"state": "another"}, {"authorization_details": json.dumps([builders.details(data_life="P30D")])}]
)
def test_another_request_under_the_same_key_is_refused(path: WholePath, bank: Caller, changes: dict[str, Any]) -> None:
    assert pushed(bank, "k").status_code == 201
    refused(pushed(bank, "k", **changes), 422, OTHER)
    assert consents(path) == 1


def test_a_key_is_its_clients_own(path: WholePath, bank: Caller) -> None:
    first, other = pushed(bank, "k"), pushed(Caller(path, path.other_bank), "k")
    assert (first.status_code, other.status_code) == (201, 201)
    assert first.json()["request_uri"] != other.json()["request_uri"]
    assert consents(path) == 2


def test_without_a_key_each_request_is_its_own(path: WholePath, bank: Caller) -> None:
    answers = [bank.post("par", bank.pushed()).json()["request_uri"] for _ in range(2)]
    assert len(set(answers)) == 2
    assert consents(path) == 2


def test_a_key_ends_with_its_request(path: WholePath, bank: Caller) -> None:
    uri = pushed(bank, "k").json()["request_uri"]
    query = urlencode({"client_id": path.bank.id, "request_uri": uri})
    path.visitor().signed_in().approve(f"{ISSUER}/oauth/authorize?{query}")
    refused(pushed(bank, "k"), 422, ENDED)
    pushed(bank, "l")
    path.gateway.clock.turn(timedelta(minutes=10))
    refused(pushed(bank, "l"), 422, ENDED)


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "a\tb"])
def test_a_key_that_is_none_is_refused(bank: Caller, key: str) -> None:
    told = "Idempotency-Key must be a string of 1 to 255 printable characters of ASCII"
    refused(pushed(bank, key), 400, told)


def test_the_request_uri_is_kept_as_a_hash_alone(path: WholePath, bank: Caller) -> None:
    uri = pushed(bank, "k").json()["request_uri"]
    with Session(path.gateway.app.state.engine) as session:
        (row,) = session.exec(select(PushedRequest)).all()
    assert uri.rpartition(":")[2] not in str(row.model_dump())
