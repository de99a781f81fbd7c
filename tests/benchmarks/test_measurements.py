"""Every measurement still runs, with the least effort: its figures mean nothing here, that it has them does."""

from pathlib import Path

from benchmarks import answering, ingest, market, sealing, starting, verification
from benchmarks.ledger import figures
from benchmarks.ledger.__main__ import measured
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


def test_the_ledger_is_measured_beside_the_engines_own_store(tmp_path: Path) -> None:
    lines = [each.line() for each in measured(tmp_path, figures.LEAST)]
    assert [line.split(" | ")[0].removeprefix("| ").partition(" (")[0] for line in lines] == [
        "entry of 370 bytes committed, p50",
        "signed entries a second",
        "records anchored a second",
        "signed entries a second",
        "record acknowledged to evidence available, p50",
        "evidence of one record among 1: size",
        "evidence of one record among 1: verification",
        "evidence of one record among 8: size",
        "evidence of one record among 8: verification",
        "state of 100 consents: one consent of a snapshot restored",
        "state of 100 consents: an entry checked and executed",
        "state of 100 consents: start of the application",
        "state of 100 consents: its memory",
    ]


def test_a_figure_says_whether_it_keeps_its_goal() -> None:
    slow = figures.Figure("commit", 3.0, "ms", ("store", 2.0), 1.3)
    assert slow.line() == "| commit | 3 ms | store | 2 ms | 1.50 | at most 1.3 | **no** |"
    fast = figures.Figure("entries", 1500.0, "/s", ("store", 3000.0), 0.25, more_is_better=True)
    assert fast.line() == "| entries | 1,500 /s | store | 3,000 /s | 0.50 | at least 0.25 | yes |"
    assert figures.Figure("size", 11_540, "bytes").line() == "| size | 11,540 bytes |  |  |  |  |  |"
