"""A small whole evidence for the tests of its verification."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.evidence import Maker


@pytest.fixture
def maker(tmp_path: Path) -> Iterator[Maker]:
    maker = Maker(tmp_path)
    yield maker
    maker.ledger.close()
