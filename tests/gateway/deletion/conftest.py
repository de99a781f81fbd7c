"""The whole path, whose banks are told what they must delete."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.path import whole_path
from tests.support.telling import Told, telling


@pytest.fixture
def told(database_url: str, tmp_path: Path) -> Iterator[Told]:
    with whole_path(database_url, tmp_path) as path, telling(path) as told:
        yield told
