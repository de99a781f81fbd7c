from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from gateway.consent import lifecycle, signing, store
from gateway.consent.tables import Consent, ConsentChange, ConsentVersion
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.journal.tables import QueuedEntry
from ledger.codec import b64u, canonical, unb64u
from ledger.consent_record import check_form, record_commitment, verify_assertion
from tests.support import builders
from tests.support.builders import NOW, SETTINGS, Enrolled

LATER = NOW + timedelta(hours=1)


def queued(session: Session) -> list[QueuedEntry]:
    about_consents = col(QueuedEntry.type).startswith("consent.")
    return list(session.exec(select(QueuedEntry).where(about_consents).order_by(col(QueuedEntry.id))))


@pytest.mark.usefixtures("director")
def test_a_request_waits_for_the_owner_and_is_not_anchored(session: Session) -> None:
    consent = builders.requested(session)
    assert (consent.state, consent.version, consent.owner_id, consent.bank_id) == (
        "requested",
        0,
        builders.OWNER,
        builders.BANK,
    )
    assert len(unb64u(consent.id)) == 32
    assert consent.asked == builders.details()
    assert store.granted(session, consent) is None
    assert store.present_record(session, consent) is None
    assert queued(session) == []


@pytest.mark.usefixtures("director")
def test_a_request_to_nobody_is_refused(session: Session) -> None:
    with pytest.raises(NotFoundError, match=r"^no owner with br_number '87654321' is registered$"):
        builders.requested(session, owner={"scheme": "br_number", "value": "87654321"})


@pytest.mark.usefixtures("director")
def test_only_a_bank_asks(session: Session) -> None:
    with pytest.raises(NotFoundError, match=r"^no bank 'oceanline' is registered$"):
        builders.requested(session, bank_id=builders.CARRIER)


@pytest.mark.usefixtures("director")
@pytest.mark.parametrize("expires_at", ["2026-11-24T09:00:00Z", "2029-11-24T09:00:01Z"])
def test_a_request_ends_in_the_future_but_not_too_far(session: Session, expires_at: str) -> None:
    with pytest.raises(InvalidError, match=rf"^expires_at {expires_at}: expected after now, and within 1096 days$"):
        builders.requested(session, expires_at=expires_at)


def test_refusing_ends_a_request_once_and_is_not_anchored(session: Session, director: Enrolled) -> None:
    consent = builders.requested(session)
    for at in (NOW, LATER):
        lifecycle.refuse(session, consent.id, person=director.person, now=at)
    assert (consent.state, consent.state_since, consent.ended_at) == ("refused", NOW, NOW)
    assert queued(session) == []


def test_a_refused_consent_cannot_be_given_and_says_why(session: Session, director: Enrolled) -> None:
    consent = builders.requested(session)
    lifecycle.refuse(session, consent.id, person=director.person, now=NOW)
    with pytest.raises(ConflictError, match=rf"^consent {consent.id} cannot be given: it is refused$") as refused:
        builders.drafted(session, consent, director)
    assert refused.value.members == {
        "consent": consent.id,
        "version": 0,
        "reason": "refused by the owner",
        "since": "2026-11-24T09:00:00Z",
    }


def test_revoking_takes_effect_at_once_and_keeps_what_was_signed(session: Session, director: Enrolled) -> None:
    consent = builders.approved(session, builders.requested(session), director)
    version = store.granted(session, consent)
    assert version is not None
    lifecycle.revoke(session, consent.id, person=director.person, now=LATER)
    assert (consent.state, consent.state_since, consent.ended_at, consent.version) == ("revoked", LATER, LATER, 1)
    change = session.exec(select(ConsentChange)).one()
    check_form(change.record)
    verify_assertion(change.record)
    assert change.record["status"] == {
        "state": "revoked",
        "reason": "withdrawn by the owner",
        "initiator": builders.OWNER,
        "grant": consent.id,
    }
    assert change.record["events"] == [
        *version.record["events"],
        {"event": "withdrawn", "at": "2026-11-24T10:00:00Z", "actor": director.person.id, "channel": "portal"},
    ]
    assert change.salt != version.salt
    assert change.commitment == record_commitment(change.record, change.salt)
    assert [(entry.type, entry.body) for entry in queued(session)[1:]] == [
        ("consent.revoked", {"consent": consent.id, "version": 1, "commitment": b64u(change.commitment)})
    ]


def test_revoking_twice_changes_nothing(session: Session, director: Enrolled) -> None:
    consent = builders.approved(session, builders.requested(session), director)
    for at in (NOW, LATER):
        lifecycle.revoke(session, consent.id, person=director.person, now=at)
    assert consent.ended_at == NOW
    assert len(queued(session)) == 2


def test_what_was_never_given_cannot_be_revoked(session: Session, director: Enrolled) -> None:
    consent = builders.requested(session)
    with pytest.raises(ConflictError, match=rf"^consent {consent.id} cannot be withdrawn: it is requested$"):
        lifecycle.revoke(session, consent.id, person=director.person, now=NOW)


def test_another_owners_people_find_no_consent(session: Session, director: Enrolled) -> None:
    consent = builders.approved(session, builders.requested(session), director)
    builders.owner(session, "rival-trading", br_number="87654321")
    rival = builders.enrolled(session, "rival-trading")
    for act in (lifecycle.revoke, lifecycle.refuse):
        with pytest.raises(NotFoundError, match=rf"^no consent '{consent.id}'$"):
            act(session, consent.id, person=rival.person, now=NOW)
    with pytest.raises(NotFoundError, match=rf"^no consent '{consent.id}'$"):
        builders.drafted(session, consent, rival)
    assert store.of_owner(session, "rival-trading") == []
    assert store.of_owner(session, builders.OWNER) == [consent]


