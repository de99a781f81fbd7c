"""Revocations, each while an event about the consent's records is on its way by webhook and by stream."""

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from queue import Empty, Queue

import httpx2
import pytest
from sqlalchemy import func, text
from sqlmodel import Session, select

from gateway.client.connection import Connection
from gateway.client.events import SCOPE
from gateway.client.identity import Identity
from gateway.consent import lifecycle
from gateway.consent.tables import Consent
from gateway.notify import numbering
from gateway.notify.numbering import LOCK, New
from gateway.notify.rules import RECORDS_AVAILABLE
from tests.support import builders
from tests.support.receiver import Receiver, Reply, Request
from tests.support.served import served
from tests.support.telling import Told
from tests.support.waiting import until

CHUNK = 10
CUT_SECONDS = 1.0
COPY = text("""
INSERT INTO consent (id, owner_id, bank_id, asked, state, state_since, version, expires_at, pulls, requested_at)
SELECT translate(encode(sha256(n::text::bytea), 'base64'), '+/=', '-_'), owner_id, bank_id, asked, 'active',
    state_since, 1, expires_at, 0, requested_at
FROM consent, generate_series(1, :races) AS n
""")


def many(told: Told, races: int) -> list[str]:
    """Return the ids of so many consents in force, of which nothing is known but that."""
    told.path.ask()
    told.number()
    with Session(told.engine) as session:
        first = session.exec(select(Consent.id)).one()
        session.execute(COPY, {"races": races})
        session.commit()
        return [each for each in session.exec(select(Consent.id)) if each != first]


def tell(told: Told, consents: list[str]) -> None:
    """Make an event about records of each consent."""
    now = told.path.gateway.clock()
    with Session(told.engine) as session:
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))
        events = [
            New(builders.BANK, RECORDS_AVAILABLE, each, 1, {"records": {"bill_of_lading": 1}}, now) for each in consents
        ]
        numbering.number(session, events, now)
        session.commit()


def revoke_all(told: Told, due: "Queue[str]", acknowledged: dict[str, float], finished: threading.Event) -> None:
    """Revoke one consent after another, as they come; note when each is acknowledged."""
    while not (finished.is_set() and due.empty()):
        try:
            consent = due.get(timeout=0.1)
        except Empty:
            continue
        with Session(told.engine) as session:
            lifecycle.revoke(session, consent, person=told.path.person.person, now=told.path.gateway.clock())
            session.commit()
        acknowledged[consent] = time.monotonic()


def listen(url: str, told: Told, heard: list[tuple[str, float]], after: int) -> None:
    """Note every event about records that a stream brings, and when."""
    party = told.path.bank
    with Connection(url, Identity.of(party.id, party.key)) as connection:
        token = connection.own_token(SCOPE)
        with connection.stream("/events/stream", token=token, headers={"Last-Event-ID": str(after)}) as response:
            heard.extend(
                (json.loads(each.data)["data"]["consent"], time.monotonic())
                for each in httpx2.EventSource(response)
                if each.event == RECORDS_AVAILABLE
            )


def raced(
    told: Told, consents: list[str], by_stream: list[tuple[str, float]], server: tuple[str, Path]
) -> dict[str, float]:
    """Tell of each consent while it is revoked, the first of each chunk just before; return when each was."""
    acknowledged: dict[str, float] = {}
    due: Queue[str] = Queue()
    finished = threading.Event()
    with served(*server, keyring=told.path.gateway.keyring) as gateway, ThreadPoolExecutor(2) as pool:
        threading.Thread(target=listen, args=(gateway.url, told, by_stream, 1), daemon=True).start()
        until(lambda: gateway.app.state.hub._streams, "no stream was opened")
        revoking = [pool.submit(revoke_all, told, due, acknowledged, finished) for _ in range(2)]
        for start in range(0, len(consents), CHUNK):
            chunk = consents[start : start + CHUNK]
            tell(told, chunk)
            due.put(chunk[0])
            until(partial(acknowledged.get, chunk[0]), "the first is not revoked")
            told.sender.begin()
            for each in chunk[1:]:
                due.put(each)
            until(lambda: due.qsize() < 2 * CHUNK, "the revocations do not get on")
        finished.set()
        for one in revoking:
            one.result()
        told.send()
    return acknowledged


@pytest.mark.timeout(400)
def test_after_an_acknowledged_revocation_nothing_about_the_records_is_told(
    told: Told,
    receiver: Receiver,
    database_url: str,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    races: int = pytestconfig.option.races
    told.webhook(receiver)
    consents = many(told, races)
    by_webhook: list[tuple[str, float]] = []
    by_stream: list[tuple[str, float]] = []

    def note(request: Request) -> Reply:
        event = json.loads(request.body)
        if event["type"] == RECORDS_AVAILABLE:
            by_webhook.append((event["data"]["consent"], time.monotonic()))
        return Reply()

    receiver.answering = note
    acknowledged = raced(told, consents, by_stream, (database_url, tmp_path / "served"))
    record_property("revocations", len(acknowledged))
    record_property("told by webhook before", len(by_webhook))
    record_property("told by stream before", len(by_stream))
    assert len(acknowledged) == races
    late = [each for each in (*by_webhook, *by_stream) if each[1] > acknowledged[each[0]] + CUT_SECONDS]
    assert late == []
    assert 0 < len(by_webhook) < races
    assert by_stream
