"""The whole path, whose banks are told; and a receiver of webhooks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.path import whole_path
from tests.support.receiver import Receiver
from tests.support.telling import Told, telling, trusted


@pytest.fixture
def told(database_url: str, tmp_path: Path) -> Iterator[Told]:
    with whole_path(database_url, tmp_path) as path, telling(path) as told:
        yield told


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with trusted(tmp_path, monkeypatch) as receiver:
        yield receiver
