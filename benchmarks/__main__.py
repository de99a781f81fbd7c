"""Run every measurement and print the table: `python -m benchmarks`."""

from rich.console import Console
from rich.table import Table

from benchmarks import ingest, sealing, verification
from benchmarks.measure import Row


def main() -> None:
    """Measure and print."""
    table = Table("what", "ours", "baseline", "its time", "ratio", "goal", title="Microseconds, median of 5 rounds")
    for module in (sealing, verification, ingest):
        for row in module.rows():
            table.add_row(*_cells(row))
    Console(width=120).print(table)


def _cells(row: Row) -> tuple[str, ...]:
    goal = f"at most {row.goal:g}" if row.goal else ""
    return row.what, f"{row.ours:,.0f}", row.baseline_name, f"{row.baseline:,.0f}", f"{row.ratio:.2f}", goal


if __name__ == "__main__":
    main()
