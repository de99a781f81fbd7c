"""The story: a bank attests that it deleted what it pulled, or which law makes it keep that; anybody checks it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from sqlalchemy import update
from sqlmodel import Session, col

from gateway.client import attesting as signing
from gateway.client.attesting import Deleted, Pulled, RetainedUnder
from gateway.client.identity import Identity, new_key, public_jwk
from gateway.directory.tables import Participant
from gateway.journal.tables import Leaf
from ledger import attestation
from ledger.attestation import TYP
from ledger.codec import canonical
from ledger.errors import VerificationError
from ledger.verify.attestations import STEPS, verify
from ledger.verify.parse import format_of
from tests.support.app import ISSUER
from tests.support.attesting import LAW, Pulling, instant, pulled
from tests.support.browser import Visitor
from tests.support.builders import BANK, OWNER
from tests.support.cli import tidegate
from tests.support.database import database


@pytest.fixture(scope="module")
def pulling(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulling]:
    with database(cluster_url) as url, pulled(url, tmp_path_factory.mktemp("pulling")) as found:
        yield found


@dataclass
class Attested:
    """A consent of which its bank attested first that a law makes it keep what it pulled, then that it is deleted."""

    pulling: Pulling
    visitor: Visitor
    file: bytes
    trust: bytes


@pytest.fixture(scope="module")
def attested(pulling: Pulling) -> Attested:
    path = pulling.path
    path.catch_up()
    about = Pulled(pulling.consent, 1, path.gateway.clock())
    until = path.gateway.clock() + timedelta(days=400)
    kept = path.as_bank().attest(about, RetainedUnder(LAW, until))
    assert (kept["retained_under"], kept["deleted_at"]) == ({"law": LAW, "until": instant(until)}, None)
    path.anchor()
    kept = path.as_bank().attest(about, Deleted(path.gateway.clock()))
    assert (kept["retained_under"], kept["deleted_at"]) == (None, instant(path.gateway.clock()))
    return Attested(pulling, path.visitor().signed_in(), path.as_bank().attestations(pulling.consent), path.trust())


def test_what_was_attested_is_verified_offline(attested: Attested) -> None:
    assert format_of(attested.file) == attestation.FORMAT
    verdict = verify(attested.file, attested.trust)
    assert verdict.summary == (
        f"OK: 2 attestations of {BANK} about data of {OWNER}, consent {attested.pulling.consent}"
        " (embedded ledger: one operator's word)"
    )
    kept, deleted = verdict.attestations
    assert (kept.law, kept.deleted_at, kept.height is not None) == (LAW, None, True)
    assert (deleted.law, deleted.deleted_at is not None, deleted.height) == (None, True, None)
    assert deleted.key == attested.pulling.identity.kid


def test_the_answer_is_the_gateways_signed_acknowledgement(attested: Attested) -> None:
    _, said = attestation.read_acknowledgement(json.loads(attested.file)["attestations"][0]["acknowledgement"])
    assert (said.sub, said.aud, said.consent) == (OWNER, BANK, attested.pulling.consent)
    assert said.key == {
        name: value
        for name, value in public_jwk(attested.pulling.identity.key).items()
        if name in ("crv", "kty", "x", "y")
    }


def test_the_very_same_again_changes_nothing(attested: Attested) -> None:
    attested.pulling.path.catch_up()
    rows, text = attested.pulling.rows(), json.loads(attested.file)["attestations"][1]["attestation"]
    status, kept = attested.pulling.post(text)
    assert (status, kept["id"]) == (200, attestation.hash_of(text))
    assert attested.pulling.rows() == rows


def test_what_is_deleted_cannot_be_attested_again(attested: Attested) -> None:
    attested.pulling.path.catch_up()
    error = attested.pulling.refused(attested.pulling.kept())
    assert str(error).startswith("409: all that was pulled under version 1 up to ")
    assert error.document["detail"].endswith(" is attested to be deleted")
    assert (error.document["consent"], error.document["version"]) == (attested.pulling.consent, 1)


def test_once_it_is_final_owner_and_bank_can_prove_it_on_the_ledger(attested: Attested) -> None:
    attested.pulling.path.anchor()
    found = attested.pulling.path.as_bank().attestations(attested.pulling.consent)
    owners = attested.visitor.http.get(f"/portal/consents/{attested.pulling.consent}/attestations")
    expected = f'attachment; filename="attestations-{attested.pulling.consent[:8]}.json"'
    assert (owners.content, owners.headers["Content-Disposition"]) == (found, expected)
    assert all(each.height for each in verify(found, attested.trust).attestations)


def acknowledged(attested: Attested, found: dict[str, Any], **members: Any) -> None:
    """Have the gateway sign something else in an acknowledgement."""
    key, each = attested.pulling.path.gateway.keyring.receipts, found["attestations"][0]
    _, said = attestation.read_acknowledgement(each["acknowledgement"])
    each["acknowledgement"] = attestation.acknowledge(replace(said, **members), key=key.private, kid=key.kid)


def _forged(_: Attested, found: dict[str, Any]) -> None:
    each = found["attestations"][0]
    each["acknowledgement"] = each["acknowledgement"][:-4] + "AAAA"


def _another_said(attested: Attested, found: dict[str, Any]) -> None:
    found["attestations"][0]["attestation"] = attested.pulling.signed()


def _another_signs(attested: Attested, found: dict[str, Any]) -> None:
    """Put into the file what another key signed, with an acknowledgement that names the bank's own."""
    text = Identity.of(BANK, new_key()).sign(attested.pulling.said(), typ=TYP)
    found["attestations"][1]["attestation"] = text
    found["attestations"].reverse()
    acknowledged(attested, found, attestation=attestation.hash_of(text))
    found["attestations"].reverse()


