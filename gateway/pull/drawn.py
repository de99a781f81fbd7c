"""What a pull has read, and the evidence that is put together of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.anchoring.reads import Anchored
from gateway.keys import SigningKey
from gateway.pull.cutting import Page
from gateway.pull.question import Place
from gateway.pull.rows import ConsentRead
from ledger import evidence


@dataclass(frozen=True, slots=True)
class Proofs:
    """What an evidence needs of the ledger, and the key for its receipt: valid under header A, at `head`."""

    head: int
    blocks: dict[int, evidence.BlockPart]
    keys: dict[str, bytes]
    handovers: bytes
    receipts: SigningKey


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was read: the consent, the page, and all of the ledger that proves both."""

    consent: ConsentRead
    page: Page
    proofs: Proofs
    next_page: Place | None


def activation_of(consent: ConsentRead) -> Anchored:
    """Return the entry that activated a consent which is in force."""
    assert consent.granted.activation is not None  # noqa: S101 - decide permits nothing without it
    return consent.granted.activation


def assemble(drawn: Drawn, signed: str) -> bytes:
    """Return the evidence of what was drawn, with its receipt, in canonical form."""
    consent, activation = drawn.consent, activation_of(drawn.consent)
    return evidence.assemble(
        receipt=signed,
        consent=(activation.entry_id, consent.granted.part),
        records=drawn.page.parts,
        anchors={activation.entry_id: activation.anchor, **drawn.page.anchors},
        blocks=drawn.proofs.blocks,
        keys=(drawn.proofs.head - 1, _in_order(drawn.proofs.keys)),
        handovers=drawn.proofs.handovers,
    )


def _in_order(parts: Mapping[str, bytes]) -> bytes:
    return b"[" + b",".join(parts[key] for key in sorted(parts)) + b"]"
