"""Read what a bank attests, and verify it by the keys that the bank registered as a client."""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from gateway.consent.tables import Consent
from gateway.directory.participants import participant
from gateway.errors import InvalidError
from gateway.oauth import client_keys, compact
from gateway.oauth.compact import CompactError
from gateway.settings import Settings
from ledger import attestation
from ledger.attestation import Attestation, SchemaError
from ledger.errors import CodecError


def read(
    session: Session, settings: Settings, consent: Consent, text: str, *, now: datetime
) -> tuple[Attestation, dict[str, str]]:
    """Return what the bank of a consent says in a compact JWS, and the registered key that signed it.

    Raises `InvalidError` unless it is in form, of this bank, gateway and consent, and signed.
    """
    try:
        signed, said = attestation.read(text)
    except SchemaError as error:
        faults = [{"pointer": each.pointer, "message": each.message} for each in error.faults]
        raise InvalidError(f"the attestation has {len(faults)} fault(s); see errors", errors=faults) from None
    except CodecError as error:
        raise InvalidError(f"the attestation cannot be read: {error}") from None
    for member, value in (("iss", consent.bank_id), ("aud", settings.issuer), ("consent", consent.id)):
        got = getattr(said, member)
        if got != value:
            raise InvalidError(f"{member} of the attestation is {got!r}, expected {value!r}")
    bank = participant(session, consent.bank_id)
    jwks = client_keys.jwks(session, bank, kid=signed.kid, now=now, allow=settings.outbound_allow)
    try:
        return said, _signer(text, [key for key in jwks["keys"] if key.get("kid") == signed.kid])
    except CompactError as error:
        raise InvalidError(f"the attestation {error}") from None


def _signer(text: str, keys: list[dict[str, Any]]) -> dict[str, str]:
    """Return which of some keys of one name signed it. Raises `CompactError` if none did."""
    fault = CompactError(compact.SIGNED_BY)
    for key in keys:
        try:
            compact.verify_by_one_of(compact.read(text), {"keys": [key]})
        except CompactError as error:
            fault = error
        else:
            return attestation.public_members(key)
    raise fault
