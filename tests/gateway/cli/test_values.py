from datetime import UTC, datetime, timedelta

import pytest
import typer

from gateway.cli.values import duration, identifier, instant


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("30d", 2592000),
        ("12h", 43200),
        ("90m", 5400),
        ("45s", 45),
        ("1d12h", 129600),
        ("P30D", 2592000),
        ("PT1H30M", 5400),
    ],
)
def test_durations_are_read_as_people_and_as_standards_write_them(text: str, seconds: int) -> None:
    assert duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "P", "30", "d", "-1d", "1w", "1h1d"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is no duration: write it like 30d, 12h or P30D$"):
        duration(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-12-01T09:00:00Z", datetime(2026, 12, 1, 9, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
def test_instants_are_in_utc_to_the_second(text: str, expected: datetime) -> None:
    assert instant(text) == expected


@pytest.mark.parametrize("text", ["", "now", "2026-12-01T09:00:00+08:00", "2026-12-01T09:00Z", "2026-02-30"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r" is no instant: "):
        instant(text)


def test_identifiers_are_typed_and_may_have_an_issuer() -> None:
    assert identifier("booking:BK:1") == {"scheme": "booking", "value": "BK:1"}
    assert identifier("transport_document:SCAC/MAEU:HHL71800000") == {
        "scheme": "transport_document",
        "issuer": {"list": "SCAC", "code": "MAEU"},
        "value": "HHL71800000",
    }


@pytest.mark.parametrize("text", ["", "HHL71800000", "booking:", "Booking:1"])
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is no identifier: write SCHEME:VALUE or SCHEME:LIST/CODE:VALUE"):
        identifier(text)
