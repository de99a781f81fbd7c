"""Who may sign second: the rules alone."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.consent import two_people
from gateway.consent.rules import Denied
from gateway.consent.two_people import Signer, Waiting

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
WAITING = Waiting("draft", "maker", "trader", NOW + timedelta(days=1))
MAKER, CHECKER, OUTSIDER = Signer("maker", "trader"), Signer("checker", "trader"), Signer("checker", "another")


@pytest.mark.parametrize(
    ("waiting", "draft", "by", "now", "denied"),
    [
        (WAITING, "draft", CHECKER, NOW, None),
        (WAITING, "draft", MAKER, NOW, two_people.OWN),
        (WAITING, "draft", OUTSIDER, NOW, two_people.STRANGER),
        (WAITING, "another", CHECKER, NOW, two_people.REPLACED),
        (WAITING, "draft", CHECKER, WAITING.expires_at, two_people.GONE),
        (None, "draft", CHECKER, NOW, two_people.GONE),
    ],
)
def test_another_person_of_the_owner_checks_what_waits_and_nobody_else(
    waiting: Waiting | None, draft: str, by: Signer, now: datetime, denied: str | None
) -> None:
    expected = Denied(denied) if denied else None
    assert two_people.may_check(waiting, draft, by, now=now) == expected


def test_who_signed_first_may_take_it_back_and_no_other_owner_may() -> None:
    assert two_people.may_decide(WAITING, "draft", MAKER, now=NOW) is None
    assert two_people.may_decide(WAITING, "draft", OUTSIDER, now=NOW) == Denied(two_people.STRANGER)


def test_what_waits_ends_with_the_request_or_after_fourteen_days() -> None:
    assert two_people.waits_until(NOW, NOW + timedelta(days=3)) == NOW + timedelta(days=3)
    assert two_people.waits_until(NOW, NOW + timedelta(days=300)) == NOW + timedelta(days=14)


def test_a_draft_is_signed_by_as_many_as_it_was_drawn_up_for() -> None:
    assert two_people.drafted_rightly(for_people=2, required=2) is None
    for drawn, required in ((1, 2), (2, 1)):
        assert two_people.drafted_rightly(for_people=drawn, required=required) == Denied(two_people.CHANGED)