@pytest.mark.parametrize(
    ("bend", "step"),
    [
        (lambda _, found: found.update(format="another"), 1),
        (lambda _, found: found["attestations"].clear(), 1),
        (lambda _, found: found["attestations"].pop(0), 1),
        (lambda _, found: found["attestations"][1].update(index=1), 1),
        (lambda _, found: found["anchors"][0]["entry"]["body"].update(size=2), 5),
        (lambda _, found: found["keys"]["proofs"].pop(), 7),
        (_another_said, 9),
        (lambda _, found: found["attestations"][0].update(path=["A" * 43]), 9),
        (lambda attested, found: acknowledged(attested, found, attestation="A" * 43), 10),
        (_forged, 10),
        (lambda attested, found: acknowledged(attested, found, aud="westbank"), 10),
        (lambda attested, found: acknowledged(attested, found, key={"kty": "RSA", "n": "AQAB", "e": "AQAB"}), 11),
        (_another_signs, 11),
    ],
)
def test_attestations_that_are_bent_fail_at_their_step(
    attested: Attested, bend: Callable[[Attested, dict[str, Any]], None], step: int
) -> None:
    found = json.loads(attested.file)
    bend(attested, found)
    with pytest.raises(VerificationError) as error:
        verify(canonical(found), attested.trust)
    assert error.value.step == step, error.value.message


def test_the_command_says_what_was_attested(
    attested: Attested, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, trust = tmp_path / "attestations.json", tmp_path / "trust.json"
    file.write_bytes(attested.file)
    trust.write_bytes(attested.trust)
    tidegate("verify", file, "--trust", trust, "--explain", code=0)
    told = capsys.readouterr().out
    assert told.startswith(f"OK: 2 attestations of {BANK} about data of {OWNER}, consent ")
    assert " 11 the bank's signatures\n" in told
    assert f" under {LAW}, on the ledger at height " in told
    assert f"  That it is so rests on the word of {BANK}: nobody sees what another has deleted.\n" in told
    file.write_bytes(attested.file[:-1] + b" }")
    tidegate("verify", file, "--trust", trust, code=1)
    assert capsys.readouterr().err.startswith(f"NOT VALID at step 1 of {len(STEPS)}: parse strictly: ")


def test_a_leaf_in_a_batch_of_something_else_proves_nothing(pulling: Pulling) -> None:
    made = pulling.another()
    made.post(made.signed(jti="BBBBBBBBBBBBBBBBBBBBBA"))
    with made.path.gateway.app.state.engine.begin() as connection:
        connection.execute(update(Leaf).where(col(Leaf.stream) == "attestations").values(stream="receipts"))
    made.path.anchor()
    with pytest.raises(
        VerificationError, match=r"anchored by batch\.anchor, expected a batch of attestations$"
    ) as error:
        verify(made.path.as_bank().attestations(made.consent), made.path.trust())
    assert error.value.step == 9


def test_a_bank_does_not_attest_without_end(pulling: Pulling, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pulling.another()
    monkeypatch.setattr(attestation, "MOST_OF_CONSENT", 1)
    assert made.post(made.kept(jti="CCCCCCCCCCCCCCCCCCCCCA"))[0] == 201
    error = made.refused(made.kept(jti="DDDDDDDDDDDDDDDDDDDDDA"))
    assert str(error) == "409: 1 attestations of the consent are kept already"


def test_a_jti_is_used_once(attested: Attested) -> None:
    made = attested.pulling.another()
    _, said = attestation.read(json.loads(attested.file)["attestations"][0]["attestation"])
    assert str(made.refused(made.signed(jti=said.jti))) == f"409: jti {said.jti!r} is that of another attestation"


def test_a_bank_with_an_rsa_key_attests_too(attested: Attested) -> None:
    """PS256, by a key that is registered beside the first."""
    made = attested.pulling.another()
    identity = Identity.of(BANK, generate_private_key(65537, 2048))
    with Session(made.path.gateway.app.state.engine) as session:
        bank = session.get_one(Participant, BANK)
        bank.client_jwks = {"keys": [*bank.client_jwks["keys"], public_jwk(identity.key)]}
        session.add(bank)
        session.commit()
    now = made.path.gateway.clock()
    assert made.post(signing.signed(identity, ISSUER, Pulled(made.consent, 1, now), Deleted(now)))[0] == 201
    made.path.anchor()
    (verdict,) = verify(made.path.as_bank().attestations(made.consent), made.path.trust()).attestations
    assert (verdict.key, verdict.height is not None) == (identity.kid, True)
