"""Send events to webhooks: at least once, whatever happens here; each under its own id, so that it has effect once.

One process at a time sends. What is due stands in the database until its outcome is stored there: a process that dies
leaves it due. Each webhook has lanes of its own, so that a slow receiver holds up nobody else.
"""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import Engine, text, update
from sqlmodel import Session, col

from gateway import figures
from gateway.clock import Clock
from gateway.db import once_committed
from gateway.keys import Keyring
from gateway.notify import reading, rules
from gateway.notify.rules import Next, State
from gateway.notify.signing import Secrets
from gateway.notify.tables import Attempt, Delivery, Webhook
from gateway.outbound import OutboundError, request
from gateway.settings import Settings

THREADS = 32
LANES = 8
"""Requests to one webhook at a time."""
SECONDS = 10.0
"""How long a receiver may take in all."""
LONGEST_ERROR = 200
Lane = tuple[str, str]
"""A bank and the name of its webhook."""
DUE = text("""
SELECT w.bank_id, w.name, (
    SELECT count(*) FROM (
        SELECT 1 FROM delivery d
        WHERE d.bank_id = w.bank_id AND d.webhook = w.name AND d.next_at <= :now LIMIT :lanes) AS few)
FROM webhook w WHERE w.gone_at IS NULL
""")
NEXT = text("""
SELECT d.number, d.attempts, d.replays, w.url, w.secrets
FROM delivery d JOIN webhook w ON w.bank_id = d.bank_id AND w.name = d.webhook
WHERE d.bank_id = :bank AND d.webhook = :webhook AND d.next_at <= :now AND w.gone_at IS NULL
    AND d.number <> ALL(CAST(:busy AS int[]))
ORDER BY d.next_at, d.number LIMIT 1
""")
SOONEST = text("""
SELECT min((
    SELECT min(d.next_at) FROM delivery d
    WHERE d.bank_id = w.bank_id AND d.webhook = w.name AND d.next_at IS NOT NULL))
FROM webhook w WHERE w.gone_at IS NULL
""")
_log = structlog.get_logger(__name__)


