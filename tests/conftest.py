"""What every test may ask for: a database of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from gateway.db import connect
from tests.support.app import Gateway, running
from tests.support.database import cluster, database


@pytest.fixture(scope="session")
def cluster_url() -> Iterator[str]:
    with cluster() as url:
        yield url


@pytest.fixture
def database_url(cluster_url: str) -> Iterator[str]:
    with database(cluster_url) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    with Session(engine) as session:
        yield session


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[Gateway]:
    with running(database_url, tmp_path) as gateway:
        yield gateway
