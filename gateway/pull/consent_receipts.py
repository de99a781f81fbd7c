"""Receipts of what happened to a consent, for its owner and its bank: of what was stored with each change."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlmodel import Session

from gateway.anchoring import documents, own
from gateway.anchoring.tables import LedgerEntry
from gateway.clock import rfc3339
from gateway.consent import store
from gateway.consent.rules import State
from gateway.consent.tables import Consent
from gateway.errors import NotFoundError
from gateway.keys import Keyring
from gateway.pull.cutting import signers
from gateway.settings import Settings
from ledger import consent_receipts, entries
from ledger.codec import b64u
from ledger.consent_receipts import Receipt
from ledger.consent_record import record_hash

UNGIVEN_ENDS = (State.REFUSED, State.EXPIRED)


def write(session: Session, settings: Settings, keyring: Keyring, consent: Consent, *, now: datetime) -> bytes:
    """Return a receipt of each thing that happened to a consent, in order, with the ledger's entry if it is final.

    They are signed as they are asked for; what they say was stored in the transaction in which it happened. Raises
    `NotFoundError` if nothing has happened yet but that the bank asked, `NotYetError` if the ledger cannot prove it
    yet.
    """
    happened = list(_happened(session, consent))
    if not happened:
        raise NotFoundError(f"consent {consent.id!r} waits for its owner: there is no receipt yet")
    about = documents.entries_about(session, consent.id, at=documents.newest(session))
    final = {_commitment(each): each for each in about}
    key = own.in_use(session, keyring, settings.gateway_id, "receipts")
    signed: list[tuple[str, str | None]] = []
    for change in happened:
        entry = final[change["commitment"]].entry_id if change["commitment"] in final else None
        said = Receipt(
            iss=settings.gateway_id,
            sub=consent.owner_id,
            aud=consent.bank_id,
            iat=int(now.timestamp()),
            consent=consent.id,
            entry=entry,
            **change,
        )
        signed.append((consent_receipts.sign(said, key=key.private, kid=key.kid), entry))
    anchors = {each.entry_id: documents.anchor(each) for each in final.values()}
    keys = {
        own.state_key(settings.gateway_id, key),
        *(signer for anchor in anchors.values() for signer in signers(anchor.rest)),
    }
    proofs = documents.proofs(session, list(anchors.values()), keys)
    return consent_receipts.assemble(
        consent.id, signed, anchors=anchors, blocks=proofs.blocks, keys=proofs.keys, handovers=proofs.handovers
    )


def _happened(session: Session, consent: Consent) -> Iterator[dict[str, Any]]:
    """Yield what a receipt says of each change, oldest first."""
    for record, _, commitment in store.all_records(session, consent):
        yield {
            "version": record["version"],
            "event": record["events"][-1]["event"],
            "state": record["status"]["state"],
            "at": record["events"][-1]["at"],
            "record": record_hash(record),
            "commitment": b64u(commitment),
        }
    if not consent.version and consent.state in UNGIVEN_ENDS:
        yield {
            "version": 0,
            "event": consent.state,
            "state": consent.state,
            "at": rfc3339(consent.state_since),
            "record": None,
            "commitment": None,
        }


def _commitment(entry: LedgerEntry) -> str:
    return str(entries.decode(entry.entry).body["commitment"])
