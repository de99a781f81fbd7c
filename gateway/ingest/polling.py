"""Fetch from a provider's API what is new, page by page, and take it in like a push.

A page and the cursor after it are stored in one transaction: a crash repeats a page, and what is repeated is a
duplicate. No transaction is open while the API is waited for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Engine
from sqlmodel import Session

from connectors.base import Endpoint, Page, Received
from connectors.errors import TerminalError, TransientError, Unmappable
from connectors.http import Fetch
from gateway.clock import Clock
from gateway.directory.participants import participant
from gateway.errors import ConflictError, InvalidError
from gateway.ingest import sources
from gateway.ingest.pushes import Push, receive
from gateway.ingest.sources import Stand
from gateway.ingest.tables import Source
from gateway.keys import Keyring
from gateway.settings import Settings

POLL = Endpoint("poll", ("application/json",))
"""What is fetched arrives as if through this endpoint."""
MOST_PAGES = 100
"""So many pages at a time: the rest comes with the next poll, after other sources had their turn."""
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Outcome:
    """What a poll brought: pages fetched, records made, messages refused; `error` if it ended early."""

    pages: int = 0
    accepted: int = 0
    refused: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Poller:
    """What it takes to poll."""

    engine: Engine
    keyring: Keyring
    settings: Settings
    fetch: Fetch
    clock: Clock

    def poll_due(self) -> int:
        """Poll every source that is due, one after another; return how many."""
        with Session(self.engine) as session:
            found = sources.due(session, now=self.clock())
        for each in found:
            self.poll(each)
        return len(found)

    def poll(self, source_id: str) -> Outcome:
        """Fetch what is new. A failure is noted at the source and returned, not raised. Raises `NotFoundError`."""
        outcome = Outcome()
        try:
            while outcome.pages < MOST_PAGES and self._next_page(source_id, outcome):
                pass
        except (TransientError, TerminalError, Unmappable) as error:
            outcome.error = str(error)
            pause = error.seconds if isinstance(error, TransientError) else None
            with Session(self.engine) as session:
                sources.failed(session, source_id, outcome.error, pause=pause, now=self.clock())
                session.commit()
            _log.warning("a source could not be fetched from", source=source_id, error=type(error).__name__)
        return outcome

    def _next_page(self, source_id: str, outcome: Outcome) -> bool:
        """Fetch and take in one page; return whether there is another."""
        with Session(self.engine) as session:
            at = sources.stand(session, self.keyring.records, source_id)
        page = self.fetch(at.url, at.connector.request(at.cursor), headers=at.headers)
        onward = at.connector.onward(at.cursor, page)
        with Session(self.engine) as session:
            source = sources.locked(session, at)
            if source is None:
                return False
            accepted, refused = self._take_in(session, at, page)
            outcome.pages += 1
            outcome.accepted += accepted
            outcome.refused += refused
            self._move_on(source, onward.cursor, more=onward.more)
            source.accepted += accepted
            source.refused += refused
            session.commit()
        return onward.more

    def _move_on(self, source: Source, cursor: str, *, more: bool) -> None:
        now = self.clock()
        source.cursor = cursor
        source.failures, source.last_error, source.last_success_at = 0, None, now
        source.next_at = now if more else now + timedelta(seconds=source.every_seconds)

    def _take_in(self, session: Session, at: Stand, page: Page) -> tuple[int, int]:
        """Take a page in whole, or if something in it is refused, message by message; count records and refusals."""
        messages = at.connector.messages(page)
        if not messages:
            return 0, 0
        accepted = self._receive(session, at, page.body)
        if accepted is not None:
            return accepted, 0
        found = [self._receive(session, at, each) for each in messages]
        return sum(each or 0 for each in found), sum(each is None for each in found)

    def _receive(self, session: Session, at: Stand, body: bytes) -> int | None:
        """Take in a message; return how many records it made, None if it was refused, and then quarantined."""
        provider = participant(session, at.provider_id, role="provider")
        received = Received(POLL.name, body, {}, provider.carrier_code)
        push = Push(at.provider_id, at.connector, POLL, received, None, self.clock())
        try:
            return sum(each.new for each in receive(session, self.keyring, self.settings, push))
        except (InvalidError, ConflictError):
            return None


def describe(outcome: Outcome) -> Sequence[str]:
    """Return an outcome in words."""
    said = f"{outcome.pages} pages, {outcome.accepted} new records, {outcome.refused} messages refused"
    return [said] if outcome.error is None else [said, f"ended early: {outcome.error}"]


def lag(source: Source, *, now: datetime) -> timedelta | None:
    """Return how long ago a source was last fetched from; None if it never was."""
    return None if source.last_success_at is None else now - source.last_success_at
