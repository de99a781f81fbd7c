"""Prove at length what `make test` tests in short or not at all: kills, restarts, races, a soak, nodes, fuzzing.

The report is docs/proof.md.

python -m tests.prove --kills 500 --restarts 50 --soak-seconds 600 --node-kills 100 --claims 1000 --fuzz-seconds 60
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "proof"
REPORT = ROOT / "docs" / "proof.md"
LAST_LINES = 30
PROOFS = {
    "crashes": ["tests/crashes", "tests/prove/soak.py", "tests/prove/double_submit.py"],
    "races": [
        "tests/gateway/notify/test_races.py",
        "tests/prove/revocation_races.py",
        "tests/gateway/consent/test_life.py",
        "tests/ledger/test_verify.py::test_every_byte_matters",
    ],
    "nodes": [
        *(f"tests/ledger/cometbft/test_{each}.py" for each in ("outages", "kills", "claims", "same_state")),
        "tests/flows/test_network.py",
    ],
}
"""The tests whose figures stand in the report, by the name of their part."""
NUMBERS = (
    "kills",
    "races",
    "revocations",
    "submits",
    "restarts",
    "steps",
    "soak_seconds",
    "node_kills",
    "network_restarts",
    "claims",
    "sequences",
    "bytes_apart",
)


def main() -> int:
    """Run everything, write the report; return 0 if all of it held."""
    wanted = _arguments()
    FOLDER.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    commit, failed = _commit(), [_tested(part, wanted) for part in PROOFS]
    fuzzed = _fuzz(wanted) if wanted.fuzz_seconds else None
    lines = [
        *_head(commit, time.monotonic() - began),
        *_all_lines(),
        *_fuzz_lines(fuzzed, wanted.fuzz_seconds),
    ]
    REPORT.write_text("\n".join(lines) + "\n")
    print(f"{REPORT.relative_to(ROOT)} is written")
    return max(failed) or (fuzzed.returncode if fuzzed else 0)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.prove", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--races", type=int, default=1000)
    parser.add_argument("--revocations", type=int, default=1000, help="that race with pulls at four processes")
    parser.add_argument("--submits", type=int, default=100, help="requests that are sent a hundred times at once")
    parser.add_argument("--restarts", type=int, default=50)
    parser.add_argument("--steps", type=int, default=10_000, help="that consents are lived through at random")
    parser.add_argument("--soak-seconds", type=int, default=600)
    parser.add_argument("--node-kills", type=int, default=100)
    parser.add_argument("--network-restarts", type=int, default=3)
    parser.add_argument("--bytes-apart", type=int, default=1, help="of an evidence, which are bent")
    parser.add_argument("--claims", type=int, default=1000)
    parser.add_argument("--sequences", type=int, default=100)
    parser.add_argument("--fuzz-seconds", type=int, default=60, help="of each target; 0: none")
    parser.add_argument("--seed", type=int, default=None)
    return parser.parse_args()


def _tested(part: str, wanted: argparse.Namespace) -> int:
    """Run the tests of a part; their figures are left in an XML file. Return pytest's exit code."""
    options = [word for name in NUMBERS for word in (f"--{name.replace('_', '-')}", str(getattr(wanted, name)))]
    seed = [] if wanted.seed is None else ["--seed", str(wanted.seed)]
    report = ["-o", "junit_family=xunit1", "--junitxml", str(FOLDER / f"{part}.xml")]
    command = [sys.executable, "-m", "pytest", "-v", *PROOFS[part], *options, *seed, *report]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - our own command


def _fuzz(wanted: argparse.Namespace) -> subprocess.CompletedProcess[str]:
    """Fuzz for longer than `make fuzz` does by itself."""
    command = [os.environ.get("MAKE", "make"), "--no-print-directory", "fuzz", f"FUZZ_SECONDS={wanted.fuzz_seconds}"]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603 - our own command
    print(done.stdout, done.stderr, sep="\n")
    return done


def _commit() -> str:
    """Return the commit that is proved, and whether anything differs from it."""
    hashed = _said("git", "rev-parse", "HEAD")
    return f"{hashed}, with changes" if _said("git", "status", "--porcelain", "--", ".", ":!docs/proof.md") else hashed


def _said(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 - our own command


def _head(commit: str, seconds: float) -> Iterator[str]:
    processors = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield "# Proof"
    yield ""
    yield "Written by `make prove`; not by hand. What each test shows stands in its file, named by `tests/prove/`."
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| commit | {commit} |"
    yield f"| when | {datetime.now(UTC):%Y-%m-%d %H:%M} UTC, in {seconds / 60:.0f} minutes |"
    yield f"| processor | {len(processors)} x {processors[0].partition(':')[2].strip()} |"
    yield f"| memory | {memory:.0f} GiB |"
    yield f"| system | {platform.system()} {platform.release()}, Python {platform.python_version()} |"


def _all_lines() -> Iterator[str]:
    for part in PROOFS:
        yield from _lines(FOLDER / f"{part}.xml")


def _lines(path: Path) -> Iterator[str]:
    for case in ET.parse(path).iter("testcase"):  # noqa: S314 - our own file
        failed = case.find("failure") is not None or case.find("error") is not None
        yield ""
        yield f"## {case.attrib['name'].removeprefix('test_').replace('_', ' ')}"
        yield ""
        yield f"{'**Failed**' if failed else 'Held'}, in {float(case.attrib['time']):.0f} s."
        properties = [(each.attrib["name"], each.attrib["value"]) for each in case.iter("property")]
        if properties:
            yield from ("", "| what | figure |", "|---|---|")
        yield from (f"| {name} | {value} |" for name, value in properties)


def _fuzz_lines(done: subprocess.CompletedProcess[str] | None, seconds: int) -> Iterator[str]:
    yield from ("", "## Fuzzing", "")
    if done is None:
        yield "Not run."
        return
    yield f"{'Held' if done.returncode == 0 else '**Failed**'}, {seconds} s a target. The last that `make fuzz` said:"
    yield from ("", "```", *done.stdout.strip().splitlines()[-LAST_LINES:], "```")


if __name__ == "__main__":
    sys.exit(main())
