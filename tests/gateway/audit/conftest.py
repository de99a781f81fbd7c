"""A gateway with a past, to be audited."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.audited import AtRest, Audited


@pytest.fixture
def past(past_at_rest: AtRest, cluster_url: str, tmp_path: Path) -> Iterator[Audited]:
    with past_at_rest.copied(cluster_url, tmp_path) as past:
        yield past
