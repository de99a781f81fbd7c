"""Two people approve: what the first signed waits for the second, on a real database."""

import copy
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

import schemas
from gateway.consent import approvals, lifecycle, signing, store, two_people
from gateway.consent.narrowing import Choice, narrow
from gateway.consent.tables import Consent, ConsentVersion, PendingApproval
from gateway.directory.participants import require_people
from gateway.errors import ConflictError, ForbiddenError, GatewayError, NotFoundError, UnauthenticatedError
from gateway.journal.tables import Happening, QueuedEntry
from ledger import history
from ledger.codec import canonical
from ledger.consent_record import verify_assertion
from ledger.errors import VerificationError
from tests.support import builders
from tests.support.builders import BANK, NOW, OWNER, SETTINGS, Enrolled
from tests.support.cli import tidegate

AT_ONCE = 100
LATER = NOW + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Office:
    """An owner of which two people must approve, and a third who may as well."""

    maker: Enrolled
    checker: Enrolled
    third: Enrolled


@pytest.fixture
def office(session: Session) -> Office:
    builders.carrier(session)
    builders.owner(session, people_required=2)
    builders.bank(session)
    builders.link(session)
    found = Office(*(builders.enrolled(session, name=name) for name in ("Clerk", "Manager", "Director")))
    session.commit()
    return found


def waiting(session: Session, consent: Consent) -> PendingApproval:
    found = approvals.find(session, consent, now=NOW)
    assert found is not None
    return found


def checked(session: Session, consent: Consent, by: Enrolled, now: Any = LATER) -> Consent:
    left = waiting(session, consent)
    answer = by.signs(approvals.signing_options(session, SETTINGS, left, by.person))
    return approvals.check(session, SETTINGS, consent.id, left.draft_id, person=by.person, answer=answer, now=now)


def records(session: Session) -> list[dict[str, Any]]:
    return [each.record for each in session.exec(select(ConsentVersion).order_by(col(ConsentVersion.version)))]


def test_what_one_of_two_signed_gives_nothing_and_waits(session: Session, office: Office) -> None:
    consent = builders.approved(session, builders.requested(session), office.maker)
    assert (consent.state, consent.version, records(session)) == ("requested", 0, [])
    left = waiting(session, consent)
    assert (left.maker_id, left.signed_at, left.expires_at) == (office.maker.person.id, NOW, consent.expires_at)
    assert [each.type for each in session.exec(select(QueuedEntry)) if each.type.startswith("consent.")] == []
    assert [(each, of.id) for each, of in approvals.of_owner(session, OWNER, now=NOW)] == [(left, consent.id)]


def test_the_second_signature_gives_the_consent_as_the_first_left_it(session: Session, office: Office) -> None:
    consent = builders.requested(session)
    agreed = narrow(builders.terms(), Choice(products=("transport_event",), maximum_pulls=7))
    builders.approved(session, consent, office.maker, agreed=agreed)
    checked(session, consent, office.checker)
    assert (consent.state, consent.version, consent.granted_at, consent.maximum_pulls) == ("active", 1, LATER, 7)
    (record,) = records(session)
    verify_assertion(record)
    jsonschema.validate(record, json.loads((Path(schemas.__file__).parent / "consent_record" / "1.json").read_text()))
    assert record["parties"]["people_required"] == 2
    assert [each["id"] for each in record["parties"]["people"]] == [office.maker.person.id]
    assert record["proof"]["checker"]["person"] == {
        "id": office.checker.person.id,
        "authority": "Director",
        "method": "passkey, user verified",
    }
    assert record["data"]["products"] == ["transport_event"]
    assert [(each["event"], each["actor"]) for each in record["events"]] == [
        ("requested", BANK),
        ("given", office.checker.person.id),
    ]
    assert approvals.of_owner(session, OWNER, now=NOW) == []
    told = session.exec(select(Happening).where(Happening.subject == consent.id).order_by(col(Happening.id))).all()
    assert [each.type for each in told] == ["consent.requested", "consent.given"]


