"""What a bank is told, to whom, in which order, and when no more."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from sqlmodel import Session, select

from gateway.client.errors import OAuthError, ProblemError
from gateway.consent.rules import Event
from gateway.ingest import ownership
from gateway.journal.tables import Happening
from gateway.notify import numbering
from gateway.notify.tables import Event as Row
from gateway.records.references import Reference
from tests.support import builders
from tests.support.messages import BILL, event, transport_document
from tests.support.messages_track_trace_3 import updated
from tests.support.telling import Told
from tests.support.waiting import until


def consented(told: Told, **members: Any) -> str:
    """Return a consent that is final on the ledger."""
    consent = str(told.path.consented(identifiers=..., **members).grant_id)
    told.path.anchor()
    return consent


def last(told: Told) -> int:
    return max((each.number for each in told.all()), default=0)


def test_each_transition_of_a_consent_is_told_in_order(told: Told) -> None:
    consent = consented(told)
    for happens in (Event.PAUSED, Event.RESUMED, Event.WITHDRAWN):
        told.owner_does(happens, consent)
    found = told.all()
    assert [(each.number, each.type, each.version) for each in found] == [
        (1, "consent.requested", 0),
        (2, "consent.given", 1),
        (3, "consent.paused", 1),
        (4, "consent.resumed", 1),
        (5, "consent.withdrawn", 1),
    ]
    assert {each.consent for each in found} == {consent}
    assert {str(each.data) for each in found} == {"{}"}
    assert len({each.id for each in found}) == 5


def test_what_the_owner_refuses_and_what_time_ends_is_told(told: Told) -> None:
    told.path.visitor().signed_in().refuse(told.path.ask().url)
    consented(told)
    told.path.gateway.clock.turn(timedelta(days=61))
    told.end_due()
    with Session(told.engine) as session:
        told.number()
        rows = session.exec(select(Row).order_by(Row.number)).all()  # type: ignore[arg-type]  # a column
    assert [row.type for row in rows] == [
        "consent.requested",
        "consent.refused",
        "consent.requested",
        "consent.given",
        "consent.expired",
    ]


def test_a_bank_is_told_of_its_own_consents_alone(told: Told) -> None:
    consented(told)
    assert told.all(party=told.path.other_bank) == []


def test_records_that_become_final_are_told_once_for_each_consent_and_batch(told: Told) -> None:
    first, second = consented(told), consented(told, products=["bill_of_lading"])
    before = last(told)
    told.path.push("dcsa_ebl", transport_document())
    told.path.push("dcsa_track_trace", [event(str(number)) for number in range(3)])
    assert told.types(before) == []
    told.path.anchor()
    found = told.all(before)
    assert {each.consent: each.data for each in found} == {
        first: {"records": {"bill_of_lading": 1, "transport_event": 3}},
        second: {"records": {"bill_of_lading": 1}},
    }
    assert {each.type for each in found} == {"records.available"}


def test_what_is_told_of_can_be_pulled_at_once(told: Told) -> None:
    tokens = told.path.consented(identifiers=...)
    told.path.anchor()
    before = last(told)
    told.path.push("dcsa_ebl", transport_document())
    told.path.gateway.clock.turn(timedelta(seconds=1))
    while not told.all(before):
        told.path.anchoring.step()
    assert b'"pending"' not in told.path.as_bank().evidence(tokens).data


@pytest.mark.parametrize(
    "limits",
    [
        {"products": ["transport_event"]},
        {"period": {"from": "2025-01-01", "to": "2025-12-31"}},
        {"owner": {"scheme": "br_number", "value": "87654321"}},
    ],
    ids=["another product", "another period", "another owner"],
)
def test_records_outside_of_a_consent_are_not_told(told: Told, limits: dict[str, Any]) -> None:
    if "owner" in limits:
        with Session(told.engine) as session:
            builders.owner(session, "rival-trading", br_number="87654321")
            builders.link(session, owner_id="rival-trading")
            session.commit()
        consented(told)
        before = last(told)
        told.path.push("dcsa_ebl", transport_document(), owner="rival-trading")
    else:
        consented(told, fields={}, **limits)
        before = last(told)
        told.path.push("dcsa_ebl", transport_document())
    told.path.anchor()
    assert told.types(before) == []


def test_records_are_not_told_of_while_a_consent_is_paused(told: Told) -> None:
    consent = consented(told)
    told.owner_does(Event.PAUSED, consent)
    before = last(told)
    told.path.push("dcsa_ebl", transport_document())
    told.path.anchor()
    assert told.types(before) == []


def test_records_that_get_an_owner_later_are_told_of_then(told: Told) -> None:
    consent = consented(told)
    before = last(told)
    told.path.push("dcsa_ebl", transport_document(), owner=None)
    told.path.anchor()
    assert told.types(before) == []
    with Session(told.engine) as session:
        ownership.assign(
            session,
            told.path.gateway.keyring.records,
            provider_id=builders.CARRIER,
            reference=Reference("transport_document", "SCAC:OCLN", BILL),
            owner_id=builders.OWNER,
            now=told.path.gateway.clock(),
        )
        session.commit()
    found = told.all(before)
    assert [(each.type, each.consent, each.data) for each in found] == [
        ("records.available", consent, {"records": {"bill_of_lading": 1}})
    ]


def test_a_retraction_is_told_to_who_could_have_seen_the_record(told: Told) -> None:
    consent = consented(told)
    told.path.push("dcsa_track_trace_3", {"events": [updated("one", at="2026-11-20T09:00:00Z")]})
    told.path.anchor()
    before = last(told)
    told.path.push(
        "dcsa_track_trace_3", {"events": [{**updated("one", at="2026-11-20T11:00:00Z"), "isRetracted": True}]}
    )
    told.path.anchor()
    found = told.all(before)
    assert [(each.type, each.consent, each.data) for each in found] == [
        ("records.retracted", consent, {"records": {"transport_event": 1}})
    ]


def test_a_retraction_of_what_nobody_could_have_seen_is_not_told(told: Told) -> None:
    consented(told)
    before = last(told)
    told.path.push("dcsa_track_trace_3", {"events": [updated("one", at="2026-11-20T09:00:00Z")]})
    told.path.push(
        "dcsa_track_trace_3", {"events": [{**updated("one", at="2026-11-20T11:00:00Z"), "isRetracted": True}]}
    )
    told.path.anchor()
    told.path.anchor()
    assert "records.available" not in told.types(before)


@pytest.mark.parametrize("ends", [Event.WITHDRAWN, Event.PAUSED])
def test_once_the_right_has_ended_what_was_told_of_records_is_told_no_more(told: Told, ends: Event) -> None:
    consent = consented(told)
    before = last(told)
    told.path.push("dcsa_ebl", transport_document())
    told.path.anchor()
    assert told.types(before) == ["records.available"]
    told.owner_does(ends, consent)
    assert told.types(before) == [f"consent.{ends}"]


def test_events_are_read_page_by_page(told: Told) -> None:
    for _ in range(3):
        consented(told)
    told.number()
    connection = told.path.connection(told.path.bank)
    token = connection.own_token("events")
    page = connection.call("GET", "/events", token=token, params={"limit": "4"}).json()
    assert ([each["number"] for each in page["events"]], page["next"], page["more"]) == ([1, 2, 3, 4], 4, True)
    page = connection.call("GET", "/events", token=token, params={"after": "4", "limit": "4"}).json()
    assert ([each["number"] for each in page["events"]], page["next"], page["more"]) == ([5, 6], 6, False)
    page = connection.call("GET", "/events", token=token, params={"after": "6"}).json()
    assert page == {"events": [], "next": 6, "more": False}


def test_what_commits_late_gets_a_late_number_and_no_cursor_skips_it(told: Told, database_url: str) -> None:
    consented(told)
    told.number()
    bank = {"bank": builders.BANK, "version": 1}
    with psycopg.connect(database_url) as slow:
        slow.execute(
            "INSERT INTO happening (type, subject, body, created_at) "
            "SELECT 'consent.paused', id, %s, now() FROM consent",
            [psycopg.types.json.Jsonb(bank)],
        )
        with Session(told.engine) as session:
            consent = session.exec(select(Row.consent_id)).first()
            session.add(
                Happening(type="consent.resumed", subject=str(consent), body=bank, created_at=told.path.gateway.clock())
            )
            session.commit()
        assert told.types(2) == ["consent.resumed"]
        slow.commit()
    assert [(each.number, each.type) for each in told.all(3)] == [(4, "consent.paused")]


def test_numbers_are_given_by_one_at_a_time(told: Told, database_url: str) -> None:
    consented(told)
    with psycopg.connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [numbering.LOCK])
        numbered = pool.submit(told.number)
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        until(lambda: other.execute(waiting).fetchone() == (1,), "nobody waits for its turn")
        with Session(told.engine) as session:
            assert session.exec(select(Row)).all() == []
        other.commit()
        numbered.result()
    assert told.types() == ["consent.requested", "consent.given"]


def test_a_bank_gets_no_token_for_evidence_by_itself(told: Told) -> None:
    with pytest.raises(OAuthError, match=r"^invalid_scope: "):
        told.path.connection(told.path.bank).own_token("evidence")


def test_a_provider_gets_no_token_for_events(told: Told) -> None:
    with pytest.raises(OAuthError, match=r"^invalid_scope: "):
        told.path.connection(told.path.carrier).own_token("events")


def test_a_consents_own_token_reads_no_events(told: Told) -> None:
    tokens = told.path.consented()
    with pytest.raises(ProblemError, match=r"^403 insufficient_scope: the token lacks the scope 'events'$"):
        told.path.connection(told.path.bank).call("GET", "/events", token=tokens.access_token)
