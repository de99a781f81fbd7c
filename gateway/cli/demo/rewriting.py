"""What a stranger can do who has a copy of the ledger, but not its validator's key: write another history."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway import keys
from gateway.cli.runtime import ledger_keys
from gateway.clock import utc_now
from ledger import evidence
from ledger.backends.embedded import Embedded
from ledger.backends.genesis import single_operator
from ledger.codec import unb64u
from ledger.entries import decode
from ledger.errors import Rejected

LEFT_OUT = "consent.revoked"


def rewritten(true: Mapping[str, Any], data: Path, folder: Path) -> bytes:
    """Return an evidence that proves the same from another history: without any revocation, signed by a stranger."""
    entries = _entries(data / "ledger.sqlite")
    keyring = keys.load(data / "keys")
    stranger = Ed25519PrivateKey.generate()
    genesis = single_operator(
        chain=decode(entries[0]).chain,
        org=decode(entries[0]).signatures[0].org,
        keys=ledger_keys(keyring),
        validator=stranger.public_key(),
    )
    path = folder / "rewritten.sqlite"
    with closing(Embedded(path, genesis=genesis, validator_key=stranger, clock=utc_now)) as ledger:
        for each in entries:
            if decode(each).type != LEFT_OUT:
                with suppress(Rejected):
                    ledger.submit(each)
        return _proved(true, ledger)


def _entries(path: Path) -> list[bytes]:
    """Return every entry of a ledger in its order."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return [row[0] for row in db.execute("SELECT data FROM entries ORDER BY height, place")]


def _proved(true: Mapping[str, Any], ledger: Embedded) -> bytes:
    """Return the evidence with every proof taken from another ledger."""
    ids = [each["entry"]["id"] for each in true["anchors"]]
    anchors = {each: _anchor(ledger, each) for each in ids}
    top = ledger.height()
    proofs = ledger.prove([each["key"] for each in true["keys"]["proofs"]], top)
    consent = true["consent"]
    return evidence.assemble(
        receipt=true["receipt"],
        consent=(
            ids[consent["anchor"]],
            evidence.consent_part(record=consent["record"], salt=unb64u(consent["salt"])),
        ),
        records=[
            evidence.record_part(
                entry_id=ids[each["anchor"]],
                leaf=evidence.leaf_part(index=each["index"], path=[unb64u(hash_) for hash_ in each["path"]]),
                presentation=each["sd_jwt"],
            )
            for each in true["records"]
        ],
        anchors=anchors,
        blocks={
            each: evidence.block_part(ledger.block(each))
            for each in {top - 1, *(anchor.height for anchor in anchors.values())}
        },
        keys=(top - 1, evidence.keys_part(proofs)),
    )


def _anchor(ledger: Embedded, entry_id: str) -> evidence.Anchor:
    outcome = ledger.outcome(entry_id)
    if outcome is None:
        raise LookupError(f"entry {entry_id} is not in the other history")
    return evidence.anchor_part(ledger.block(outcome.height), outcome.index)
