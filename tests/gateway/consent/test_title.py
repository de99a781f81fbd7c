"""Title passes on: what becomes of the consents that name the document, on real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from gateway.consent import lifecycle, restored, store, title
from gateway.consent.details import Identifier
from gateway.consent.rules import Event
from gateway.consent.tables import Consent, ConsentChange, ConsentVersion, TitleChange
from gateway.consent.title_rules import Kind, Title
from gateway.errors import ConflictError, InvalidError
from gateway.journal.tables import Happening, QueuedEntry
from ledger import history
from ledger.codec import b64u
from tests.support import builders
from tests.support.builders import NOW, Enrolled

LATER = NOW + timedelta(hours=1)
BILL = builders.details()["identifiers"][0]
SECOND = {**BILL, "value": "OCL71800001"}


def passes(
    session: Session, document: dict[str, object] = BILL, *, kind: Kind = Kind.TRANSFERRED, at: datetime = LATER
) -> dict[str, Event | None]:
    """Let the carrier report that title passed on."""
    passed = Title(builders.OWNER, Identifier.model_validate(document), kind, at, builders.CARRIER)
    return title.title_changed(session, passed, gateway_id="tidegate", now=LATER)


def given(session: Session, director: Enrolled, answer: str, **members: Any) -> Consent:
    return builders.approved(session, builders.requested(session, on_title_change=answer, **members), director)


def queued(session: Session) -> list[tuple[str, dict[str, object]]]:
    found = session.exec(select(QueuedEntry).where(col(QueuedEntry.type).startswith("consent.")))
    return [(each.type, each.body) for each in found if each.type != "consent.granted"]


def told(session: Session) -> list[tuple[str, dict[str, object]]]:
    found = session.exec(select(Happening).order_by(col(Happening.id)))
    return [(each.type, each.body) for each in found if "title" in each.body]


def test_the_consent_ends_and_says_why_and_its_history_verifies(session: Session, director: Enrolled) -> None:
    consent = given(session, director, "end")
    assert passes(session) == {consent.id: Event.ENDED_BY_TITLE}
    assert (consent.state, consent.state_since, consent.ended_at, consent.version) == ("title", LATER, LATER, 1)
    change = session.exec(select(ConsentChange)).one()
    assert change.record["status"] == {
        "state": "title",
        "reason": "title to a bill of lading that it names was transferred at 2026-11-24T10:00:00Z,"
        " as oceanline reports",
        "initiator": "tidegate",
        "grant": consent.id,
    }
    body = {"consent": consent.id, "version": 1, "commitment": b64u(change.commitment), "reason": "title"}
    assert queued(session) == [("consent.ended", body)]
    event = {"bank": builders.BANK, "version": 1, "title": "transferred"}
    assert told(session) == [("consent.ended_by_title", event)]
    happened = history.verify(store.history(session, consent)).changes
    assert [(each.event, each.state) for each in happened] == [("given", "active"), ("ended_by_title", "title")]
    with pytest.raises(ConflictError, match=r"cannot be resumed: it is ended because title to a bill of lading that"):
        lifecycle.resume(session, consent.id, person=director.person, now=LATER)


def test_the_consent_rests_until_the_owner_resumes_it(session: Session, director: Enrolled) -> None:
    consent = given(session, director, "ask")
    assert passes(session, kind=Kind.SURRENDERED) == {consent.id: Event.PAUSED}
    assert (consent.state, consent.state_since) == ("paused", LATER)
    assert told(session) == [("consent.paused", {"bank": builders.BANK, "version": 1, "title": "surrendered"})]
    lifecycle.resume(session, consent.id, person=director.person, now=LATER)
    assert passes(session, kind=Kind.SURRENDERED) == {}
    assert consent.state == "active"
    assert [kind for kind, _ in queued(session)] == ["consent.paused", "consent.resumed"]
    happened = history.verify(store.history(session, consent)).changes
    assert [each.event for each in happened] == ["given", "paused", "resumed"]


@pytest.mark.parametrize(("answer", "paused"), [("continue", False), ("continue", True), ("ask", True)])
def test_what_stands_as_it_did_is_told_and_nothing_else(
    session: Session, director: Enrolled, answer: str, *, paused: bool
) -> None:
    consent = given(session, director, answer)
    if paused:
        lifecycle.pause(session, consent.id, person=director.person, now=NOW)
    before = (consent.state, consent.state_since, consent.reason, queued(session))
    assert passes(session) == {consent.id: None}
    assert (consent.state, consent.state_since, consent.reason, queued(session)) == before
    assert told(session) == [("consent.title_changed", {"bank": builders.BANK, "version": 1, "title": "transferred"})]


def test_one_of_several_bills_is_enough_and_other_consents_are_left_alone(session: Session, director: Enrolled) -> None:
    several = given(session, director, "end", identifiers=[SECOND, BILL])
    other, untied = (given(session, director, "end", identifiers=named) for named in ([SECOND], ...))
    waiting = builders.requested(session, on_title_change="end")
    rival = builders.owner(session, "rival-trading", br_number="87654321")
    rivals = builders.requested(session, on_title_change="end", owner={"scheme": "br_number", "value": "87654321"})
    builders.approved(session, rivals, builders.enrolled(session, rival.id))
    assert passes(session) == {several.id: Event.ENDED_BY_TITLE}
    assert [each.state for each in (other, untied, waiting, rivals)] == ["active", "active", "requested", "active"]


def test_the_same_event_counts_once_and_another_instant_is_another(session: Session, director: Enrolled) -> None:
    given(session, director, "continue")
    assert [len(passes(session)) for _ in range(2)] == [1, 0]
    assert [len(passes(session, at=LATER + timedelta(seconds=1))) for _ in range(2)] == [1, 0]
    assert len(passes(session, kind=Kind.SURRENDERED)) == 1
    assert len(session.exec(select(TitleChange)).all()) == 3


def test_what_was_noted_before_an_agreement_is_not_told_with_it(session: Session, director: Enrolled) -> None:
    consent = given(session, director, "ask", identifiers=[BILL, SECOND])
    passes(session)
    [noted] = title.changes_of(session, consent, version(session, consent))
    assert (noted.document, noted.kind, noted.at, noted.reporter) == (BILL, "transferred", LATER, builders.CARRIER)
    builders.approved(session, consent, director, now=LATER + timedelta(minutes=1))
    assert (consent.state, consent.version) == ("active", 2)
    assert title.changes_of(session, consent, version(session, consent)) == []


def version(session: Session, consent: Consent) -> ConsentVersion:
    found = store.granted(session, consent)
    assert found is not None
    return found


@pytest.mark.usefixtures("director")
def test_only_a_transport_document_bears_title(session: Session) -> None:
    with pytest.raises(InvalidError, match=r"^a booking bears no title; expected a transport_document$"):
        passes(session, {**BILL, "scheme": "booking"})


def test_a_restored_database_follows_the_ledgers_end_by_title(session: Session, director: Enrolled) -> None:
    consent = given(session, director, "end")
    restored.follow(session, "consent.ended", {"consent": consent.id, "reason": "title"}, LATER)
    assert (consent.state, consent.ended_at) == ("title", LATER)


def test_a_revocation_at_the_same_moment_and_the_same_news_twice_leave_one_end(
    session: Session, engine: Engine, director: Enrolled
) -> None:
    consents = [given(session, director, "end").id for _ in range(6)]
    session.commit()
    session.refresh(director.person)
    session.expunge(director.person)
    start = Barrier(2 + len(consents))

    def report() -> dict[str, Event | None]:
        with Session(engine) as own:
            start.wait()
            ended = passes(own)
            own.commit()
            return ended

    def revoke(consent_id: str) -> bool:
        with Session(engine) as own:
            start.wait()
            try:
                lifecycle.revoke(own, consent_id, person=director.person, now=LATER)
            except ConflictError:
                return False
            own.commit()
            return True

    with ThreadPoolExecutor(2 + len(consents)) as pool:
        reports = [pool.submit(report) for _ in range(2)]
        revoked = [each for each, done in zip(consents, pool.map(revoke, consents), strict=True) if done]
        ended = [each for one in reports for each in one.result()]
    assert sorted(revoked + ended) == sorted(consents)
    session.expire_all()
    assert len(queued(session)) == len(consents)
    for each in consents:
        happened = history.verify(store.history(session, store.locked(session, each))).changes
        assert [one.event for one in happened] == ["given", "withdrawn" if each in revoked else "ended_by_title"]
