"""The story: a bank attests that it deleted what it pulled, or which law makes it keep that; anybody checks it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from sqlalchemy import update
from sqlmodel import Session, col, select

from gateway.client import attesting as signing
from gateway.client.attesting import Deleted, Pulled, RetainedUnder
from gateway.client.errors import ProblemError
from gateway.client.identity import Identity, new_key, public_jwk
from gateway.deletion.tables import Attestation
from gateway.directory.tables import Participant
from gateway.journal.tables import Leaf
from ledger import attestation
from ledger.attestation import TYP
from ledger.codec import canonical
from ledger.errors import VerificationError
from ledger.verify.attestations import STEPS, verify
from ledger.verify.parse import format_of
from tests.support.app import ISSUER
from tests.support.browser import Visitor
from tests.support.builders import BANK, OWNER, Party
from tests.support.cli import tidegate
from tests.support.database import database
from tests.support.messages import transport_document
from tests.support.path import WholePath, whole_path

LAW = "Cap. 615, Schedule 2, section 20"
MINUTE = timedelta(minutes=1)


@dataclass
class Pulling:
    """A consent under which a bank pulled something, at `pulled_at`; nothing is attested of it yet."""

    path: WholePath
    consent: str
    pulled_at: datetime

    def said(self, **members: Any) -> dict[str, Any]:
        """Return what the bank may truly say at this moment, with `members` in place of the usual ones."""
        now = self.path.gateway.clock()
        usual = {
            "iss": BANK,
            "aud": ISSUER,
            "iat": int(now.timestamp()),
            "jti": "AAAAAAAAAAAAAAAAAAAAAA",
            "consent": self.consent,
            "version": 1,
            "pulled_until": instant(now),
            "deleted_at": instant(now),
        }
        return {name: value for name, value in {**usual, **members}.items() if value is not None}

    def signed(self, **members: Any) -> str:
        return self.identity.sign(self.said(**members), typ=TYP)

    def kept(self, law: Any = LAW, until: Any = None, **members: Any) -> str:
        """Return the bank's word that a law makes it keep what it pulled."""
        until = until or instant(self.path.gateway.clock() + timedelta(days=400))
        return self.signed(deleted_at=None, retained_under={"law": law, "until": until}, **members)

    @property
    def identity(self) -> Identity:
        return self.path.connection(self.path.bank).identity

    def post(self, text: str, party: Party | None = None) -> Any:
        connection = self.path.connection(party or self.path.bank)
        response = connection.call(
            "POST",
            f"/consents/{self.consent}/attestations",
            token=connection.own_token("events"),
            content=json.dumps({"attestation": text}).encode(),
            headers={"Content-Type": "application/json"},
        )
        return response.status_code, response.json()

    def refused(self, text: str, party: Party | None = None) -> ProblemError:
        with pytest.raises(ProblemError) as error:
            self.post(text, party)
        return error.value

    def rows(self) -> int:
        with Session(self.path.gateway.app.state.engine) as session:
            return len(session.exec(select(Attestation)).all()) + len(
                session.exec(select(Leaf).where(Leaf.stream == "attestations")).all()
            )


def instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(scope="module")
def pulling(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulling]:
    with database(cluster_url) as url, whole_path(url, tmp_path_factory.mktemp("pulling")) as path:
        tokens = path.consented()
        path.push("dcsa_ebl", transport_document())
        path.anchor()
        path.as_bank().evidence(tokens)
        pulled_at = path.gateway.clock()
        path.anchor()
        yield Pulling(path, str(tokens.grant_id), pulled_at)


Say = Callable[[Pulling], str]

