"""The migrations make the schema that the tables say."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from gateway import migrations
from gateway.db import connect
from tests.support.database import empty_database


@pytest.fixture
def empty(cluster_url: str) -> Iterator[Engine]:
    with empty_database(cluster_url) as url:
        engine = connect(url)
        yield engine
        engine.dispose()


def test_an_upgraded_database_has_the_tables_schema(empty: Engine) -> None:
    migrations.upgrade(empty)
    with empty.connect() as connection:
        assert migrations.is_current(connection)
        assert migrations.differences(connection) == []


def test_upgrading_again_changes_nothing(empty: Engine) -> None:
    migrations.upgrade(empty)
    migrations.upgrade(empty)
    assert migrations.revise(empty, "nothing") is None


def test_an_empty_database_is_not_current(empty: Engine) -> None:
    with empty.connect() as connection:
        assert not migrations.is_current(connection)


def test_a_difference_is_seen(empty: Engine) -> None:
    migrations.upgrade(empty)
    with empty.begin() as connection:
        connection.execute(text("ALTER TABLE consent DROP COLUMN pulls"))
        assert migrations.differences(connection) != []


def test_migrations_are_numbered_without_gaps() -> None:
    files = sorted(path.name for path in (Path(migrations.__file__).parent / "versions").glob("*.py"))
    assert [name[:4] for name in files] == [f"{number:04}" for number in range(1, len(files) + 1)]
