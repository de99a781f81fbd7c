"""`make fuzz`: every target for so many seconds, each in a process of its own."""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

from tests.fuzz.engines import blind, guided
from tests.fuzz.target import FindingError
from tests.fuzz.targets import TARGETS

CRASHES = Path("build") / "fuzz"


def main() -> int:
    """Fuzz, and return how many targets have a finding."""
    asked = _arguments()
    if asked.one is None:
        return _all(asked.seconds, asked.seed, asked.targets or list(TARGETS))
    if find_spec("atheris") and not asked.blind:
        guided(asked.one, asked.seconds, CRASHES)
        return 0
    try:
        count = blind(TARGETS[asked.one], asked.seconds, asked.seed, CRASHES)
    except FindingError as error:
        sys.stdout.write(f"{error}\n")
        raise
    sys.stdout.write(f"{count} inputs\n")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=5.0, help="for each target")
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"), help="of the random numbers")
    parser.add_argument("--blind", action="store_true", help="without coverage, though Atheris is installed")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("targets", nargs="*", help="all, if none is named")
    return parser.parse_args()


def _all(seconds: float, seed: int, names: list[str]) -> int:
    """Run each target twice, by mutation alone and by coverage if that can be; tell what came of it."""
    engines = ["--blind", *([] if find_spec("atheris") is None else [""])]
    jobs = [(name, engine) for name in names for engine in engines]
    sys.stdout.write(f"{len(names)} targets, {seconds:g} seconds each; seed {seed}\n")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        codes = list(pool.map(lambda job: _run(job[0], job[1], seconds / len(engines), seed), jobs))
    failed = [name for (name, _), code in zip(jobs, codes, strict=True) if code]
    sys.stdout.write(f"findings: {', '.join(failed) or 'none'}\n")
    return len(failed)


def _run(name: str, engine: str, seconds: float, seed: int) -> int:
    command = [sys.executable, "-m", "tests.fuzz", "--one", name, "--seconds", str(seconds), "--seed", str(seed)]
    done = subprocess.run([*command, *([engine] if engine else [])], capture_output=True, text=True, check=False)  # noqa: S603 - ourselves
    told = done.stdout + done.stderr
    if done.returncode:
        sys.stdout.write(f"{name}: {told[-4000:]}\nthe input is in {CRASHES / name}\n")
    else:
        runs = next((line.split()[-1] for line in told.splitlines() if "number_of_executed_units" in line), "")
        sys.stdout.write(f"{name}: {f'{runs} inputs by coverage' if runs else told.strip()}\n")
    sys.stdout.flush()
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
