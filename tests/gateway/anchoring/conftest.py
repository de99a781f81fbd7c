from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from gateway import keys
from gateway.settings import Settings
from tests.support.anchoring import Anchoring, anchoring


@pytest.fixture
def at_work(engine: Engine, tmp_path: Path) -> Iterator[Anchoring]:
    settings = Settings(data_dir=tmp_path, database_url=None)
    keys.create(settings.keys_path)
    with anchoring(engine, keys.load(settings.keys_path), settings, tmp_path) as ready:
        yield ready
