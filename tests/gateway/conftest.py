"""A gateway with a past, which is lived once a test process."""

from collections.abc import Iterator

import pytest

from tests.support.audited import AtRest, at_rest


@pytest.fixture(scope="session")
def past_at_rest(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtRest]:
    with at_rest(cluster_url, tmp_path_factory.mktemp("past")) as found:
        yield found
