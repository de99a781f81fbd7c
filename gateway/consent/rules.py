"""The life of a consent: a total function of where it stands, what happens, and when. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """Where a consent stands."""

    REQUESTED = "requested"
    ACTIVE = "active"
    PAUSED = "paused"
    REFUSED = "refused"
    REVOKED = "revoked"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    TITLE = "title"
    """Title to a document that it names passed on; the word is the ledger's."""


class Event(StrEnum):
    """What can happen to a consent after it was requested, in the words of a consent record."""

    GIVEN = "given"
    REFUSED = "refused"
    PAUSED = "paused"
    RESUMED = "resumed"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    EXHAUSTED = "exhausted"
    ENDED_BY_TITLE = "ended_by_title"


LIVING = frozenset({State.ACTIVE, State.PAUSED})
OPEN = LIVING | {State.REQUESTED}
"""States that time ends."""
AGREEMENTS = frozenset({Event.GIVEN, Event.AMENDED})
"""Events that the owner signs with new terms: each makes a version."""
TRANSITIONS: Mapping[Event, tuple[frozenset[State], State]] = {
    Event.GIVEN: (frozenset({State.REQUESTED}), State.ACTIVE),
    Event.REFUSED: (frozenset({State.REQUESTED}), State.REFUSED),
    Event.PAUSED: (frozenset({State.ACTIVE}), State.PAUSED),
    Event.RESUMED: (frozenset({State.PAUSED}), State.ACTIVE),
    Event.AMENDED: (LIVING, State.ACTIVE),
    Event.WITHDRAWN: (LIVING, State.REVOKED),
    Event.EXPIRED: (frozenset({State.EXPIRED}), State.EXPIRED),
    Event.EXHAUSTED: (LIVING, State.EXHAUSTED),
    Event.ENDED_BY_TITLE: (LIVING, State.TITLE),
}
"""From which states an event leads to which; `at` has made time's part before."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A consent's state since an instant, its version (0 until it is given), and when that state ends by itself."""

    state: State
    since: datetime
    version: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Denied:
    """The event cannot happen to a consent that stands so."""

    reason: str


def told(state: str) -> str:
    """Return a state as "the consent is ..." goes on."""
    return "ended because title to a bill of lading that it names passed on" if state == State.TITLE else state


def by_owner(event: Event) -> str:
    """Return the reason that is stored with what an owner does."""
    return f"{event} by the owner"


def requested(*, now: datetime, expires_at: datetime) -> Standing:
    """Return the standing of a consent that a bank asks for at `now`, and that lapses unanswered at `expires_at`."""
    return Standing(State.REQUESTED, now, 0, expires_at)


def at(standing: Standing, now: datetime) -> Standing:
    """Return where the consent stands at `now`: nothing is in force from `expires_at` on, whatever is stored."""
    if standing.state in OPEN and now >= standing.expires_at:
        return replace(standing, state=State.EXPIRED, since=standing.expires_at)
    return standing


def apply(standing: Standing, event: Event, *, now: datetime, expires_at: datetime | None = None) -> Standing | Denied:
    """Return where the consent stands after `event` at `now`, or why that cannot be.

    `expires_at`: the end that the owner agreed to, where the event is an agreement.
    """
    present = at(standing, now)
    allowed, to = TRANSITIONS[event]
    if present.state not in allowed:
        return Denied(f"it is {told(present.state)}")
    if event is Event.EXPIRED:
        return present if standing.state in OPEN else Denied("it is expired")
    if event not in AGREEMENTS:
        return replace(present, state=to, since=now)
    ends = expires_at or standing.expires_at
    if ends <= now:
        return Denied(f"it would end at {ends:%Y-%m-%dT%H:%M:%SZ}, which is past")
    return Standing(to, now, present.version + 1, ends)
