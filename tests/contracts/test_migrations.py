"""The migrations make the schema that the tables say."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
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


def test_duties_from_before_attestations_are_kept_for_each_version_and_looked_at_anew(cluster_url: str) -> None:
    """One whose bank was told, and one that was forgotten because it was: nothing was ever attested of either."""
    with empty_database(cluster_url) as url:
        engine = connect(url)
        with engine.begin() as connection:
            command.upgrade(migrations._config(connection), "0007")
            connection.execute(text(BEFORE_ATTESTATIONS))
        migrations.upgrade(engine)
        with engine.connect() as connection:
            rows = connection.execute(text(DUTIES)).all()
        engine.dispose()
    assert [tuple(row) for row in rows] == [
        ("forgotten", 1, False, True),
        ("told", 1, True, True),
        ("told", 2, True, True),
    ]


DUTIES = """
SELECT consent_id, version, looked_at < now() - interval '1 hour', next_at <= now() FROM deletionduty ORDER BY 1, 2
"""
BEFORE_ATTESTATIONS = """
SET session_replication_role = replica;
INSERT INTO consentversion (consent_id, version, terms, record, notice, salt, commitment, digest, created_at)
SELECT id, version, '{}', '{}', '', '', '', '', now()
FROM (VALUES ('told', 1), ('told', 2), ('forgotten', 1), ('unused', 1)) AS t(id, version);
INSERT INTO deletionduty (consent_id, told_until, next_at)
VALUES ('told', now() - interval '1 day', now() + interval '1 day');
INSERT INTO receipt (jti, consent_id, version, bank_id, jws, opening, created_at)
VALUES ('r', 'forgotten', 1, 'bank', '', true, now());
SET session_replication_role = DEFAULT;
"""
"""Rows without what they refer to, which does not matter here."""
