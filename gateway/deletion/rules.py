"""The life of a bank's duty to delete: a total function of what was pulled, what the bank attested, and when. Pure.

What a bank pulled under a version falls due once the version's `data_life` is over. Pulls are known by the second, as
their receipts say it. An attestation is about all that was pulled up to an instant: deleted it never falls due again,
retained under a law it falls due when that time is over, if its own life is by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

LEAD = timedelta(days=7)
"""How long before something falls due its bank is reminded, at most."""
SHARE = 10
"""A life shorter than ten weeks has a tenth of itself as the lead."""
GRACE = timedelta(days=7)
"""How long after it fell due a duty that nothing is attested of is overdue."""
LONGEST_RETENTION = timedelta(days=10958)
"""Thirty years: no bank says today that it keeps something longer."""
BEGINNING = datetime.fromtimestamp(0, UTC)
NEVER = datetime.max.replace(tzinfo=UTC)


class State(StrEnum):
    """Where the duty stands for what was pulled in a span."""

    HELD = "held"
    """Its life is not over."""
    REMINDED = "reminded"
    """It falls due soon."""
    DUE = "due"
    OVERDUE = "overdue"
    RETAINED = "retained"
    """A law makes the bank keep it, for now."""
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Attested:
    """What a bank attested of all that it pulled up to an instant: deleted, or retained until another."""

    pulled_until: datetime
    retained_until: datetime | None


@dataclass(frozen=True, slots=True)
class Span:
    """Pulls after one instant and up to another of which the same is attested: retained until then, or nothing."""

    after: datetime
    until: datetime
    retained_until: datetime | None = None


def lead(life: timedelta) -> timedelta:
    """Return how long before something of this life falls due its bank is reminded."""
    return min(LEAD, life / SHARE)


def deleted_until(attested: Sequence[Attested]) -> datetime:
    """Return up to when all that was pulled is deleted, as attested."""
    return max((each.pulled_until for each in attested if each.retained_until is None), default=BEGINNING)


def spans(attested: Sequence[Attested]) -> list[Span]:
    """Return what is not deleted, oldest first, by what is attested of it; `attested` is in order of arrival.

    The newest attestation about a pull counts. The last span is open: nothing is attested of it.
    """
    found, lower = [], deleted_until(attested)
    for each in reversed(attested):
        if each.retained_until is not None and each.pulled_until > lower:
            found.append(Span(lower, each.pulled_until, each.retained_until))
            lower = each.pulled_until
    return [*found, Span(lower, NEVER)]


def due_at(span: Span, life: timedelta, pulled_at: datetime) -> datetime:
    """Return when a pull of the span falls due."""
    over = pulled_at + life
    return over if span.retained_until is None else max(over, span.retained_until)


def due_by(span: Span, life: timedelta, at: datetime) -> datetime:
    """Return up to when pulls of the span have fallen due at an instant; the span's beginning if none can have."""
    if span.retained_until is not None and span.retained_until > at:
        return span.after
    return max(span.after, min(span.until, at - life))


def newly(
    span: Span, life: timedelta, shift: timedelta, *, looked_at: datetime, now: datetime
) -> tuple[datetime, datetime] | None:
    """Return which pulls (after, up to) came to `shift` from falling due since they were looked at; None if none can.

    `shift` is negative before they fall due.
    """
    lower, upper = (due_by(span, life, at - shift) for at in (looked_at, now))
    return (lower, upper) if lower < upper else None


def state(span: Span, life: timedelta, pulled_at: datetime, *, now: datetime) -> State:
    """Return where the duty stands for the first pull of a span."""
    due = due_at(span, life, pulled_at)
    if now >= due + GRACE:
        return State.OVERDUE
    if now >= due:
        return State.DUE
    if span.retained_until is not None and now < span.retained_until:
        return State.RETAINED
    return State.REMINDED if now >= due - lead(life) else State.HELD
