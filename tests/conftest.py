"""What every test may ask for: a database of its own."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import Engine
from sqlmodel import Session

from gateway.db import connect
from tests.support.app import Gateway, running
from tests.support.database import cluster, database


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tidegate")
    group.addoption("--kills", type=int, default=8, help="how many processes are killed under load")
    group.addoption("--races", type=int, default=50, help="how many revocations race with what is told")
    group.addoption("--revocations", type=int, default=20, help="how many revocations race with pulls")
    group.addoption("--submits", type=int, default=10, help="how many requests are sent a hundred times at once")
    group.addoption("--network-restarts", type=int, default=0, help="how often a network goes down and up again")
    group.addoption("--restarts", type=int, default=2, help="how often PostgreSQL is restarted under load")
    group.addoption("--bytes-apart", type=int, default=3, help="how far apart the bent bytes of an evidence are")
    group.addoption("--steps", type=int, default=50, help="how many steps consents are lived through at random")
    group.addoption("--node-kills", type=int, default=3, help="how many processes of a ledger's nodes are killed")
    group.addoption("--claims", type=int, default=60, help="how many fingerprints two gateways claim at once")
    group.addoption("--sequences", type=int, default=6, help="how many sequences of entries two ledgers are given")
    group.addoption("--soak-seconds", type=float, default=5.0, help="how long the market works without any trouble")
    group.addoption("--seed", type=int, default=None, help="repeats what was chosen at random under load")


def pytest_configure(config: pytest.Config) -> None:
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")
    if config.option.seed is None:
        config.option.seed = secrets.randbelow(1_000_000)


def pytest_report_header(config: pytest.Config) -> str:
    return f"seed: {config.option.seed} (--seed repeats it)"


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
