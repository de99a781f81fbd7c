"""The worker: takes on what the journal holds, brings it to the ledger, keeps the proofs. The ledger's only client.

Each transaction takes a lock that workers share, reads what is stored, and leaves it so that the next one, or the same
after a crash, can go on from there: entries are stored before they are submitted, submitting twice is submitting once,
and what the ledger says is stored together with its proof.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

import psycopg
import structlog
from sqlalchemy import Engine, func, select
from sqlmodel import Session

from gateway import figures, journal
from gateway.anchoring import answers, batches, comparison, entries, proofs, submission
from gateway.anchoring.comparison import Comparing, Overtaken
from gateway.anchoring.entries import Signer
from gateway.anchoring.renewal import Renewal, Reseal
from gateway.clock import Clock
from gateway.journal import CHANNEL, LEAVES
from gateway.keys import Keyring
from gateway.settings import Settings
from ledger.backends.base import Backend

LOCK = 0x616E_6368
"""The advisory lock of anchoring ("anch")."""
RETRY_SECONDS = 1.0
"""How long to wait after a failure."""
IDLE_SECONDS = 5.0
"""How long to sleep at most without being woken."""
POLL_SECONDS = 0.05
"""How often to ask the ledger while entries are on their way."""
GATHER_SECONDS = 0.1
"""How long leaves are gathered before the worker looks whether they are enough for a batch."""
SWEEP_SECONDS = 15.0
"""How often to do what is due by time alone."""
APPLICATION = "tidegate worker"
"""How a worker that runs is known in the database, by the connection that it listens on."""
Sweep = Callable[[Session, datetime], None]
"""What higher features want done by time: (session, now)."""
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Hooks:
    """What higher features do in the worker's transactions. Handed in, for they lie above."""

    sweep: Sweep = lambda _session, _now: None
    """What is due by time alone."""
    reseal: Reseal = lambda _session, _records, _dead, _key: {}
    """Signs anew what was sealed with a key that had ended."""
    overtaken: Overtaken = lambda _session, _type, _body, _now: None
    """Follows an entry that the ledger has and the restored database has not."""
    trust_changed: Callable[[], object] = lambda: None
    """Called when the validators or the organisation's key have changed: the trust file is to be written anew."""


NO_HOOKS = Hooks()


class NotComparedError(Exception):
    """The database was not compared with the ledger since it was started: the next step does that."""


def step(
    engine: Engine, backend: Backend, keyring: Keyring, settings: Settings, now: datetime, *, hooks: Hooks = NO_HOOKS
) -> bool:
    """Take everything one step further; return whether anything changed, so that another step may be due.

    The first of a database that was started, and may have been restored, is to compare it with the ledger.
    """
    started = time.perf_counter()
    _compare(engine, Comparing(backend, keyring, settings.gateway_id, hooks.overtaken, now))
    signer = Signer(settings, keyring, backend.height())
    renewal = Renewal(backend, keyring, settings.gateway_id, hooks.reseal, now)
    made = _make(engine, signer, now)
    settled = _bring(engine, backend, signer, renewal)
    proved = _prove(engine, backend, signer, renewal, hooks)
    answered = _answer(engine, backend, now)
    if made or settled or proved or answered:
        figures.round_seconds.observe(time.perf_counter() - started)
    return made or settled or proved or answered


def _compare(engine: Engine, comparing: Comparing) -> None:
    """Compare the database with the ledger, if nobody has since it was started."""
    with Session(engine) as session:
        if comparison.is_done(session):
            return
    reached, heights = comparing.unknown(engine)
    with _turn(engine, compared=False) as session:
        comparing.take_over(session, heights, reached=reached)


def _make(engine: Engine, signer: Signer, now: datetime) -> bool:
    """Make the entries that are due: those queued, and those of batches."""
    with _turn(engine) as session:
        taken = entries.take_queued(session, signer, now=now)
        streams = batches.due(session, signer.settings, now=now)
        for stream in streams:
            batches.gather(session, signer, stream, now=now)
        return bool(taken or streams)


def _bring(engine: Engine, backend: Backend, signer: Signer, renewal: Renewal) -> bool:
    """Submit what is first in its lane, and record what the ledger says of it."""
    with _turn(engine) as session:
        waiting = {each.entry_id: each.entry for each in submission.first_in_lanes(session)}
    if not waiting:
        return False
    refused = submission.submit(backend, waiting)
    with _turn(engine) as session:
        present = submission.unfinished(session, waiting)
        news = [
            submission.settle(session, backend, each, refused.get(each.entry_id), signer, renewal) for each in present
        ]
        return any(news)


