from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.anchoring import Anchoring, anchoring
from tests.support.app import Gateway


@pytest.fixture
def at_work(gateway: Gateway, tmp_path: Path) -> Iterator[Anchoring]:
    """The anchoring of that gateway, by its clock."""
    with anchoring(gateway.app.state.engine, gateway.keyring, gateway.settings, tmp_path, gateway.clock) as ready:
        yield ready
