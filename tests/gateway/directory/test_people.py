import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import cbor2
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, select

from gateway.client import passkey
from gateway.client.passkey import Passkey
from gateway.directory import passkeys, people
from gateway.directory.sessions import Ceremony
from gateway.directory.tables import Invitation, Person
from gateway.directory.tables import Passkey as Enrolled
from gateway.errors import ConflictError, GatewayError, InvalidError, NotFoundError, UnauthenticatedError
from gateway.journal.tables import QueuedEntry
from ledger.codec import b64u, unb64u
from ledger.consent_record import credential_commitment
from tests.support import builders
from tests.support.app import ISSUER
from tests.support.builders import NOW, OWNER, SETTINGS

WEEK = timedelta(days=7)
USED = r"^this invitation was used before: sign in, or ask for a new one$"


@pytest.fixture
def invitation(session: Session) -> str:
    builders.owner(session)
    return people.invite(session, OWNER, name="Export desk", authority="Director", now=NOW)


def begun(session: Session, invitation: str) -> Ceremony:
    return people.begin_enrolment(session, SETTINGS, invitation, now=NOW)


def enrol(session: Session, invitation: str, token: str, answer: Any) -> Person:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    return people.enrol(session, SETTINGS, invitation, token=token, answer=text, now=NOW)


def sign_in(session: Session, token: str, answer: Any) -> Person:
    return people.sign_in(session, SETTINGS, token=token, answer=json.dumps(answer), now=NOW)


def test_only_an_owner_has_people(session: Session) -> None:
    builders.bank(session)
    with pytest.raises(NotFoundError, match=r"^no owner 'eastbank' is registered$"):
        people.invite(session, "eastbank", name="Export desk", authority="Director", now=NOW)


@pytest.mark.parametrize("name", ["", "x" * 101, "Export\ndesk", "\x00"])
def test_a_name_that_cannot_be_shown_is_refused(session: Session, name: str) -> None:
    builders.owner(session)
    with pytest.raises(InvalidError, match=r"^authority: expected printable text of 1 to 100 characters$"):
        people.invite(session, OWNER, name="Export desk", authority=name, now=NOW)


def test_the_secret_of_an_invitation_is_not_stored(session: Session, invitation: str) -> None:
    stored = session.exec(select(Invitation)).one()
    assert len(unb64u(invitation)) == 32
    assert invitation not in repr(stored)
    assert people.invitation(session, invitation, now=NOW) == stored


def test_an_unknown_invitation_is_not_found(session: Session) -> None:
    with pytest.raises(NotFoundError, match=r"^there is no such invitation: check the link, or ask for a new one$"):
        people.begin_enrolment(session, SETTINGS, "nope", now=NOW)


def test_an_invitation_lasts_seven_days(session: Session, invitation: str) -> None:
    with pytest.raises(ConflictError, match=r"^this invitation is older than seven days: ask for a new one$"):
        people.begin_enrolment(session, SETTINGS, invitation, now=NOW + WEEK)


def test_the_browser_is_asked_for_a_discoverable_passkey_that_verifies_its_user(
    session: Session, invitation: str
) -> None:
    options = begun(session, invitation).options
    assert json.loads(json.dumps(options)) == {
        "rp": {"name": "Tidegate", "id": "localhost"},
        "user": {"id": options["user"]["id"], "name": "Export desk", "displayName": "Export desk"},
        "challenge": options["challenge"],
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}, {"type": "public-key", "alg": -8}],
        "timeout": 300_000,
        "excludeCredentials": [],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
    }
    assert (len(unb64u(options["user"]["id"])), len(unb64u(options["challenge"]))) == (16, 32)


def test_an_enrolled_passkey_is_kept_and_its_commitment_queued(session: Session, invitation: str) -> None:
    ceremony = begun(session, invitation)
    person = enrol(session, invitation, ceremony.token, Passkey().create(ceremony.options, ISSUER))
    assert (person.id, person.participant_id, person.name, person.authority) == (
        ceremony.options["user"]["id"],
        OWNER,
        "Export desk",
        "Director",
    )
    (kept,) = passkeys.passkeys_of(session, person.id)
    assert kept.commitment == credential_commitment(owner=OWNER, public_key=kept.public_key, salt=kept.salt)
    entry = session.exec(select(QueuedEntry)).one()
    committed = b64u(kept.commitment)
    assert (entry.type, entry.body, entry.subject) == (
        "owner.credential_added",
        {"commitment": committed},
        committed,
    )


def test_an_invitation_is_used_once(session: Session, invitation: str) -> None:
    first, second = (begun(session, invitation) for _ in range(2))
    enrol(session, invitation, first.token, Passkey().create(first.options, ISSUER))
    with pytest.raises(ConflictError, match=USED):
        enrol(session, invitation, second.token, Passkey().create(second.options, ISSUER))
    with pytest.raises(ConflictError, match=USED):
        people.begin_enrolment(session, SETTINGS, invitation, now=NOW)


def at_once(engine: Engine, tasks: list[Callable[[Session], object]]) -> list[object]:
    def run(task: Callable[[Session], object]) -> object:
        with Session(engine) as own:
            try:
                task(own)
            except GatewayError as error:
                return type(error)
            own.commit()
        return None

    with ThreadPoolExecutor(len(tasks)) as threads:
        return list(threads.map(run, tasks))


def test_of_many_who_hold_one_invitation_one_gets_in(session: Session, engine: Engine, invitation: str) -> None:
    ceremonies = [begun(session, invitation) for _ in range(20)]
    session.commit()

    def task(ceremony: Ceremony) -> Callable[[Session], object]:
        answer = Passkey().create(ceremony.options, ISSUER)
        return lambda own: enrol(own, invitation, ceremony.token, answer)

    outcomes = at_once(engine, [task(ceremony) for ceremony in ceremonies])
    assert outcomes.count(None) == 1
    assert outcomes.count(ConflictError) == 19
    assert len(session.exec(select(Person)).all()) == 1
    assert len(session.exec(select(Enrolled)).all()) == 1


