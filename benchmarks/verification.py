"""Verify an evidence offline, beside nothing but the signatures and hashes that it contains."""

import json
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.measure import Row, microseconds
from ledger.sdjwt import split
from ledger.verify import verify
from tests.support.evidence import NOW, Maker


def rows() -> Iterator[Row]:
    """Yield the figures."""
    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(Path(folder), documents=16, handed_out=tuple(range(16)))
        data, trust = maker.make(), maker.trust()
        maker.ledger.close()
    ours = microseconds(lambda: verify(data, trust, audience=maker.bank, now=NOW))
    yield Row(f"verify 16 records ({len(data):,} bytes)", ours, "its signatures and hashes", _bare(data), 2)


def _bare(data: bytes) -> float:
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

    return microseconds(bare)
