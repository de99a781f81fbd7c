from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.consent import rules
from gateway.consent.rules import Denied, Event, Standing, State

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ENDS = NOW + timedelta(days=30)
DAY = timedelta(days=1)


def standing(state: State, version: int = 1) -> Standing:
    return Standing(state, NOW, version, ENDS)


def test_every_event_has_its_transition() -> None:
    assert set(rules.TRANSITIONS) == set(Event)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_the_function_is_total(state: State, event: Event) -> None:
    verdict = rules.apply(standing(state), event, now=NOW + DAY)
    possible = state in rules.TRANSITIONS[event][0] and event is not Event.EXPIRED
    assert isinstance(verdict, Standing) is possible


def test_a_consent_is_given_once_and_amended_afterwards() -> None:
    given = rules.apply(rules.requested(now=NOW, expires_at=ENDS), Event.GIVEN, now=NOW, expires_at=ENDS - DAY)
    assert given == Standing(State.ACTIVE, NOW, 1, ENDS - DAY)
    assert rules.apply(given, Event.GIVEN, now=NOW) == Denied("it is active")
    assert rules.apply(given, Event.AMENDED, now=NOW + DAY, expires_at=ENDS) == Standing(
        State.ACTIVE, NOW + DAY, 2, ENDS
    )


def test_nothing_is_in_force_from_its_end_on() -> None:
    active = standing(State.ACTIVE)
    assert rules.at(active, ENDS - timedelta(microseconds=1)).state is State.ACTIVE
    assert rules.at(active, ENDS) == replace(active, state=State.EXPIRED, since=ENDS)
    assert rules.apply(active, Event.WITHDRAWN, now=ENDS) == Denied("it is expired")


def test_a_consent_is_not_expired_before_its_time_nor_twice() -> None:
    active = standing(State.ACTIVE)
    assert rules.apply(active, Event.EXPIRED, now=NOW) == Denied("it is active")
    expired = rules.apply(active, Event.EXPIRED, now=ENDS + DAY)
    assert expired == Standing(State.EXPIRED, ENDS, 1, ENDS)
    assert rules.apply(expired, Event.EXPIRED, now=ENDS + DAY) == Denied("it is expired")


def test_nobody_agrees_to_what_is_past() -> None:
    verdict = rules.apply(standing(State.REQUESTED, 0), Event.GIVEN, now=NOW, expires_at=NOW)
    assert verdict == Denied("it would end at 2026-11-24T09:00:00Z, which is past")


class Life(RuleBasedStateMachine):
    """Any events at any times, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.standing = rules.requested(now=NOW, expires_at=ENDS)
        self.happened: list[Event] = []
        self.ended_as: State | None = None

    @rule(event=st.sampled_from(Event), days=st.integers(0, 12), lasts=st.none() | st.integers(-5, 40))
    def happens(self, event: Event, days: int, lasts: int | None) -> None:
        self.now += days * DAY
        expires_at = None if lasts is None else self.now + lasts * DAY
        verdict = rules.apply(self.standing, event, now=self.now, expires_at=expires_at)
        if isinstance(verdict, Standing):
            self.happened.append(event)
            assert verdict.version >= self.standing.version
            self.standing = verdict

    @invariant()
    def versions_count_what_the_owner_signed(self) -> None:
        assert self.standing.version == len([event for event in self.happened if event in rules.AGREEMENTS])

    @invariant()
    def what_has_ended_stays_so(self) -> None:
        present = rules.at(self.standing, self.now).state
        if self.ended_as is not None:
            assert present is self.ended_as
        if present not in rules.OPEN:
            self.ended_as = present

    @invariant()
    def what_is_in_force_was_given_and_has_not_reached_its_end(self) -> None:
        if rules.at(self.standing, self.now).state is State.ACTIVE:
            assert self.now < self.standing.expires_at
            assert Event.GIVEN in self.happened
            assert self.standing.version >= 1


TestLife = Life.TestCase