SIGNED_BY = "must be signed by a registered key with ES256, EdDSA, PS256"
WRONG: dict[str, tuple[Say, Say]] = {
    "no JWS": (lambda _: "hello", lambda _: "422: the attestation cannot be read: JWS has 1 parts, expected 3"),
    "another type": (
        lambda p: p.identity.sign(p.said(), typ="JWT"),
        lambda _: (
            "422: the attestation cannot be read: JWS header has typ 'JWT' and alg 'ES256', "
            "expected typ 'tidegate-deletion+jwt'"
        ),
    ),
    "unsigned": (
        lambda p: p.signed().rpartition(".")[0] + "." + "A" * 86,
        lambda _: "422: the attestation has a signature that does not verify",
    ),
    "another key": (
        lambda p: Identity.of(BANK, new_key()).sign(p.said(), typ=TYP),
        lambda _: f"422: the attestation {SIGNED_BY}",
    ),
    "another bank's key": (
        lambda p: Identity.of(BANK, p.path.other_bank.key).sign(p.said(), typ=TYP),
        lambda _: f"422: the attestation {SIGNED_BY}",
    ),
    "another bank": (
        lambda p: p.signed(iss="westbank"),
        lambda _: "422: iss of the attestation is 'westbank', expected 'eastbank'",
    ),
    "another gateway": (
        lambda p: p.signed(aud="https://gateway.example"),
        lambda _: f"422: aud of the attestation is 'https://gateway.example', expected '{ISSUER}'",
    ),
    "another consent": (
        lambda p: p.signed(consent="A" * 43),
        lambda p: f"422: consent of the attestation is '{'A' * 43}', expected '{p.consent}'",
    ),
    "no such version": (
        lambda p: p.signed(version=2),
        lambda _: "422: the consent has no version 2; its last is 1",
    ),
    "signed tomorrow": (
        lambda p: p.signed(iat=int(p.path.gateway.clock().timestamp()) + 61),
        lambda p: (
            f"422: iat of the attestation, {int(p.path.gateway.clock().timestamp()) + 61}, "
            "lies more than 60 seconds ahead"
        ),
    ),
    "pulled tomorrow": (
        lambda p: p.signed(pulled_until=instant(p.path.gateway.clock() + 2 * MINUTE)),
        lambda p: f"422: pulled_until {instant(p.path.gateway.clock() + 2 * MINUTE)} lies more than 60 seconds ahead",
    ),
    "deleted tomorrow": (
        lambda p: p.signed(deleted_at=instant(p.path.gateway.clock() + 2 * MINUTE)),
        lambda p: f"422: deleted_at {instant(p.path.gateway.clock() + 2 * MINUTE)} lies more than 60 seconds ahead",
    ),
    "deleted before it was pulled": (
        lambda p: p.signed(deleted_at=instant(p.pulled_at - MINUTE)),
        lambda p: (
            f"422: deleted_at {instant(p.pulled_at - MINUTE)} lies before the last pull that it is about, "
            f"at {instant(p.pulled_at)}"
        ),
    ),
    "retained until yesterday": (
        lambda p: p.kept(until=instant(p.path.gateway.clock())),
        lambda p: (
            f"422: retained_under.until {instant(p.path.gateway.clock())}: expected after now, and within 10958 days"
        ),
    ),
    "retained for ever": (
        lambda p: p.kept(until="9999-12-31T23:59:59Z"),
        lambda _: "422: retained_under.until 9999-12-31T23:59:59Z: expected after now, and within 10958 days",
    ),
    "nothing pulled": (
        lambda p: p.signed(pulled_until=instant(p.pulled_at - MINUTE)),
        lambda p: f"409: nothing was pulled under version 1 up to {instant(p.pulled_at - MINUTE)}",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_attestation_is_refused_with_what_was_got_and_expected(pulling: Pulling, wrong: str) -> None:
    pulling.path.catch_up()
    say, expected = WRONG[wrong]
    assert str(pulling.refused(say(pulling))) == expected(pulling)
    assert pulling.rows() == 0


@pytest.mark.parametrize(
    ("members", "pointer", "message"),
    [
        ({"deleted_at": None}, "", "does not satisfy 'oneOf' of the schema"),
        (
            {"retained_under": {"law": LAW, "until": "2030-01-01T00:00:00Z"}},
            "",
            "does not satisfy 'oneOf' of the schema",
        ),
        ({"more": 1}, "", "does not satisfy 'additionalProperties' of the schema"),
        ({"version": 0}, "/version", "does not satisfy 'minimum' of the schema (limit 1)"),
        ({"jti": "short"}, "/jti", "does not satisfy 'pattern' of the schema"),
        ({"deleted_at": "yesterday"}, "/deleted_at", "does not satisfy 'pattern' of the schema"),
        ({"pulled_until": "2026-11-24T09:00:00+08:00"}, "/pulled_until", "does not satisfy 'pattern' of the schema"),
    ],
)
def test_claims_that_are_not_as_the_schema_says_are_told_with_their_place(
    pulling: Pulling, members: dict[str, Any], pointer: str, message: str
) -> None:
    pulling.path.catch_up()
    error = pulling.refused(pulling.signed(**members))
    assert error.document["detail"].startswith("the attestation has ")
    assert any(
        each["pointer"] == pointer and each["message"].startswith(message) for each in error.document["errors"]
    ), error.document["errors"]


@pytest.mark.parametrize("law", ["", "x" * 201, "line\nbreak", "\u202egnol"])
def test_a_law_is_a_short_line_of_text(pulling: Pulling, law: str) -> None:
    pulling.path.catch_up()
    error = pulling.refused(pulling.kept(law=law))
    assert {each["pointer"] for each in error.document["errors"]} == {"/retained_under/law"}


def test_another_bank_finds_no_such_consent(pulling: Pulling) -> None:
    pulling.path.catch_up()
    error = pulling.refused(pulling.signed(), pulling.path.other_bank)
    assert str(error) == f"404: no consent '{pulling.consent}'"
    with pytest.raises(ProblemError, match=rf"^404: no consent '{pulling.consent}'$"):
        pulling.path.as_bank(pulling.path.other_bank).attestations(pulling.consent)


def test_before_anything_is_attested_there_is_no_file(pulling: Pulling) -> None:
    pulling.path.catch_up()
    with pytest.raises(ProblemError, match=rf"^404: nothing is attested of consent '{pulling.consent}'$"):
        pulling.path.as_bank().attestations(pulling.consent)


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
    pulled = Pulled(pulling.consent, 1, path.gateway.clock())
    until = path.gateway.clock() + timedelta(days=400)
    kept = path.as_bank().attest(pulled, RetainedUnder(LAW, until))
    assert (kept["retained_under"], kept["deleted_at"]) == ({"law": LAW, "until": instant(until)}, None)
    path.anchor()
    kept = path.as_bank().attest(pulled, Deleted(path.gateway.clock()))
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


def another(pulling: Pulling) -> Pulling:
    """Return another consent under which the bank has just pulled something."""
    pulling.path.catch_up()
    tokens = pulling.path.consented()
    pulling.path.anchor()
    pulling.path.as_bank().evidence(tokens)
    return Pulling(pulling.path, str(tokens.grant_id), pulling.path.gateway.clock())


def test_a_leaf_in_a_batch_of_something_else_proves_nothing(pulling: Pulling) -> None:
    made = another(pulling)
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
    made = another(pulling)
    monkeypatch.setattr(attestation, "MOST_OF_CONSENT", 1)
    assert made.post(made.kept(jti="CCCCCCCCCCCCCCCCCCCCCA"))[0] == 201
    error = made.refused(made.kept(jti="DDDDDDDDDDDDDDDDDDDDDA"))
    assert str(error) == "409: 1 attestations of the consent are kept already"


def test_a_jti_is_used_once(attested: Attested) -> None:
    made = another(attested.pulling)
    _, said = attestation.read(json.loads(attested.file)["attestations"][0]["attestation"])
    assert str(made.refused(made.signed(jti=said.jti))) == f"409: jti {said.jti!r} is that of another attestation"


def test_a_bank_with_an_rsa_key_attests_too(attested: Attested) -> None:
    """PS256, by a key that is registered beside the first."""
    made = another(attested.pulling)
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
