import pytest

from gateway.cli.demo.operated import is_released


@pytest.mark.parametrize(
    ("leaves", "entries", "last", "proved", "released"),
    [
        pytest.param(0, 0, None, None, True, id="nothing was ever stored"),
        pytest.param(0, 0, None, 2, True, id="nothing was stored, and the genesis is proved"),
        pytest.param(1, 0, None, None, False, id="a leaf waits"),
        pytest.param(0, 1, 7, 8, False, id="an entry waits"),
        pytest.param(0, 0, 7, None, False, id="final, and nothing is proved yet"),
        pytest.param(0, 0, 7, 7, False, id="final, and the header above is not proved yet"),
        pytest.param(0, 0, 7, 8, True, id="final and proved"),
    ],
)
def test_what_was_stored_is_released_once_the_header_above_it_is_proved(
    leaves: int, entries: int, last: int | None, proved: int | None, *, released: bool
) -> None:
    found = {"leaves": leaves, "entries": entries, "last_height": last, "proved_height": proved}
    assert is_released({"anchoring": found}) is released