def test_an_unknown_consent_is_not_found(session: Session) -> None:
    with pytest.raises(NotFoundError, match=r"^no consent 'nope'$"):
        store.locked(session, "nope")


@pytest.mark.parametrize("text", ["\x00", "\ud800", "", "x" * 10_000])
def test_what_is_no_id_is_not_found(session: Session, director: Enrolled, text: str) -> None:
    with pytest.raises(NotFoundError):
        lifecycle.revoke(session, text, person=director.person, now=NOW)
    with pytest.raises(NotFoundError):
        signing.grant(session, SETTINGS, text, person=director.person, answer="{}", now=NOW)


@pytest.mark.usefixtures("director")
def test_a_request_that_nobody_answers_lapses_after_fourteen_days(session: Session) -> None:
    consent = builders.requested(session)
    assert store.standing(consent, now=NOW + timedelta(days=14)).state == "expired"
    lifecycle.end_due(session, gateway_id="tidegate", now=NOW + timedelta(days=14))
    assert (consent.state, consent.reason) == ("expired", "not answered in time")
    assert queued(session) == []


def test_an_expired_consent_is_out_of_force_before_anybody_stores_it(session: Session, director: Enrolled) -> None:
    consent = builders.approved(session, builders.requested(session), director)
    assert consent.state == "active"
    present = store.standing(consent, now=consent.expires_at)
    assert (present.state, present.since) == ("expired", consent.expires_at)
    with pytest.raises(ConflictError, match=r"cannot be withdrawn: it is expired$"):
        lifecycle.revoke(session, consent.id, person=director.person, now=consent.expires_at)


def test_the_end_of_a_consent_is_stored_and_anchored_once(session: Session, director: Enrolled) -> None:
    given = builders.approved(session, builders.requested(session), director)
    waiting = builders.requested(session)
    late = given.expires_at + timedelta(days=1)
    assert lifecycle.end_due(session, gateway_id="tidegate", now=NOW) == 0
    assert lifecycle.end_due(session, gateway_id="tidegate", now=late) == 2
    assert lifecycle.end_due(session, gateway_id="tidegate", now=late) == 0
    assert {given.state, waiting.state} == {"expired"}
    assert given.ended_at == given.expires_at
    change = session.exec(select(ConsentChange)).one()
    assert change.record["status"]["reason"] == "expired at 2027-01-31T00:00:00Z"
    assert [(entry.type, entry.body["reason"]) for entry in queued(session)[1:]] == [("consent.ended", "expired")]


def test_a_consent_whose_pulls_are_used_is_exhausted(session: Session, director: Enrolled) -> None:
    consent = builders.approved(session, builders.requested(session, maximum_pulls=2), director)
    endless = builders.approved(session, builders.requested(session, maximum_pulls=None), director)
    consent.pulls, endless.pulls = 2, 1_000
    assert lifecycle.end_due(session, gateway_id="tidegate", now=LATER) == 1
    assert (consent.state, consent.reason, endless.state) == ("exhausted", "all pulls are used", "active")
    assert queued(session)[-1].body["reason"] == "exhausted"


def test_what_is_stored_gives_the_same_canonical_bytes(session: Session, director: Enrolled) -> None:
    consent = builders.approved(session, builders.requested(session), director)
    version = session.exec(select(ConsentVersion)).one()
    before = canonical(version.record)
    session.commit()
    session.expire_all()
    version = session.exec(select(ConsentVersion)).one()
    assert canonical(version.record) == before
    assert version.commitment == record_commitment(version.record, version.salt)
    assert session.get(Consent, consent.id) == consent


def test_an_owner_pauses_and_resumes_and_each_is_recorded_and_anchored(session: Session, director: Enrolled) -> None:
    consent = builders.approved(session, builders.requested(session), director)
    for _ in range(2):
        lifecycle.pause(session, consent.id, person=director.person, now=LATER)
    assert (consent.state, consent.state_since, consent.reason) == ("paused", LATER, "paused by the owner")
    lifecycle.resume(session, consent.id, person=director.person, now=LATER + timedelta(hours=1))
    assert (consent.state, consent.version, consent.ended_at) == ("active", 1, None)
    changes = session.exec(select(ConsentChange).order_by(col(ConsentChange.number))).all()
    assert [each.event for each in changes] == ["paused", "resumed"]
    assert [each["event"] for each in changes[-1].record["events"]] == ["requested", "given", "paused", "resumed"]
    verify_assertion(changes[-1].record)
    assert [entry.type for entry in queued(session)] == ["consent.granted", "consent.paused", "consent.resumed"]


def test_what_was_stopped_is_neither_paused_nor_resumed(session: Session, director: Enrolled) -> None:
    consent = builders.approved(session, builders.requested(session), director)
    lifecycle.revoke(session, consent.id, person=director.person, now=LATER)
    with pytest.raises(ConflictError, match=rf"^consent {consent.id} cannot be paused: it is revoked$"):
        lifecycle.pause(session, consent.id, person=director.person, now=LATER)
    with pytest.raises(ConflictError, match=rf"^consent {consent.id} cannot be resumed: it is revoked$"):
        lifecycle.resume(session, consent.id, person=director.person, now=LATER)


def test_no_consents_id_looks_like_an_option_of_a_command_line() -> None:
    made = {store.consent_id()[0] for _ in range(2_000)}
    assert "-" not in made
    assert len(made) > 50