class WithheldError(Exception):
    """The right to be told has ended."""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery that is due."""

    bank_id: str
    webhook: str
    number: int
    attempts: int
    replays: int
    url: str
    secrets: bytes


class Sender:
    """Sends what is due, in threads. `patience` is how long a receiver may take, in seconds."""

    def __init__(
        self, engine: Engine, keyring: Keyring, settings: Settings, clock: Clock, *, patience: float = SECONDS
    ) -> None:
        self._engine, self._keyring, self._settings, self._clock = engine, keyring, settings, clock
        self._patience = patience
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhooks")
        self._guard = threading.Lock()
        self._busy: set[tuple[str, str, int]] = set()
        self._lanes: Counter[Lane] = Counter()
        self._running: set[Future[None]] = set()
        self._stopping = threading.Event()

    def begin(self) -> None:
        """Begin to send what is due, in as many lanes as are free."""
        with Session(self._engine) as session:
            rows = session.execute(DUE, {"now": self._clock(), "lanes": LANES}).all()
        for bank, name, due in rows:
            with self._guard:
                free = min(due, LANES) - self._lanes[bank, name]
                for _ in range(free):
                    self._lanes[bank, name] += 1
                    self._start((bank, name))

    def _start(self, lane: Lane) -> None:
        future = self._threads.submit(self._serve, lane)
        self._running.add(future)
        future.add_done_callback(self._running.discard)

    def pause(self) -> float | None:
        """Return in how many seconds the next delivery is due; None if none waits."""
        with Session(self._engine) as session:
            soonest: datetime | None = session.execute(SOONEST).scalar_one()
        return None if soonest is None else max(0.0, (soonest - self._clock()).total_seconds())

    def finish(self) -> None:
        """Wait until everything that was begun, and what has become due meanwhile, is sent or has failed."""
        while running := list(self._running):
            for each in running:
                each.result()

    def stop(self) -> None:
        """Begin nothing more. What is on its way ends by itself, or is sent again by the next process."""
        self._stopping.set()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _serve(self, lane: Lane) -> None:
        """Send one delivery of a webhook after another until none is due."""
        try:
            while not self._stopping.is_set() and (due := self._next(lane)) is not None:
                try:
                    self._deliver(due)
                finally:
                    with self._guard:
                        self._busy.discard((due.bank_id, due.webhook, due.number))
        except Exception:  # noqa: BLE001 - whatever it was, what is due stays due
            _log.exception("a webhook could not be served and is tried again")
        finally:
            with self._guard:
                self._lanes[lane] -= 1

    def _next(self, lane: Lane) -> Due | None:
        bank, name = lane
        with self._guard, Session(self._engine) as session:
            busy = [number for owner, webhook, number in self._busy if (owner, webhook) == lane]
            row = session.execute(
                NEXT, {"bank": bank, "webhook": name, "now": self._clock(), "busy": busy}
            ).one_or_none()
            if row is None:
                return None
            self._busy.add((bank, name, row.number))
        return Due(bank, name, *row)

    def _deliver(self, due: Due) -> None:
        started, at = time.perf_counter(), self._clock()
        status, error = None, None
        try:
            status = self._send(due)
        except OutboundError as refused:
            error = str(refused)[:LONGEST_ERROR]
        except WithheldError:
            self._store(due, Next(State.WITHHELD), None)
            return
        verdict = rules.after(status, attempts=due.attempts + 1, now=self._clock())
        milliseconds = round((time.perf_counter() - started) * 1000)
        attempt = Attempt(
            bank_id=due.bank_id,
            webhook=due.webhook,
            number=due.number,
            at=at,
            status=status,
            error=error,
            milliseconds=milliseconds,
        )
        self._store(due, verdict, attempt)

    def _send(self, due: Due) -> int:
        """Return the status of the answer. Raises `OutboundError`, `WithheldError`."""
        with Session(self._engine) as session:
            told = reading.one(session, due.bank_id, due.number, now=self._clock())
        if told is None:
            raise WithheldError
        body = told.body()
        secrets = Secrets.opened(self._keyring.records, due.secrets, bank_id=due.bank_id, name=due.webhook)
        headers: Mapping[str, str] = secrets.headers(told.id, body, now=self._clock())
        answer = request(
            "POST",
            due.url,
            allow=self._settings.outbound_allow,
            headers=headers,
            content=body,
            most_bytes=0,
            seconds=self._patience,
            before=lambda: self._check_right(due),
        )
        return answer.status

    def _check_right(self, due: Due) -> None:
        """Ask once more, now that connecting has taken its time. Raises `WithheldError`."""
        with Session(self._engine) as session:
            if reading.one(session, due.bank_id, due.number, now=self._clock()) is None:
                raise WithheldError

    def _store(self, due: Due, verdict: Next, attempt: Attempt | None) -> None:
        """Store the outcome, unless the delivery was replayed meanwhile; the attempt in any case."""
        outcome = "failed" if verdict.state is State.PENDING else str(verdict.state)
        with Session(self._engine) as session:
            of_this = (col(Delivery.bank_id) == due.bank_id, col(Delivery.webhook) == due.webhook)
            moved = session.execute(
                update(Delivery)
                .where(*of_this, col(Delivery.number) == due.number, col(Delivery.replays) == due.replays)
                .values(state=verdict.state, next_at=verdict.at, attempts=due.attempts + (attempt is not None))
                .returning(col(Delivery.number))
            ).one_or_none()
            if attempt is not None and session.get(Delivery, (due.bank_id, due.webhook, due.number)) is not None:
                session.add(attempt)
            if verdict.state is State.GONE and moved is not None:
                webhook = session.get(Webhook, (due.bank_id, due.webhook))
                if webhook is not None and webhook.url == due.url:
                    webhook.gone_at = self._clock()
                    session.add(webhook)
            once_committed(session, figures.deliveries.labels(outcome).inc)
            session.commit()
