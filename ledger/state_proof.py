"""State proofs: what the ledger's state says of some keys as of one header, or that it says nothing of them.

One canonical JSON document: `commit`, `format`, `handovers`, `header`, `proofs`, `validators` (docs/evidence.md,
section 11). `ledger.verify.state` checks one offline.
"""

from collections.abc import Sequence

from ledger.backends.base import Block, StateProof
from ledger.codec import canonical

FORMAT = "tidegate-state-proof/1"
MOST_BYTES = 1_048_576
MOST_DEPTH = 16
MOST_PROOFS = 1000
MEMBERS = ("commit", "format", "handovers", "header", "proofs", "validators")


def build(block: Block, proofs: Sequence[StateProof], *, handovers: bytes = b"[]") -> bytes:
    """Return the document of `proofs` under the app hash of the header after `block`.

    `handovers`: canonical JSON of the hand-overs below that header, from the set that readers trust.
    """
    parts = {
        "commit": canonical(block.commit.json()),
        "format": canonical(FORMAT),
        "handovers": handovers,
        "header": canonical(block.next.json()),
        "proofs": canonical([each.json() for each in sorted(proofs, key=lambda proof: proof.key)]),
        "validators": canonical([validator.json() for validator in block.validators]),
    }
    return b"{" + b",".join(b'"' + name.encode() + b'":' + part for name, part in parts.items()) + b"}"
