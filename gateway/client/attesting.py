"""What a bank says, signed by its key, of what it pulled: deleted, or kept because a law says so."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_bytes

from gateway.client.identity import Identity
from ledger.attestation import TYP, Attestation
from ledger.codec import b64u

ID_BYTES = 16


@dataclass(frozen=True, slots=True)
class Deleted:
    """All of it was deleted, the last of it then."""

    at: datetime


@dataclass(frozen=True, slots=True)
class RetainedUnder:
    """A law makes the bank keep it until then: the law, and the place in it, in at most 200 letters."""

    law: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Pulled:
    """What it is about: all that was pulled under a version of a consent, up to an instant."""

    consent: str
    version: int
    until: datetime


def signed(identity: Identity, issuer: str, pulled: Pulled, became: Deleted | RetainedUnder) -> str:
    """Return the attestation for the gateway at `issuer`: a compact JWS (schemas/deletion_attestation)."""
    law, until = (became.law, became.until) if isinstance(became, RetainedUnder) else (None, None)
    said = Attestation(
        iss=identity.client_id,
        aud=issuer,
        iat=int(time.time()),
        jti=b64u(token_bytes(ID_BYTES)),
        consent=pulled.consent,
        version=pulled.version,
        pulled_until=_instant(pulled.until),
        deleted_at=_instant(became.at) if isinstance(became, Deleted) else None,
        law=law,
        retained_until=_instant(until) if until else None,
    )
    return identity.sign(said.claims(), typ=TYP)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
