"""Run every measurement and print the table: `python -m benchmarks`, with the peers on Node if `--peers` is given."""

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

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
    """Measure, and print the table as it grows; with `--peers`, install those and measure beside them too."""
    peers, effort = "--peers" in arguments, Effort()
    if peers:
        node.install()
    print("| what | ours, microseconds | a second | baseline | its microseconds | ratio | goal: at most |")
    print("|---|---|---|---|---|---|---|")
    for row in measured(effort, peers=peers):
        print(_line(row), flush=True)


def _line(row: Row) -> str:
    goal = f"{row.goal:g}" if row.goal else ""
    ours, baseline = f"{row.ours:,.0f} | {1e6 / row.ours:,.0f}", f"{row.baseline_name} | {row.baseline:,.0f}"
    return f"| {row.what} | {ours} | {baseline} | {row.ratio:.2f} | {goal} |"


if __name__ == "__main__":
    main(sys.argv[1:])
