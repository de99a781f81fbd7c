"""The life of a duty to delete, against what its words say of each single pull."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.deletion import rules
from gateway.deletion.rules import GRACE, LEAD, Attested, Span, State

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
DAYS = st.integers(0, 60).map(lambda days: START + timedelta(days=days))
LIVES = st.sampled_from([timedelta(hours=5), timedelta(days=3), timedelta(days=30), timedelta(days=90)])
ATTESTED = st.lists(st.builds(Attested, DAYS, st.none() | DAYS), max_size=5)
SHIFTS = st.sampled_from([-timedelta(hours=7), timedelta(), GRACE])


def due(attested: list[Attested], life: timedelta, pulled_at: datetime) -> datetime | None:
    """Say when a pull falls due, in the plainest way; None once it is deleted."""
    about = [each for each in attested if each.pulled_until >= pulled_at]
    if any(each.retained_until is None for each in about):
        return None
    newest = about[-1].retained_until if about else None
    return max(pulled_at + life, newest) if newest else pulled_at + life


def containing(attested: list[Attested], pulled_at: datetime) -> list[Span]:
    return [each for each in rules.spans(attested) if each.after < pulled_at <= each.until]


@given(attested=ATTESTED, life=LIVES, pulled_at=DAYS)
def test_each_pull_that_is_not_deleted_lies_in_one_span_and_falls_due_as_the_newest_word_about_it_says(
    attested: list[Attested], life: timedelta, pulled_at: datetime
) -> None:
    expected = due(attested, life, pulled_at)
    assert [rules.due_at(each, life, pulled_at) for each in containing(attested, pulled_at)] == (
        [] if expected is None else [expected]
    )


@given(
    attested=ATTESTED,
    life=LIVES,
    shift=SHIFTS,
    pulled_at=DAYS,
    looks=st.lists(st.integers(0, 3000), min_size=1, max_size=6),
)
@example(
    attested=[Attested(START, START + timedelta(days=1))],
    life=timedelta(days=3),
    shift=timedelta(),
    pulled_at=START + timedelta(days=1),
    looks=[105 * 24],
)
def test_a_pull_comes_to_a_stage_in_the_first_look_after_its_instant_and_in_no_other(
    attested: list[Attested], life: timedelta, shift: timedelta, pulled_at: datetime, looks: list[int]
) -> None:
    begin = START - timedelta(days=100)
    times = [begin, *sorted(begin + timedelta(hours=hours) for hours in looks)]
    at = due(attested, life, pulled_at)
    for looked_at, now in pairwise(times):
        told = [
            window
            for span in rules.spans(attested)
            if (window := rules.newly(span, life, shift, looked_at=looked_at, now=now))
            and window[0] < pulled_at <= window[1]
        ]
        assert len(told) == (at is not None and looked_at < at + shift <= now)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (82, State.HELD),
        (83, State.REMINDED),
        (89, State.REMINDED),
        (90, State.DUE),
        (96, State.DUE),
        (97, State.OVERDUE),
        (900, State.OVERDUE),
    ],
)
def test_a_duty_of_ninety_days_is_reminded_of_due_and_overdue(days: int, expected: State) -> None:
    (span,) = rules.spans([])
    assert rules.state(span, timedelta(days=90), START, now=START + timedelta(days=days)) == expected


@pytest.mark.parametrize(("days", "expected"), [(1, State.RETAINED), (399, State.RETAINED), (400, State.DUE)])
def test_what_a_law_keeps_falls_due_when_that_ends(days: int, expected: State) -> None:
    span, _ = rules.spans([Attested(START, START + timedelta(days=400))])
    assert rules.state(span, timedelta(days=90), START, now=START + timedelta(days=days)) == expected


@given(life=LIVES)
def test_the_lead_is_a_week_or_a_tenth_of_a_shorter_life(life: timedelta) -> None:
    assert rules.lead(life) == min(LEAD, life / 10)