def test_who_signed_first_does_not_sign_second(session: Session, office: Office) -> None:
    consent = builders.approved(session, builders.requested(session), office.maker)
    with pytest.raises(ForbiddenError, match=f"^{two_people.OWN}$"):
        checked(session, consent, office.maker)
    left = waiting(session, consent)
    answer = office.maker.signs(approvals.signing_options(session, SETTINGS, left, office.maker.person))
    with pytest.raises(ForbiddenError, match=r"^this passkey is another person's$"):
        approvals.check(
            session, SETTINGS, consent.id, left.draft_id, person=office.checker.person, answer=answer, now=NOW
        )
    assert records(session) == []


def test_a_person_of_another_owner_finds_nothing(session: Session, office: Office) -> None:
    consent = builders.approved(session, builders.requested(session), office.maker)
    builders.owner(session, "other-trading", br_number="87654321")
    stranger = builders.enrolled(session, "other-trading")
    with pytest.raises(NotFoundError, match=rf"^no consent '{consent.id}'$"):
        checked(session, consent, stranger)


def test_a_checker_signs_what_the_maker_signed_and_nothing_else(session: Session, office: Office) -> None:
    consent = builders.approved(session, builders.requested(session), office.maker)
    left = waiting(session, consent)
    options = {**approvals.signing_options(session, SETTINGS, left, office.checker.person), "challenge": "AAAA"}
    with pytest.raises(UnauthenticatedError, match=r"Client data challenge was not expected challenge$"):
        approvals.check(
            session,
            SETTINGS,
            consent.id,
            left.draft_id,
            person=office.checker.person,
            answer=office.checker.signs(options),
            now=NOW,
        )


def test_another_draft_that_is_signed_takes_the_place_of_the_first(session: Session, office: Office) -> None:
    consent = builders.approved(session, builders.requested(session), office.maker)
    first = waiting(session, consent).draft_id
    builders.approved(session, consent, office.checker, agreed=builders.terms(maximum_pulls=3))
    assert waiting(session, consent).maker_id == office.checker.person.id
    with pytest.raises(ConflictError, match=f"^{two_people.REPLACED}$"):
        approvals.check(session, SETTINGS, consent.id, first, person=office.third.person, answer="{}", now=NOW)
    checked(session, consent, office.maker)
    assert consent.maximum_pulls == 3


def test_what_waits_lapses_with_the_request(session: Session, office: Office) -> None:
    consent = builders.approved(session, builders.requested(session), office.maker)
    late = NOW + timedelta(days=14)
    with pytest.raises(ConflictError, match=f"^{two_people.GONE}$"):
        checked(session, consent, office.checker, now=late)
    assert approvals.of_owner(session, OWNER, now=late) == []
    lifecycle.end_due(session, gateway_id="tidegate", now=late)
    assert (consent.state, session.exec(select(PendingApproval)).all()) == ("expired", [])


def test_a_checker_refuses_what_the_maker_signed(session: Session, office: Office) -> None:
    consent = builders.approved(session, builders.requested(session), office.maker)
    draft = waiting(session, consent).draft_id
    approvals.refuse(session, consent.id, draft, person=office.checker.person, now=NOW)
    assert (consent.state, consent.reason) == ("refused", "refused by the owner")
    with pytest.raises(ConflictError, match=f"^{two_people.GONE}$"):
        approvals.check(session, SETTINGS, consent.id, draft, person=office.checker.person, answer="{}", now=NOW)


def test_an_amendment_waits_too_and_refusing_it_leaves_what_was_agreed(session: Session, office: Office) -> None:
    consent = builders.approved(session, builders.requested(session), office.maker)
    checked(session, consent, office.checker)
    less = builders.terms(maximum_pulls=5)
    builders.approved(session, consent, office.checker, agreed=less, now=LATER)
    assert (consent.state, consent.version, consent.maximum_pulls) == ("active", 1, 500)
    draft = waiting(session, consent).draft_id
    approvals.refuse(session, consent.id, draft, person=office.maker.person, now=LATER)
    assert (consent.state, consent.version) == ("active", 1)
    builders.approved(session, consent, office.checker, agreed=less, now=LATER)
    checked(session, consent, office.maker)
    assert (consent.state, consent.version, consent.maximum_pulls) == ("active", 2, 5)
    for record in records(session):
        verify_assertion(record)


