"""What holds when many pull at once: uses, proofs, revocations."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlmodel import Session, select

from gateway.anchoring.tables import AnchoredLeaf
from gateway.client.connection import Tokens
from gateway.client.errors import ProblemError
from gateway.consent.tables import Consent
from gateway.pull.tables import Receipt
from tests.support.app import ISSUER
from tests.support.messages import event, transport_document
from tests.support.path import WholePath


@pytest.fixture
def shipped(path: WholePath) -> WholePath:
    path.push("dcsa_ebl", transport_document())
    path.push("dcsa_track_trace", [event(str(number)) for number in range(5)])
    path.anchor()
    return path


def ready(path: WholePath, **terms: Any) -> Tokens:
    """Return tokens of a consent that is final, with a nonce of the server at hand."""
    tokens = path.consented(identifiers=..., **terms)
    path.anchor()
    path.connection(path.bank).ask("introspection_endpoint", {"token": "have a nonce"})
    return tokens


def pull(path: WholePath, tokens: Tokens, proof: str | None = None) -> int:
    """Pull once, without a second try; return the status."""
    connection = path.connection(path.bank)
    made = connection.proof_key.proof("POST", f"{ISSUER}/evidence", nonce=connection.nonce, token=tokens.access_token)
    headers = {"Authorization": f"DPoP {tokens.access_token}", "DPoP": proof or made}
    return path.gateway.client.post("/evidence", headers=headers).status_code


def receipts(path: WholePath) -> int:
    with Session(path.gateway.app.state.engine) as session:
        return len(session.exec(select(Receipt)).all())


def test_of_many_pulls_at_once_no_more_than_the_maximum_get_through(shipped: WholePath) -> None:
    tokens = ready(shipped, maximum_pulls=5, frequency=...)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: pull(shipped, tokens), range(40)))
    assert (answers.count(200), answers.count(401)) == (5, 35)
    assert receipts(shipped) == 5
    with Session(shipped.gateway.app.state.engine) as session:
        consent = session.get(Consent, tokens.grant_id)
        assert consent is not None
        assert consent.pulls == 5


def test_of_many_pulls_at_once_no_more_than_the_frequency_get_through(shipped: WholePath) -> None:
    tokens = ready(shipped, frequency={"max": 3, "per": "PT1H"})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: pull(shipped, tokens), range(30)))
    assert (answers.count(200), answers.count(429)) == (3, 27)


def test_one_proof_is_good_for_one_pull(shipped: WholePath) -> None:
    tokens = ready(shipped)
    connection = shipped.connection(shipped.bank)
    proof = connection.proof_key.proof("POST", f"{ISSUER}/evidence", nonce=connection.nonce, token=tokens.access_token)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: pull(shipped, tokens, proof), range(30)))
    assert (answers.count(200), answers.count(401)) == (1, 29)
    assert receipts(shipped) == 1


def test_no_pull_that_starts_after_a_revocation_was_answered_carries_data(shipped: WholePath) -> None:
    tokens = ready(shipped, frequency=...)
    visitor = shipped.visitor().signed_in()
    with ThreadPoolExecutor(8) as pool:
        running = [pool.submit(pull, shipped, tokens) for _ in range(30)]
        visitor.stop(tokens.grant_id or "")
        before = receipts(shipped)
        after = list(pool.map(lambda _: pull(shipped, tokens), range(20)))
        done = [each.result() for each in running]
    assert set(after) == {401}
    assert receipts(shipped) == before == done.count(200)


def test_every_answer_has_its_receipt_and_each_is_anchored(shipped: WholePath) -> None:
    tokens = ready(shipped)
    data = json.loads(shipped.as_bank().evidence(tokens).data)
    with Session(shipped.gateway.app.state.engine) as session:
        (stored,) = session.exec(select(Receipt)).all()
    assert stored.jws == data["receipt"]
    shipped.anchor()
    with Session(shipped.gateway.app.state.engine) as session:
        assert session.get(AnchoredLeaf, stored.jti) is not None


def test_a_consent_for_other_shipments_yields_nothing_of_this_one(shipped: WholePath) -> None:
    other = {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": "OCLN00000000"}
    tokens = shipped.consented(identifiers=[other])
    shipped.anchor()
    assert json.loads(shipped.as_bank().evidence(tokens).data)["records"] == []


def test_data_of_another_date_is_not_in_the_period(shipped: WholePath) -> None:
    tokens = ready(shipped, period={"from": "2025-01-01", "to": "2025-12-31"})
    assert json.loads(shipped.as_bank().evidence(tokens).data)["records"] == []


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (b"{", "the question cannot be read: not JSON: Expecting property name enclosed in double quotes"),
        (b'{"a":1,"a":2}', "the question cannot be read: duplicate member name at member 'a'"),
        (b"[]", "the question must be a JSON object with some of products, identifiers, since, cursor"),
        (b'{"extra":1}', "the question must be a JSON object with some of products, identifiers, since, cursor"),
        (b'{"products":[]}', "products must be a list of 1 to 200"),
        (b'{"products":[1]}', "products must be a list of names"),
        (b'{"identifiers":["x"]}', "identifiers must be a list of {scheme, issuer?, value}"),
        (b'{"since":"yesterday"}', "since must be an instant such as 2026-11-24T09:00:00Z"),
        (b'{"since":"2026-11-24T09:00:00"}', "since must be an instant such as 2026-11-24T09:00:00Z"),
        (b'{"cursor":7}', "cursor must be what Tidegate-Next-Cursor said"),
        (b'{"cursor":"e30.AA"}', "cursor is not one that this gateway gave"),
    ],
)
def test_a_wrong_question_is_answered_with_its_fault(shipped: WholePath, question: bytes, message: str) -> None:
    tokens = ready(shipped)
    with pytest.raises(ProblemError) as refusal:
        shipped.connection(shipped.bank).call(
            "POST",
            "/evidence",
            token=tokens.access_token,
            content=question,
            headers={"Content-Type": "application/json"},
        )
    assert refusal.value.status == 422
    assert refusal.value.detail.startswith(message)


@pytest.mark.parametrize(
    ("content", "kind", "status"), [(b"x" * 70_000, "application/json", 413), (b"a", "text/plain", 415)]
)
def test_a_question_of_the_wrong_size_or_type_is_refused(
    shipped: WholePath, content: bytes, kind: str, status: int
) -> None:
    tokens = ready(shipped)
    with pytest.raises(ProblemError) as refusal:
        shipped.connection(shipped.bank).call(
            "POST", "/evidence", token=tokens.access_token, content=content, headers={"Content-Type": kind}
        )
    assert refusal.value.status == status
