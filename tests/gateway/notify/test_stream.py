"""Streams of events: what happens arrives as it happens, goes on where it broke, and ends with its right."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Queue

import httpx2
import pytest

from gateway.client.connection import Connection
from gateway.client.errors import ProblemError
from gateway.client.events import SCOPE, Event, Events
from gateway.client.identity import Identity
from gateway.consent.rules import Event as Happens
from gateway.notify import stream
from tests.support.messages import transport_document
from tests.support.served import Served, served
from tests.support.telling import Told
from tests.support.waiting import PATIENCE_SECONDS, until


@dataclass(slots=True)
class Listening:
    """A bank that listens in a thread of its own."""

    connection: Connection
    heard: "Queue[Event]" = field(default_factory=Queue)
    ended_at: float | None = None

    def next(self) -> Event:
        """Return the next event."""
        return self.heard.get(timeout=PATIENCE_SECONDS)

    def once(self, after: int) -> None:
        """Listen until the stream ends."""
        token = self.connection.own_token(SCOPE)
        with self.connection.stream("/events/stream", token=token, headers={"Last-Event-ID": str(after)}) as response:
            for each in httpx2.EventSource(response):
                if each.data:
                    self.heard.put(Event.of(each.json()))
        self.ended_at = time.monotonic()


@pytest.fixture
def served_beside(told: Told, database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path / "served", keyring=told.path.gateway.keyring) as gateway:
        yield gateway


@contextmanager
def listening(told: Told, gateway: Served, after: int = 0) -> Iterator[Listening]:
    """Let the bank listen until the stream ends."""
    party = told.path.bank
    with Connection(gateway.url, Identity.of(party.id, party.key)) as connection:
        listener = Listening(connection)
        connection.own_token(SCOPE)
        thread = threading.Thread(target=listener.once, args=(after,), daemon=True)
        thread.start()
        yield listener
        hub(gateway)._end_all()
        thread.join(PATIENCE_SECONDS)


def hub(gateway: Served) -> stream.Hub:
    found: stream.Hub = gateway.app.state.hub
    return found


def open_streams(gateway: Served) -> int:
    return len(hub(gateway)._streams)


def consented(told: Told) -> str:
    consent = str(told.path.consented(identifiers=...).grant_id)
    told.path.anchor()
    told.number()
    return consent


def test_what_happened_arrives_and_then_what_happens(told: Told, served_beside: Served) -> None:
    consent = consented(told)
    with listening(told, served_beside) as bank:
        assert [bank.next().type, bank.next().type] == ["consent.requested", "consent.given"]
        told.path.push("dcsa_ebl", transport_document())
        told.path.anchor()
        told.number()
        event = bank.next()
    assert (event.number, event.type, event.consent) == (3, "records.available", consent)
    assert event.data == {"records": {"bill_of_lading": 1}}


def test_a_stream_goes_on_after_the_last_event_id(told: Told, served_beside: Served) -> None:
    consented(told)
    with listening(told, served_beside, after=1) as bank:
        assert bank.next().number == 2


def test_a_stream_is_cut_within_a_second_of_its_tokens_revocation(told: Told, served_beside: Served) -> None:
    with listening(told, served_beside) as bank:
        until(lambda: open_streams(served_beside) == 1, "no stream was opened")
        with Connection(served_beside.url, bank.connection.identity) as other:
            other.revoke(bank.connection.own_token(SCOPE))
        acknowledged = time.monotonic()
        until(lambda: bank.ended_at is not None, "the stream did not end")
    assert bank.ended_at is not None
    assert bank.ended_at - acknowledged < 1.0
    assert open_streams(served_beside) == 0


def test_a_stream_ends_with_its_token(told: Told, served_beside: Served) -> None:
    with listening(told, served_beside) as bank:
        until(lambda: open_streams(served_beside) == 1, "no stream was opened")
        hub(served_beside)._clock = lambda: datetime.now(UTC) + timedelta(minutes=6)
        until(lambda: bank.ended_at is not None, "the stream did not end")


def test_a_stream_ends_when_the_process_is_about_to(told: Told, served_beside: Served) -> None:
    with listening(told, served_beside) as bank:
        until(lambda: open_streams(served_beside) == 1, "no stream was opened")
        hub(served_beside)._leaving = lambda: True
        until(lambda: bank.ended_at is not None, "the stream did not end")


def test_once_a_consent_is_revoked_the_revocation_is_all_that_is_told(told: Told, served_beside: Served) -> None:
    consent = consented(told)
    told.path.push("dcsa_ebl", transport_document())
    told.path.anchor()
    told.owner_does(Happens.WITHDRAWN, consent)
    told.number()
    with listening(told, served_beside, after=2) as bank:
        assert bank.next().type == "consent.withdrawn"


def test_the_client_goes_on_where_a_stream_ended(told: Told, served_beside: Served) -> None:
    consented(told)
    party = told.path.bank
    with Connection(served_beside.url, Identity.of(party.id, party.key)) as connection:
        heard = Events(connection).stream(0)
        assert [next(heard).number, next(heard).number] == [1, 2]
        until(lambda: open_streams(served_beside) == 1, "no stream was opened")
        hub(served_beside)._end_all()
        told.path.ask()
        told.number()
        assert next(heard).number == 3
        heard.close()  # type: ignore[attr-defined]  # a generator


def test_a_bank_has_twenty_streams_at_most(told: Told, served_beside: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST", 1)
    with listening(told, served_beside):
        until(lambda: open_streams(served_beside) == 1, "no stream was opened")
        party = told.path.bank
        with (
            Connection(served_beside.url, Identity.of(party.id, party.key)) as connection,
            pytest.raises(ProblemError, match=r"^429: 1 streams are open already$"),
        ):
            next(Events(connection).stream(0))


def test_a_stream_of_a_bank_that_went_away_is_forgotten(told: Told, served_beside: Served) -> None:
    party = told.path.bank
    with Connection(served_beside.url, Identity.of(party.id, party.key)) as connection:
        token = connection.own_token(SCOPE)
        with connection.stream("/events/stream", token=token, headers={}):
            until(lambda: open_streams(served_beside) == 1, "no stream was opened")
    until(lambda: open_streams(served_beside) == 0, "the stream was not forgotten")
