"""What a bank attests and cannot be so, or is not its word, is refused with what was got and what was expected."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from gateway.client.errors import ProblemError
from gateway.client.identity import Identity, new_key
from ledger.attestation import TYP
from tests.support.app import ISSUER
from tests.support.attesting import LAW, Pulling, instant, pulled
from tests.support.builders import BANK
from tests.support.database import database

MINUTE = timedelta(minutes=1)
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


@pytest.fixture(scope="module")
def pulling(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pulling]:
    with database(cluster_url) as url, pulled(url, tmp_path_factory.mktemp("pulling")) as found:
        yield found


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
