"""A carrier's API is fetched from, page by page: DCSA Track & Trace 2.2."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, func, select

from connectors.base import Page, Request
from connectors.http import fetch
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.ingest import sources
from gateway.ingest.polling import MOST_PAGES, Poller
from gateway.ingest.tables import Source
from gateway.records.tables import Quarantine, Record
from tests.support.app import TurnableClock
from tests.support.carrier_api import Answer, CarrierApi, carrier_api
from tests.support.messages import event
from tests.support.pushes import Carrier
from tests.support.records import CARRIER, NOW

URL = "https://api.oceanline.example"


def created(number: int, **changes: Any) -> dict[str, Any]:
    """Return an event; the greater its number, the later it was created."""
    found: dict[str, Any] = event(
        f"event-{number}", eventCreatedDateTime=f"2026-11-20T08:{number:02}:00+08:00", **changes
    )
    return found


@pytest.fixture
def api() -> Iterator[CarrierApi]:
    with carrier_api() as api:
        yield api


@pytest.fixture
def poller(oceanline: Carrier, engine: Engine) -> Poller:
    oceanline.session.commit()
    return Poller(engine, oceanline.keyring, oceanline.settings, fetch, TurnableClock(NOW))


def follow(oceanline: Carrier, api: CarrierApi, key: str | None = None) -> str:
    made = sources.follow(
        oceanline.session,
        oceanline.keyring.records,
        connector="dcsa_track_trace",
        provider_id=CARRIER,
        url=api.url or URL,
        headers={"X-Api-Key": key or api.key},
        every_seconds=60,
        now=NOW,
    )
    oceanline.session.commit()
    return made


def stored(oceanline: Carrier) -> list[str]:
    rows = oceanline.session.exec(select(Record.key).order_by(col(Record.revision)))
    return list(rows)


def source(oceanline: Carrier, source_id: str) -> Source:
    oceanline.session.expire_all()
    return oceanline.session.get_one(Source, source_id)


@pytest.mark.parametrize("links", ["url", "path", "bare"])
def test_all_pages_are_fetched_however_the_next_is_named(
    oceanline: Carrier, api: CarrierApi, poller: Poller, links: str
) -> None:
    api.events, api.links = [event(f"event-{number}") for number in range(250)], links
    outcome = poller.poll(follow(oceanline, api))
    assert (outcome.pages, outcome.accepted, outcome.refused, outcome.error) == (3, 250, 0, None)
    assert len(set(stored(oceanline))) == 250


def test_the_next_poll_asks_for_what_was_created_since(oceanline: Carrier, api: CarrierApi, poller: Poller) -> None:
    api.events = [created(1), created(3)]
    made = follow(oceanline, api)
    poller.poll(made)
    api.events += [created(4)]
    outcome = poller.poll(made)
    assert api.asked[-1] == {"limit": "100", "eventCreatedDateTime:gte": "2026-11-20T00:03:00.000000Z"}
    assert (outcome.pages, outcome.accepted) == (1, 1)
    assert stored(oceanline) == [each["eventID"] for each in api.events]


def test_a_carriers_clock_that_is_ahead_hides_nothing(oceanline: Carrier, api: CarrierApi, poller: Poller) -> None:
    api.events = [event("ahead", eventCreatedDateTime="2088-01-01T00:00:00Z")]
    made = follow(oceanline, api)
    poller.poll(made)
    api.events = [event("now", eventCreatedDateTime="2087-01-01T00:00:00Z"), *api.events]
    assert poller.poll(made).accepted == 1


def test_nothing_new_is_nothing_stored(oceanline: Carrier, api: CarrierApi, poller: Poller) -> None:
    made = follow(oceanline, api)
    outcome = poller.poll(made)
    assert (outcome.pages, outcome.accepted, outcome.error) == (1, 0, None)
    assert source(oceanline, made).next_at == NOW + timedelta(seconds=60)


def test_a_faulty_event_is_quarantined_and_the_others_of_its_page_are_not(
    oceanline: Carrier, api: CarrierApi, poller: Poller
) -> None:
    api.events = [created(1), created(2, equipmentEventTypeCode="LOST"), created(3)]
    made = follow(oceanline, api)
    outcome = poller.poll(made)
    assert (outcome.accepted, outcome.refused, outcome.error) == (2, 1, None)
    assert oceanline.session.exec(select(func.count()).select_from(Quarantine)).one() == 2  # the page, and the event
    assert (source(oceanline, made).accepted, source(oceanline, made).refused) == (2, 1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((500, {}, b""), "answered 500"),
        ((302, {"Location": "http://127.0.0.1:1/"}, b""), "answered 302, expected 200"),
        ((403, {}, b""), "answered 403, expected 200"),
        ((200, {}, b"<html>"), "not JSON: Expecting value"),
        ((200, {}, b'{"events": []}'), "expected a list of events"),
        ((200, {}, b"[" + b" " * 10_485_760 + b"]"), "answered more than 10485760 bytes"),
    ],
)
def test_what_is_no_page_changes_nothing_and_is_tried_again_later(
    oceanline: Carrier, api: CarrierApi, poller: Poller, answer: Answer, error: str
) -> None:
    api.instead = lambda _: answer
    made = follow(oceanline, api)
    assert error in str(poller.poll(made).error)
    found = source(oceanline, made)
    assert error in str(found.last_error)
    assert (found.cursor, found.failures, found.next_at) == (None, 1, NOW + timedelta(seconds=60))
    poller.poll(made)
    assert source(oceanline, made).next_at == NOW + timedelta(seconds=120)
    assert stored(oceanline) == []


def test_an_overloaded_api_is_left_alone_as_long_as_it_asks(
    oceanline: Carrier, api: CarrierApi, poller: Poller
) -> None:
    api.instead = lambda _: (429, {"Retry-After": "3600"}, b"")
    made = follow(oceanline, api)
    poller.poll(made)
    assert source(oceanline, made).next_at == NOW + timedelta(hours=1)


def test_a_failure_between_pages_goes_on_at_the_page_that_failed(
    oceanline: Carrier, api: CarrierApi, poller: Poller
) -> None:
    api.events = [event(f"event-{number}") for number in range(150)]
    api.instead = lambda asked: (503, {}, b"") if "cursor" in asked else None
    made = follow(oceanline, api)
    assert (poller.poll(made).accepted, len(stored(oceanline))) == (100, 100)
    api.instead = lambda _: None
    assert (poller.poll(made).accepted, len(stored(oceanline))) == (50, 150)
    assert source(oceanline, made).failures == 0


def test_the_link_to_the_next_page_leads_nowhere_else(oceanline: Carrier, api: CarrierApi, poller: Poller) -> None:
    link = {"Next-Page": "http://169.254.169.254/latest/meta-data?cursor=MTAw"}
    api.instead = lambda asked: None if "cursor" in asked else (200, link, b"[]")
    assert poller.poll(follow(oceanline, api)).pages == 2
    assert api.asked[-1] == {"limit": "100", "cursor": "MTAw"}


def test_an_api_that_never_ends_is_given_its_turn_only(oceanline: Carrier, api: CarrierApi, poller: Poller) -> None:
    api.instead = lambda asked: (200, {"Next-Page": f"?cursor={int(asked.get('cursor', 0)) + 1}"}, b"[]")
    made = follow(oceanline, api)
    assert poller.poll(made).pages == MOST_PAGES
    api.instead = lambda _: None
    assert poller.poll_due() == 1


def test_two_pollers_take_a_page_in_once(oceanline: Carrier, api: CarrierApi, poller: Poller, engine: Engine) -> None:
    api.events = [created(1)]
    made = follow(oceanline, api)

    def fetched_twice(base_url: str, request: Request, *, headers: dict[str, str]) -> Page:
        other = Poller(engine, oceanline.keyring, oceanline.settings, fetch, poller.clock)
        assert other.poll(made).accepted == 1
        return fetch(base_url, request, headers=headers)

    slow = Poller(engine, oceanline.keyring, oceanline.settings, fetched_twice, poller.clock)  # type: ignore[arg-type]
    assert (slow.poll(made).accepted, len(stored(oceanline))) == (0, 1)
    assert source(oceanline, made).accepted == 1


def test_the_key_of_an_api_is_kept_encrypted_and_in_no_error(
    oceanline: Carrier, api: CarrierApi, poller: Poller
) -> None:
    made = follow(oceanline, api, key="wrong-key-118")
    outcome = poller.poll(made)
    found = source(oceanline, made)
    assert str(outcome.error).endswith("/v2/events: answered 401, expected 200")
    assert b"wrong-key-118" not in found.headers
    assert "wrong-key-118" not in f"{outcome.error}{found.last_error}"


def test_a_source_is_due_after_its_interval(oceanline: Carrier, api: CarrierApi, poller: Poller) -> None:
    follow(oceanline, api)
    assert (poller.poll_due(), poller.poll_due()) == (1, 0)
    clock = poller.clock
    assert isinstance(clock, TurnableClock)
    clock.turn(timedelta(seconds=60))
    assert poller.poll_due() == 1


def test_an_api_is_followed_once_for_a_provider(oceanline: Carrier, api: CarrierApi) -> None:
    made = follow(oceanline, api)
    with pytest.raises(ConflictError, match=rf"is followed for 'oceanline' already, as source {made}$"):
        follow(oceanline, api)


def test_a_source_that_is_not_followed_any_more_is_not_polled(
    oceanline: Carrier, api: CarrierApi, poller: Poller
) -> None:
    made = follow(oceanline, api)
    sources.unfollow(oceanline.session, made)
    oceanline.session.commit()
    assert poller.poll_due() == 0
    with pytest.raises(NotFoundError, match=rf"^no source '{made}'; see: tidegate connector sources$"):
        poller.poll(made)


@pytest.mark.parametrize(
    ("connector", "url", "every", "message"),
    [
        ("dcsa_ebl", URL, 60, r"'dcsa_ebl' has no API to fetch from; those that have: dcsa_track_trace$"),
        ("dcsa_track_trace", "http://api.oceanline.example", 60, r"expected https \(http only on this machine\)$"),
        ("dcsa_track_trace", "https://user:pass@api.example", 60, "without query or password$"),
        ("dcsa_track_trace", URL, 1, "^every 1 seconds: expected 5 to 86400$"),
    ],
)
def test_what_cannot_be_followed_is_refused(
    oceanline: Carrier, connector: str, url: str, every: int, message: str
) -> None:
    with pytest.raises(InvalidError, match=message):
        sources.follow(
            oceanline.session,
            oceanline.keyring.records,
            connector=connector,
            provider_id=CARRIER,
            url=url,
            headers={},
            every_seconds=every,
            now=NOW,
        )
