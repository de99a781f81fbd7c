"""Ledger entries and blocks as the database keeps them, against the ledger's own."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from gateway.audit.kinds import ENTRY_GONE, PROOF, REJECTED
from ledger.audit.findings import FORK, Finding
from ledger.backends.base import Block
from ledger.blocks.commits import Commit, verify_commit
from ledger.blocks.headers import Header
from ledger.blocks.validators import read_validators, validators_hash
from ledger.entries import Entry, decode
from ledger.errors import CodecError, LedgerError, VerificationError
from ledger.evidence import anchor_part, block_part
from ledger.state import Code


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A row of the ledger's entries that says it stands in a block."""

    number: int
    entry_id: str
    type: str
    subject: str
    version: int | None
    entry: bytes
    state: str
    height: int
    code: int | None
    part: str | None

    @property
    def where(self) -> str:
        """How it is named."""
        return f"ledger entry {self.entry_id} ({self.type} of {self.subject})"


def check_entry(row: StoredEntry, block: Block) -> Iterator[Finding]:
    """Yield what of a stored entry is not as it stands in its block."""
    if row.entry not in block.entries:
        what = f"the database says it stands in block {row.height}, which holds {len(block.entries)} other entries"
        yield Finding(ENTRY_GONE, row.where, what)
        return
    index = block.entries.index(row.entry)
    code = block.codes[index]
    if row.code != code or (row.state == "final") != (code == Code.OK):
        what = f"the database says {row.state} with code {row.code}, the ledger says code {code} at block {row.height}"
        yield Finding(ENTRY_GONE, row.where, what)
    if row.part is None or row.part.encode() != anchor_part(block, index).rest:
        yield Finding(PROOF, row.where, f"the proof kept of it is not that of block {row.height}")
    yield from _columns(row)


def is_own(entry: Entry, gateway_id: str) -> bool:
    """Say whether an entry can only have been made here: one that several sign may be handed in by any of them."""
    return {each.org for each in entry.signatures} == {gateway_id}


def check_rejected(row: StoredEntry, log: str | None) -> Iterator[Finding]:
    """Yield that the ledger did not accept an entry."""
    yield Finding(REJECTED, row.where, f"the ledger refused it: {log}")


def _columns(row: StoredEntry) -> Iterator[Finding]:
    try:
        entry = decode(row.entry)
    except CodecError as error:
        yield Finding(PROOF, row.where, f"it cannot be read: {error}")
        return
    named = {"id": (row.entry_id, entry.id), "type": (row.type, entry.type)}
    named["version"] = (str(row.version), str(entry.body.get("version")))
    subject = entry.body.get("consent") or entry.body.get("stream")
    if subject is not None:
        named["subject"] = (row.subject, subject)
    for name, (got, expected) in named.items():
        if got != expected:
            yield Finding(PROOF, row.where, f"its row has {name} {got}, the entry itself {expected}")


def check_block_part(height: int, head: str, validators: str, block: Block) -> Iterator[Finding]:
    """Yield what of a stored block is not as the ledger has it: a fork if validators signed both.

    The votes may be others than those that the ledger gives: any with enough power prove it.
    """
    other, stored = block.next.hash(), None
    with suppress(LedgerError, ValueError, TypeError, KeyError):
        commit, stored = _signed_header(head, validators)
        true = block_part(replace(block, commit=commit))
        if stored == other and head.encode() == true.head and validators.encode() == true.validators:
            return
    if stored is None or stored == other:
        yield Finding(PROOF, f"block {height}", "the proof kept of it in the database is not what the ledger says")
        return
    what = f"two headers of this height are signed: {other.hex()} in the ledger, {stored.hex()} kept in the database"
    yield Finding(FORK, f"block {height + 1}", what)


def _signed_header(head: str, validators: str) -> tuple[Commit, bytes | None]:
    """Return a stored part's commit, and the hash of the header that it proves if its validators did sign it."""
    given, signers = json.loads(head + "}"), read_validators(json.loads(validators))
    header, commit = Header.read(given["next"]), Commit.read(given["commit"])
    hashed = header.hash()
    if commit.block_id.hash != hashed or validators_hash(signers) != header.validators_hash:
        return commit, None
    try:
        verify_commit(commit, chain=header.chain, validators=signers)
    except VerificationError:
        return commit, None
    return commit, hashed
