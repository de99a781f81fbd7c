"""How a pull is refused: in a form that a bank can act on, with the consent, its version, why, and since when."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from gateway.access.rules import Refusal, Refuse
from gateway.clock import rfc3339
from gateway.consent.values import duration
from gateway.errors import ForbiddenError, GatewayError, NotYetError, TooOftenError
from gateway.keys import Keyring
from gateway.oauth.resource import challenge, refused
from gateway.pull.rows import ConsentRead
from gateway.settings import Settings

SOON: Mapping[str, str] = {"Retry-After": "1"}


class Refusals:
    """Makes the errors of a gateway's pulls."""

    def __init__(self, settings: Settings, keyring: Keyring) -> None:
        self._settings, self._keyring = settings, keyring

    def token(self, why: str, *, now: datetime) -> GatewayError:
        """Return the refusal of an access token."""
        return refused(self._settings, self._keyring, now, error="invalid_token", why=why)

    def replayed(self, *, now: datetime) -> GatewayError:
        """Return the refusal of a proof that was used before."""
        why = "the DPoP proof was used before"
        return refused(self._settings, self._keyring, now, error="invalid_dpop_proof", why=why)

    def of(self, verdict: Refuse, consent: ConsentRead, *, now: datetime) -> GatewayError:
        """Return the refusal that a verdict is."""
        members = _members(consent, verdict.reason, verdict.since)
        if verdict.refusal is Refusal.NOT_FINAL:
            return NotYetError(verdict.reason, headers=SOON, **members)
        if verdict.refusal is Refusal.ENDED:
            error = self.token(verdict.reason, now=now)
            error.members |= members
            return error
        headers = challenge(self._settings, self._keyring, now, error="insufficient_scope", description=verdict.reason)
        return ForbiddenError(verdict.reason, headers=headers, error="insufficient_scope", **members)

    def not_compared(self, consent: ConsentRead) -> GatewayError:
        """Return the refusal of all pulls while the database may be older than what the ledger knows."""
        reason = "the database is not compared with the ledger yet: it was just started, and may have been restored"
        return NotYetError(reason, headers=SOON, **_members(consent, reason, None))

    def too_often(self, consent: ConsentRead, oldest: datetime | None, *, now: datetime) -> GatewayError:
        """Return the refusal of a use beyond the frequency; `oldest` is the first use that counts still."""
        frequency = consent.granted.terms["frequency"]
        wait = max(timedelta(seconds=1), (oldest or now) + duration(frequency["per"]) - now)
        reason = f"the consent allows {frequency['max']} pulls in {frequency['per']}"
        headers = {"Retry-After": str(math.ceil(wait.total_seconds()))}
        return TooOftenError(reason, headers=headers, **_members(consent, reason, None))


def _members(consent: ConsentRead, reason: str, since: datetime | None) -> dict[str, object]:
    found: dict[str, object] = {
        "consent": consent.standing.consent_id,
        "version": consent.granted.version,
        "reason": reason,
    }
    return {**found, "since": rfc3339(since)} if since else found
