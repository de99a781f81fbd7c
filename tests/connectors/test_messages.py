"""What messages of all standards have in common."""

import pytest

from connectors.messages import is_instant, sortable

INSTANTS = [
    "0001-01-01T00:00:00Z",
    "0999-12-31T23:59:59.999999Z",
    "2026-11-24T09:00:00.5+08:00",
    "2026-11-24t01:00:01z",
]


def test_instants_compare_as_times_do() -> None:
    assert [is_instant(each) for each in INSTANTS] == [True] * len(INSTANTS)
    assert [sortable(each) for each in INSTANTS] == [
        "0001-01-01T00:00:00.000000Z",
        "0999-12-31T23:59:59.999999Z",
        "2026-11-24T01:00:00.500000Z",
        "2026-11-24T01:00:01.000000Z",
    ]
    assert sorted(INSTANTS, key=sortable) == INSTANTS


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-00:01", "0001-01-01T00:00:00+00:01", "2026-02-30T00:00:00Z"])
def test_an_instant_that_is_none_in_utc_is_none(text: str) -> None:
    assert not is_instant(text)
