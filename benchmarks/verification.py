"""Verify an evidence offline, beside nothing but the signatures and hashes that it contains."""

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.measure import Effort, Row, interleaved, microseconds
from ledger.sdjwt import split
from ledger.verify import verify
from tests.support.evidence import NOW, Maker

GOALS = {1: 4.0, 16: 2.0}
"""By how many records the evidence holds."""


def rows(effort: Effort) -> Iterator[Row]:
    """Yield the figures."""
    for count, goal in GOALS.items():
        with tempfile.TemporaryDirectory() as folder:
            maker = Maker(Path(folder), documents=16, handed_out=tuple(range(count)))
            data, trust, bank = maker.make(), maker.trust(), maker.bank
            maker.ledger.close()
        works: dict[str, Callable[[], object]] = {
            "ours": partial(verify, data, trust, audience=bank, now=NOW),
            "bare": _bare(data),
        }
        taken = interleaved({name: partial(microseconds, work, effort) for name, work in works.items()}, effort)
        what = f"verify evidence of {count} record{'s' * (count > 1)} ({len(data):,} bytes)"
        yield Row(what, taken["ours"], "its signatures and hashes", taken["bare"], goal)


def _bare(data: bytes) -> Callable[[], None]:
    value = json.loads(data)
    signatures = (
        len(value["records"]) + len(value["blocks"]) + len(value["anchors"]) + len(("receipt", "passkey", "trust"))
    )
    texts = [each for record in value["records"] for each in split(record["sd_jwt"])[1]]
    hashes = sum(len(record["path"]) for record in value["records"])
    hashes += sum(len(proof["siblings"]) for proof in value["keys"]["proofs"]) + 2 * 14 * len(value["blocks"])
    key = Ed25519PrivateKey.generate()
    public, signed = key.public_key(), key.sign(b"x" * 1000)

    def bare() -> None:
        for _ in range(signatures):
            public.verify(signed, b"x" * 1000)
        for text in texts:
            sha256(text.encode()).digest()
        for _ in range(hashes):
            sha256(b"x" * 65).digest()

    return bare
