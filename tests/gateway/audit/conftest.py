"""A gateway with a past, to be audited."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.audited import Audited, audited


@pytest.fixture
def past(database_url: str, tmp_path: Path) -> Iterator[Audited]:
    with audited(database_url, tmp_path) as past:
        yield past