def test_a_browser_without_the_ceremonys_token_cannot_finish_it(session: Session, invitation: str) -> None:
    ceremony = begun(session, invitation)
    with pytest.raises(UnauthenticatedError, match=r"^this took longer than five minutes"):
        enrol(session, invitation, "other", Passkey().create(ceremony.options, ISSUER))


def test_a_passkey_over_another_challenge_is_refused(session: Session, invitation: str) -> None:
    ceremony = begun(session, invitation)
    answer = Passkey().create({**ceremony.options, "challenge": b64u(bytes(32))}, ISSUER)
    message = r"^the passkey's answer does not hold: Client data challenge was not expected challenge$"
    with pytest.raises(UnauthenticatedError, match=message):
        enrol(session, invitation, ceremony.token, answer)


def test_a_passkey_that_does_not_verify_its_user_is_refused(
    session: Session, invitation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passkey, "USER_VERIFIED", 0)
    ceremony = begun(session, invitation)
    answer = Passkey().create(ceremony.options, ISSUER)
    message = (
        r"^the passkey's answer does not hold: "
        r"User verification is required but user was not verified during attestation$"
    )
    with pytest.raises(UnauthenticatedError, match=message):
        enrol(session, invitation, ceremony.token, answer)


def test_an_algorithm_that_nobody_offered_is_refused(session: Session, invitation: str) -> None:
    ceremony = begun(session, invitation)
    answer = Passkey().create(ceremony.options, ISSUER)
    attestation = cbor2.loads(unb64u(answer["response"]["attestationObject"]))
    attestation["authData"] = attestation["authData"].replace(b"\x03\x26", b"\x03\x38\x22")  # ES256 becomes ES384
    answer["response"]["attestationObject"] = b64u(cbor2.dumps(attestation))
    with pytest.raises(
        UnauthenticatedError, match=r"^the passkey\'s answer does not hold: Unsupported credential public"
    ):
        enrol(session, invitation, ceremony.token, answer)


@pytest.mark.parametrize("answer", ["", "{}", "[]", '{"response": {}}', "[" * 5000, "\ud800"], ids=repr)
def test_a_hostile_answer_is_refused_and_never_crashes(session: Session, invitation: str, answer: str) -> None:
    ceremony = begun(session, invitation)
    with pytest.raises((InvalidError, UnauthenticatedError)):
        enrol(session, invitation, ceremony.token, answer)


def test_a_passkey_belongs_to_one_person(session: Session, invitation: str) -> None:
    second = people.invite(session, OWNER, name="Import desk", authority="Manager", now=NOW)
    ceremony, again = begun(session, invitation), begun(session, second)
    device = Passkey()
    enrol(session, invitation, ceremony.token, device.create(ceremony.options, ISSUER))
    copy = Passkey()
    answer = copy.create(again.options, ISSUER)
    session.add(
        Enrolled(
            credential_id=unb64u(answer["id"]),
            person_id=ceremony.options["user"]["id"],
            public_key=b"",
            sign_count=0,
            salt=b"",
            commitment=b"",
            created_at=NOW,
        )
    )
    session.flush()
    with pytest.raises(ConflictError, match=r"^this passkey is enrolled already: sign in with it$"):
        enrol(session, second, again.token, answer)


def test_whoever_holds_the_passkey_signs_in(session: Session) -> None:
    builders.owner(session)
    enrolled = builders.enrolled(session)
    ceremony = people.begin_sign_in(session, SETTINGS, now=NOW)
    assert json.loads(json.dumps(ceremony.options)) == {
        "challenge": ceremony.options["challenge"],
        "timeout": 300_000,
        "rpId": "localhost",
        "allowCredentials": [],
        "userVerification": "required",
    }
    answer = enrolled.passkey.get(ceremony.options, ISSUER)
    assert sign_in(session, ceremony.token, answer) == enrolled.person
    (kept,) = passkeys.passkeys_of(session, enrolled.person.id)
    assert kept.sign_count == 1


def test_an_answer_signs_in_once(session: Session) -> None:
    builders.owner(session)
    enrolled = builders.enrolled(session)
    ceremony = people.begin_sign_in(session, SETTINGS, now=NOW)
    answer = enrolled.passkey.get(ceremony.options, ISSUER)
    sign_in(session, ceremony.token, answer)
    with pytest.raises(UnauthenticatedError, match=r"answered before: start again$"):
        sign_in(session, ceremony.token, answer)


def test_a_passkey_without_a_counter_signs_in_again_and_again(session: Session) -> None:
    builders.owner(session)
    enrolled = builders.enrolled(session)
    for _ in range(2):
        enrolled.passkey._credentials[0].uses = -1  # counted up to 0, as synchronised passkeys always say
        ceremony = people.begin_sign_in(session, SETTINGS, now=NOW)
        sign_in(session, ceremony.token, enrolled.passkey.get(ceremony.options, ISSUER))
    (kept,) = passkeys.passkeys_of(session, enrolled.person.id)
    assert kept.sign_count == 0


def test_a_page_on_another_host_cannot_lead_to_a_sign_in(session: Session) -> None:
    builders.owner(session)
    enrolled = builders.enrolled(session)
    ceremony = people.begin_sign_in(session, SETTINGS, now=NOW)
    with pytest.raises(
        passkey.PasskeyError, match=r"^a page of https://evil.example may not use passkeys of localhost$"
    ):
        enrolled.passkey.get(ceremony.options, "https://evil.example")