def _prove(engine: Engine, backend: Backend, signer: Signer, renewal: Renewal, hooks: Hooks) -> bool:
    """Prove the states of keys under the newest header, if it is newer than the last or a key is new."""
    with _turn(engine) as session:
        proofs.watch(session, proofs.own_keys(signer.settings.gateway_id, signer.keyring))
        height = backend.height()
        if height <= 1 or proofs.common_height(session) == height:
            return False
        before = renewal.own_states(session)
        try:
            handed_over = proofs.prove_keys(session, backend, height)
            journal.wake_tellers(session)
        except LookupError:
            session.rollback()  # the ledger has moved on meanwhile: the next step proves under its new height
            return True
        rotated = renewal.after_proving(session, before)
    if handed_over or rotated:
        hooks.trust_changed()
    return True


def _answer(engine: Engine, backend: Backend, now: datetime) -> bool:
    """Make the state proofs that are asked for."""
    with _turn(engine) as session:
        try:
            return bool(answers.make_wanted(session, backend, now=now))
        except LookupError:
            session.rollback()
            return True


@contextmanager
def _turn(engine: Engine, *, compared: bool = True) -> Iterator[Session]:
    """Give one transaction at a time, of all workers, to the caller; commit it at the end.

    Raises `NotComparedError` if the database was started again since the step began.
    """
    with Session(engine, expire_on_commit=False) as session:
        session.execute(select(func.pg_advisory_xact_lock(LOCK)))
        if compared and not comparison.is_done(session):
            raise NotComparedError
        yield session
        session.commit()


class Worker:
    """Runs `step` whenever there is something to do, until stopped."""

    def __init__(
        self,
        engine: Engine,
        backend: Backend,
        keyring: Keyring,
        settings: Settings,
        clock: Clock,
        *,
        hooks: Hooks = NO_HOOKS,
    ) -> None:
        self._engine, self._backend, self._keyring = engine, backend, keyring
        self._settings, self._clock, self._hooks = settings, clock, hooks
        self._swept_at = float("-inf")
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until `stop`. What fails is logged and tried again: everything is stored as far as it got."""
        while not self._stopping.is_set():
            try:
                self._run()
            except Exception:  # noqa: BLE001 - whatever it was, the worker must go on
                figures.failures.inc()
                _log.exception("anchoring failed and is tried again", seconds=RETRY_SECONDS)
                self._stopping.wait(RETRY_SECONDS)

    def stop(self) -> None:
        """Let `run` return once the step at hand is done. May be called from a signal handler or another thread."""
        self._stopping.set()
        with suppress(psycopg.OperationalError), self._connection() as connection:  # without it, it wakes by itself
            connection.execute(f"NOTIFY {CHANNEL}")

    def _run(self) -> None:
        with self._connection() as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            while not self._stopping.is_set():
                self._sweep_if_due()
                if not self._step():
                    self._sleep(connection)

    def _sleep(self, connection: psycopg.Connection) -> None:
        """Wait until something is due or queued; if leaves alone are, until they are a few: a step costs as much."""
        queued = {each.payload for each in connection.notifies(timeout=self._pause(), stop_after=1)}
        if queued == {LEAVES}:
            self._stopping.wait(min(GATHER_SECONDS, self._settings.anchor_seconds))

    def _step(self) -> bool:
        return step(self._engine, self._backend, self._keyring, self._settings, self._clock(), hooks=self._hooks)

    def _sweep_if_due(self) -> None:
        """Do what is due by time alone, every now and then, in a transaction of its own."""
        if time.monotonic() - self._swept_at < SWEEP_SECONDS:
            return
        with Session(self._engine) as session:
            self._hooks.sweep(session, self._clock())
            session.commit()
        self._swept_at = time.monotonic()

    def _connection(self) -> psycopg.Connection:
        url = self._engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        return psycopg.connect(url, autocommit=True, application_name=APPLICATION)

    def _pause(self) -> float:
        """Return after how many seconds to look again unless woken."""
        with Session(self._engine) as session:
            if submission.in_flight(session):
                return POLL_SECONDS
            until_due = batches.wait_seconds(session, self._settings, now=self._clock())
            return IDLE_SECONDS if until_due is None else min(until_due, IDLE_SECONDS)
