"""What is known of a document while it is being verified; each step fills in what later ones need."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ledger.blocks.commits import Commit
from ledger.blocks.handovers import Handover
from ledger.blocks.headers import Header
from ledger.blocks.validators import Validator
from ledger.entries import Entry
from ledger.jws import Jws
from ledger.receipt import Receipt
from ledger.record import Shown
from ledger.smt import Proof
from ledger.trust import Trust


@dataclass(frozen=True, slots=True)
class BlockCase:
    """A block: header H, header H+1, the commit for H+1 and the set that signed it."""

    header: Header
    next: Header
    commit: Commit
    validators: tuple[Validator, ...]


@dataclass(frozen=True, slots=True)
class AnchorCase:
    """An entry with the paths to its block's trees."""

    block: BlockCase
    entry: Entry
    sides: str
    entry_path: tuple[bytes, ...]
    result_path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class RecordCase:
    """A record with its place in a batch."""

    anchor: AnchorCase
    index: int
    path: tuple[bytes, ...]
    presentation: str
    shown: Shown


@dataclass(frozen=True, slots=True)
class KeyCase:
    """A key of the state: its value and proof under header A."""

    key: str
    value: Mapping[str, Any]
    proof: Proof


@dataclass(slots=True, kw_only=True)
class OnLedger:
    """One verification of a document whose parts stand on the ledger: entries in blocks, and the keys that signed."""

    data: bytes
    trust: Trust
    what: str
    """What the document is called in an error."""
    blocks: list[BlockCase] = field(default_factory=list)
    anchors: list[AnchorCase] = field(default_factory=list)
    handovers: list[Handover] = field(default_factory=list)
    keys: dict[str, KeyCase] = field(default_factory=dict)
    keys_block: BlockCase = field(init=False)

    @property
    def header_a(self) -> Header:
        """The header under whose app hash the keys are proved."""
        return self.keys_block.next

    def key_of(self, org: str, kid: str) -> Mapping[str, Any] | None:
        """Return the state's value of a key, if the document proves it."""
        found = self.keys.get(f"key/{org}/{kid}")
        return found.value if found else None


@dataclass(slots=True, kw_only=True)
class Case(OnLedger):
    """One verification of evidence."""

    audience: str | None
    records: list[RecordCase] = field(default_factory=list)
    consent: Mapping[str, Any] = field(init=False)
    consent_salt: bytes = field(init=False)
    consent_anchor: AnchorCase = field(init=False)
    receipt_jws: Jws = field(init=False)
    receipt: Receipt = field(init=False)
