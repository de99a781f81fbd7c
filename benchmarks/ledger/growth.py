"""What grows with the ledger: an evidence and its verification with the batch, and a node with its state."""

import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.ledger.figures import Effort, Figure
from benchmarks.measure import Effort as Rounds
from benchmarks.measure import microseconds
from ledger import state
from ledger.backends.cometbft import messages
from ledger.codec import canonical
from ledger.verify import verify
from tests.support.application import Driven
from tests.support.evidence import NOW, Maker
from tests.support.ledger import Operator, random_digest

EXPIRY = "2027-01-31T00:00:00Z"
FAR = 1_000_000
MEBIBYTE = 2**20
START_MOST_SECONDS, MEMORY_MOST_MEBIBYTES, ENTRY_MOST_MICROSECONDS = 10, 1024, 1000
BLOCKS = 3


@dataclass
class Crowded(Maker):
    """Makes evidence of one record whose batch holds many others."""

    others: int = 0

    def leaves(self) -> list[bytes]:
        """Return the leaves of the batch: the record's own first."""
        own = super().leaves()
        return [*own, *(secrets.token_bytes(32) for _ in range(self.others))]


def figures(folder: Path, effort: Effort) -> Iterator[Figure]:
    """Yield the figures."""
    yield from _evidence(effort)
    yield from _state(folder, effort)


def _evidence(effort: Effort) -> Iterator[Figure]:
    for doublings in effort.doublings:
        with tempfile.TemporaryDirectory() as folder:
            maker = Crowded(Path(folder), documents=1, handed_out=(0,), others=2**doublings - 1)
            data, trust = maker.make(), maker.trust()
            maker.ledger.close()
        work = partial(verify, data, trust, audience=maker.bank, now=NOW)
        taken = microseconds(work, Rounds(rounds=effort.rounds)) / 1000
        what = f"evidence of one record among {2**doublings:,}"
        yield Figure(f"{what}: size", len(data), "bytes")
        yield Figure(f"{what}: verification", taken, "ms")


def _state(folder: Path, effort: Effort) -> Iterator[Figure]:
    """Fill a node's state, then start on it in a process of its own and execute blocks."""
    operator = Operator()
    node = Driven(folder / "node", operator)
    values = {key: canonical(value).decode() for key, value in state.genesis(operator.genesis()).items()}
    values |= dict(_consent(operator.org) for _ in range(effort.consents))
    began = time.perf_counter()
    node.store.restore(2, sorted(values.items()))
    restored = time.perf_counter() - began
    node.store.close()
    del values
    blocks = [[_granted(operator).hex() for _ in range(effort.block)] for _ in range(BLOCKS)]
    measured = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "benchmarks.ledger.growth", str(folder / "node")],
        input=json.dumps(blocks),
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(measured.stdout)
    what = f"state of {effort.consents:,} consents"
    yield Figure(f"{what}: one consent of a snapshot restored", restored / effort.consents * 1e6, "microseconds")
    yield Figure(f"{what}: an entry checked and executed", told["entry"], "microseconds", goal=ENTRY_MOST_MICROSECONDS)
    yield Figure(f"{what}: start of the application", told["start"], "s", goal=START_MOST_SECONDS)
    yield Figure(f"{what}: its memory", told["memory"], "MiB", goal=MEMORY_MOST_MEBIBYTES)


def _consent(org: str) -> tuple[str, str]:
    value = {"commitment": random_digest(), "expires_at": EXPIRY, "height": 2, "org": org}
    return f"consent/{random_digest()}", canonical({**value, "state": "active", "version": 1}).decode()


def _granted(operator: Operator) -> bytes:
    body = {"consent": random_digest(), "version": 1, "commitment": random_digest(), "expires_at": EXPIRY}
    return operator.entry("consent.granted", body, not_after_height=FAR)


def main() -> None:
    """Open the state in a folder, execute the blocks on standard input, and print what that took."""
    began = time.perf_counter()
    node = Driven(Path(sys.argv[1]), Operator())
    started = time.perf_counter() - began
    taken = [_executed(node, block) for block in json.load(sys.stdin)]
    print(json.dumps({"start": started, "entry": statistics.median(taken), "memory": _memory()}))


def _executed(node: Driven, block: list[str]) -> float:
    """Return the time of one of a block's entries, in microseconds: checked as it comes, executed, committed."""
    entries = [bytes.fromhex(each) for each in block]
    began = time.perf_counter()
    told = [node.app.check_tx(messages.new("RequestCheckTx", tx=entry)) for entry in entries]
    told += node.block(*entries).tx_results
    if any(each.code for each in told):
        raise RuntimeError("an entry was refused")
    return (time.perf_counter() - began) / len(entries) * 1e6


def _memory() -> float:
    """Return the most memory that this process has had, in MiB."""
    told = Path(f"/proc/{os.getpid()}/status").read_text()
    peak = next(line for line in told.splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024 / MEBIBYTE


if __name__ == "__main__":
    main()
