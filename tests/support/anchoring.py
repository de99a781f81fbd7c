"""Anchoring on an embedded ledger, stepped by hand."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from gateway import journal
from gateway.anchoring.worker import NO_HOOKS, Hooks, step
from gateway.keys import Keyring
from gateway.settings import Settings
from ledger.backends.base import Backend
from ledger.backends.embedded import Embedded
from ledger.backends.genesis import single_operator
from ledger.codec import b64u, sha256
from ledger.merkle import leaf_hash
from tests.support.app import TurnableClock

MOST_STEPS = 100


@dataclass(slots=True)
class Anchoring:
    """What a worker needs, and a clock that tests may turn."""

    engine: Engine
    backend: Backend
    keyring: Keyring
    settings: Settings
    clock: TurnableClock
    hooks: Hooks = NO_HOOKS

    def step(self) -> bool:
        """Take one step."""
        return step(self.engine, self.backend, self.keyring, self.settings, self.clock(), hooks=self.hooks)

    def finish(self) -> int:
        """Take steps until nothing changes; return how many changed something."""
        for count in range(MOST_STEPS):
            if not self.step():
                return count
        raise AssertionError(f"still changing after {MOST_STEPS} steps")

    def queue_leaves(self, *subjects: str, stream: journal.Stream = "records") -> None:
        """Queue a leaf for each subject."""
        with Session(self.engine) as session:
            leaves = [(leaf_of(subject), subject) for subject in subjects]
            journal.queue_leaves(session, stream, leaves, now=self.clock())
            session.commit()

    def queue_entry(self, entry_type: str, subject: str, **body: object) -> None:
        """Queue a ledger entry."""
        with Session(self.engine) as session:
            journal.queue_entry(session, type=entry_type, body=body, subject=subject, now=self.clock())
            session.commit()


def leaf_of(subject: str) -> bytes:
    """Return a leaf hash for `subject`."""
    return leaf_hash(sha256(subject.encode()))


def genesis(settings: Settings, keyring: Keyring) -> dict[str, object]:
    """Return the genesis of a ledger that this gateway runs alone."""
    usages = {"entries": keyring.organisation, "sealing": keyring.sealing, "receipts": keyring.receipts}
    return single_operator(
        chain=settings.chain,
        org=settings.gateway_id,
        keys=[{"kid": key.kid, "usage": usage, "public_key": key.public} for usage, key in usages.items()],
        validator=keyring.validator.private.public_key(),
    )


@contextmanager
def anchoring(
    engine: Engine, keyring: Keyring, settings: Settings, folder: Path, clock: TurnableClock | None = None
) -> Iterator[Anchoring]:
    """Yield anchoring on a new embedded ledger in `folder`."""
    clock = clock or TurnableClock(datetime(2026, 11, 24, 9, 0, tzinfo=UTC))
    backend = Embedded(
        folder / "ledger.sqlite",
        genesis=genesis(settings, keyring),
        validator_key=keyring.validator.private,
        clock=clock,
    )
    yield Anchoring(engine, backend, keyring, settings, clock)
    backend.close()


def consent_id(number: int = 0) -> str:
    """Return a consent's id: 32 bytes, base64url."""
    return b64u(sha256(str(number).encode()))


class Forgetful:
    """A ledger that acknowledges and then forgets what is submitted, until it is told to remember; time goes on."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.chain, self.engine = backend.chain, backend.engine
        self.outcome, self.block = backend.outcome, backend.block
        self.prove, self.trust, self.close = backend.prove, backend.trust, backend.close
        self.handovers = backend.handovers
        self.remembers = False
        self.ahead = 0

    def submit(self, entry: bytes) -> None:
        """Take an entry, or only seem to."""
        if self.remembers:
            self._backend.submit(entry)

    def height(self) -> int:
        """Return the height, `ahead` of the real one while nothing is remembered."""
        return self._backend.height() + (0 if self.remembers else self.ahead)
