"""Every measurement still runs, with the least effort: its figures mean nothing here, that it has them does."""

from pathlib import Path

from benchmarks import answering, ingest, market, sealing, starting, verification
from benchmarks.measure import LEAST, Row


def told(rows: list[Row]) -> list[tuple[str, str]]:
    """Return what was measured beside what. So little work may take less than the tick of a process's clock."""
    assert all(each.ours >= 0 and each.baseline >= 0 for each in rows)
    return [(each.what.partition(" (")[0], each.baseline_name) for each in rows]


def test_sealing_verifying_and_taking_in_are_measured_beside_what_they_contain() -> None:
    rows = [row for module in (sealing, verification, ingest) for row in module.rows(LEAST)]
    assert told(rows) == [
        ("seal a record", "its hashes and signature"),
        ("verify evidence of 1 record", "its signatures and hashes"),
        ("verify evidence of 16 records", "its signatures and hashes"),
        ("take in an event", "inserting the rows"),
    ]


def test_starting_is_measured_beside_bare_imports(tmp_path: Path) -> None:
    assert told(list(starting.rows(tmp_path, LEAST))) == [
        ("tidegate --help", "import typer, rich"),
        ("tidegate serve to ready", "import fastapi, sqlmodel, authlib"),
    ]


def test_pulls_and_tokens_are_measured_beside_bare_fastapi(tmp_path: Path) -> None:
    with market.opened(tmp_path, consents=1) as opened:
        rows = list(answering.rows(opened, LEAST, peers=False))
    assert told(rows) == [
        ("pull evidence of three records", "bare FastAPI, async"),
        ("give a token", "bare FastAPI, def"),
    ]
