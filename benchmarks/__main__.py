"""Run every measurement and print the table: `python -m benchmarks`, with the peers on Node if `--peers` is given."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import answering, cores, ingest, market, node, sealing, starting, verification
from benchmarks.measure import Effort, Row


def measured(effort: Effort, *, peers: bool) -> Iterator[Row]:
    """Yield every figure."""
    for module in (sealing, verification, ingest):
        yield from module.rows(effort)
    cores.generate()
    with tempfile.TemporaryDirectory() as folder, market.opened(Path(folder)) as opened:
        yield from answering.rows(opened, effort, peers=peers)
    with tempfile.TemporaryDirectory() as folder, cores.on_servers_core():
        yield from starting.rows(Path(folder), effort)


def main(arguments: list[str]) -> None:
    """Measure and print; with `--peers`, install those and measure beside them too."""
    peers, effort = "--peers" in arguments, Effort()
    if peers:
        node.install()
    title = f"Microseconds, median of {effort.rounds} rounds"
    table = Table("what", "ours", "a second", "baseline", "its time", "ratio", "goal: at most", title=title)
    for row in measured(effort, peers=peers):
        table.add_row(*_cells(row))
    Console(width=150).print(table)


def _cells(row: Row) -> tuple[str, ...]:
    goal = f"{row.goal:g}" if row.goal else ""
    figures = (f"{row.ours:,.0f}", f"{1e6 / row.ours:,.0f}")
    return row.what, *figures, row.baseline_name, f"{row.baseline:,.0f}", f"{row.ratio:.2f}", goal


if __name__ == "__main__":
    main(sys.argv[1:])
