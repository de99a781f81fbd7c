"""What a bank attested of a consent, with the gateway's acknowledgements: one file, the same for owner and bank."""

from datetime import datetime

from sqlmodel import Session

from gateway.anchoring import documents, own
from gateway.clock import rfc3339
from gateway.consent.tables import Consent
from gateway.deletion import attesting
from gateway.deletion.tables import Attestation
from gateway.errors import NotFoundError
from gateway.keys import Keyring, SigningKey
from gateway.pull.cutting import signers
from gateway.settings import Settings
from ledger import attestation
from ledger.access_log import Place
from ledger.attestation import Acknowledgement


def acknowledged(settings: Settings, consent: Consent, row: Attestation, key: SigningKey, *, now: datetime) -> str:
    """Return the gateway's acknowledgement of an attestation, signed as it is asked for by its receipts `key`."""
    said = Acknowledgement(
        iss=settings.gateway_id,
        sub=consent.owner_id,
        aud=consent.bank_id,
        iat=int(now.timestamp()),
        received_at=rfc3339(row.received_at),
        consent=consent.id,
        attestation=row.id,
        key=row.key,
    )
    return attestation.acknowledge(said, key=key.private, kid=key.kid)


def write(session: Session, settings: Settings, keyring: Keyring, consent: Consent, *, now: datetime) -> bytes:
    """Return all that was attested of a consent, in order, with its place on the ledger where that is final.

    Raises `NotFoundError` if nothing was, `NotYetError` if the ledger cannot prove it yet.
    """
    found = attesting.of_consent(session, consent.id)
    if not found:
        raise NotFoundError(f"nothing is attested of consent {consent.id!r}")
    leaves = documents.leaves(session, [each.id for each in found], at=documents.newest(session))
    anchors = {entry_id: anchor for entry_id, anchor, _ in leaves.values()}
    key = own.in_use(session, keyring, settings.gateway_id, "receipts")
    keys = {
        own.state_key(settings.gateway_id, key),
        *(signer for anchor in anchors.values() for signer in signers(anchor.rest)),
    }
    proofs = documents.proofs(session, list(anchors.values()), keys)
    places = {subject: Place(entry_id, part) for subject, (entry_id, _, part) in leaves.items()}
    return attestation.assemble(
        consent.id,
        [(each.jws, acknowledged(settings, consent, each, key, now=now), places.get(each.id)) for each in found],
        anchors=anchors,
        blocks=proofs.blocks,
        keys=proofs.keys,
        handovers=proofs.handovers,
    )