def test_a_pause_ends_what_waits_for_it_was_signed_about_the_record_before(session: Session, office: Office) -> None:
    consent = builders.approved(session, builders.requested(session), office.maker)
    checked(session, consent, office.checker)
    builders.approved(session, consent, office.maker, agreed=builders.terms(maximum_pulls=5), now=LATER)
    lifecycle.pause(session, consent.id, person=office.third.person, now=LATER)
    assert approvals.of_owner(session, OWNER, now=LATER) == []


def test_a_draft_for_one_is_not_signed_once_two_must(session: Session, office: Office) -> None:
    require_people(session, OWNER, 1)
    kept = builders.drafted(session, builders.requested(session), office.maker)
    require_people(session, OWNER, 2)
    session.flush()
    answer = office.maker.signs(signing.signing_options(session, SETTINGS, kept))
    with pytest.raises(ConflictError, match=f"^{two_people.CHANGED}$"):
        signing.grant(session, SETTINGS, kept.id, person=office.maker.person, answer=answer, now=NOW)


def test_of_a_hundred_checkers_at_once_one_gives_the_consent(session: Session, engine: Engine, office: Office) -> None:
    consent = builders.approved(session, builders.requested(session), office.maker)
    left = waiting(session, consent)
    consent_id, draft_id = consent.id, left.draft_id
    answers = [
        (each.person, each.signs(approvals.signing_options(session, SETTINGS, left, each.person)))
        for each in (office.checker, office.third)
    ]
    session.commit()
    for person, _ in answers:
        session.refresh(person)
        session.expunge(person)

    def check(number: int) -> object:
        person, answer = answers[number % 2]
        with Session(engine) as own:
            try:
                approvals.check(own, SETTINGS, consent_id, draft_id, person=person, answer=answer, now=LATER)
            except GatewayError as error:
                return type(error)
            own.commit()
        return None

    with ThreadPoolExecutor(AT_ONCE) as threads:
        outcomes = list(threads.map(check, range(AT_ONCE)))
    assert outcomes.count(None) == 1
    assert outcomes.count(ConflictError) == AT_ONCE - 1
    session.refresh(consent)
    assert (consent.state, consent.version, len(records(session))) == ("active", 1, 1)


Bend = Callable[[dict[str, Any]], None]


def _without_the_checker(found: dict[str, Any]) -> None:
    for item in found["records"]:
        del item["record"]["proof"]["checker"]


def _checker_of_another_time(found: dict[str, Any]) -> None:
    first, second = (item["record"]["proof"] for item in found["records"])
    second["checker"]["assertion"] = first["checker"]["assertion"]


@pytest.fixture
def lived(session: Session, office: Office) -> bytes:
    """Return the history of a consent that two people gave, and amended."""
    consent = builders.approved(session, builders.requested(session), office.maker)
    checked(session, consent, office.checker)
    builders.approved(session, consent, office.checker, agreed=builders.terms(maximum_pulls=5), now=LATER)
    checked(session, consent, office.maker)
    return store.history(session, consent)


def test_a_history_verifies_both_signatures_of_each_version(lived: bytes) -> None:
    told = history.verify(lived)
    assert [(each.version, each.event, each.people) for each in told.changes] == [(1, "given", 2), (2, "amended", 2)]


def test_the_command_line_says_that_two_people_signed(
    lived: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "history.json").write_bytes(lived)
    tidegate("verify", tmp_path / "history.json", code=0)
    assert capsys.readouterr().out.splitlines()[1:] == [
        "  2026-11-25T09:00:00Z given, version 1, signed by two people",
        "  2026-11-25T09:00:00Z amended, version 2, signed by two people",
    ]


@pytest.mark.parametrize("bend", [_without_the_checker, _checker_of_another_time])
def test_a_history_without_the_second_signature_fails_at_the_signatures(lived: bytes, bend: Bend) -> None:
    found = copy.deepcopy(json.loads(lived))
    bend(found)
    with pytest.raises(VerificationError) as refused:
        history.verify(canonical(found))
    assert refused.value.step == 3, refused.value.message
