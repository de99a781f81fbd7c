"""The whole path, for requests over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.path import WholePath, whole_path


@pytest.fixture
def path(database_url: str, tmp_path: Path) -> Iterator[WholePath]:
    with whole_path(database_url, tmp_path) as path:
        yield path
