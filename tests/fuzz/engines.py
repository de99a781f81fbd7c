"""How inputs are found: by coverage where Atheris is installed, else by mutation alone."""

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from random import Random

from tests.fuzz.mutation import Mutator, mutated
from tests.fuzz.target import FindingError, Target, check

PATIENCE = 4.0
"""How many times longer than on a quick machine of its own an input may take."""
GROWN = 50
"""Of so many inputs one is as large as may be."""
SEEDS = 40
MOST_MEMORY = 512
"""Megabytes that a target may take."""
CHANGED = 65_536
"""Bytes of the largest input that is mutated rather than grown."""


def inputs(target: Target, seed: int, *, largest: int | None = None) -> Iterator[bytes]:
    """Yield inputs for a target without end, the same of the same seed: its seeds first."""
    random = Random(seed)  # noqa: S311 - not for secrets
    seeds = target.seeds()
    size = min(largest or target.largest, target.largest)
    mutator = Mutator(random, [each for each in seeds if len(each) <= CHANGED] or seeds, largest=target.largest)
    yield from seeds
    while True:
        yield (
            mutator.grown(random.choice((1024, 32_768, 262_144, size)))
            if random.randrange(GROWN) == 0
            else mutator.new()
        )


def blind(target: Target, seconds: float, seed: int, crashes: Path) -> int:
    """Try inputs for so many seconds; return how many. Raises `FindingError`, having kept the input."""
    ends, count, before = time.monotonic() + seconds, 0, _memory()
    for data in inputs(target, seed):
        try:
            check(target, data, patience=PATIENCE)
            if _memory() - before > MOST_MEMORY:
                raise FindingError(f"{target.name}: memory grew by more than {MOST_MEMORY} megabytes")
        except FindingError:
            keep(crashes / target.name, data)
            raise
        count += 1
        if time.monotonic() > ends:
            break
    return count


def guided(name: str, seconds: float, crashes: Path) -> None:
    """Let Atheris find inputs for a target by coverage; ends the process. What it finds it writes down and tells."""
    atheris = import_module("atheris")
    with atheris.instrument_imports(include=["ledger", "schemas", "connectors", "gateway"]):
        target = import_module("tests.fuzz.targets").TARGETS[name]
    seeds = target.seeds()
    corpus = crashes / name / "corpus"
    for each in seeds:
        keep(corpus, each)

    def one(data: bytes) -> None:
        check(target, data, patience=PATIENCE)

    def change(data: bytes, most: int, seed: int) -> bytes:
        return mutated(data, most, seed, seeds=seeds)

    options = {
        "max_total_time": max(1, round(seconds)),
        "max_len": min(target.largest, CHANGED),
        "timeout": 10,
        "rss_limit_mb": 2048,
        "artifact_prefix": f"{crashes / name}/",
        "print_final_stats": 1,
        "verbosity": 0,
    }
    atheris.Setup(
        [sys.argv[0], str(corpus), *(f"-{key}={value}" for key, value in options.items())], one, custom_mutator=change
    )
    atheris.Fuzz()


def keep(folder: Path, data: bytes) -> None:
    """Write an input down, by its digest."""
    folder.mkdir(parents=True, exist_ok=True)
    digest = import_module("hashlib").sha256(data).hexdigest()[:16]
    with suppress(OSError):
        (folder / digest).write_bytes(data)


def _memory() -> int:
    """Return the most memory that this process has had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
