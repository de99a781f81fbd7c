"""Measure the replicated ledger, and print the table as it grows: `python -m benchmarks.ledger`."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ledger import commits, growth, waiting
from benchmarks.ledger.figures import HEAD, Effort, Figure


def measured(folder: Path, effort: Effort) -> Iterator[Figure]:
    """Yield every figure; `folder` is empty."""
    for module in (commits, waiting, growth):
        place = folder / module.__name__.rpartition(".")[2]
        place.mkdir()
        yield from module.figures(place, effort)


def main() -> None:
    """Measure, and print the table."""
    print(HEAD)
    with tempfile.TemporaryDirectory() as folder:
        for each in measured(Path(folder), Effort()):
            print(each.line(), flush=True)


if __name__ == "__main__":
    main()
