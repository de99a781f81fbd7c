"""Sign webhooks (Standard Webhooks 1.0.0, symmetric `v1`): secrets, how they are kept, and how one follows another."""

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import token_bytes
from typing import Self

from standardwebhooks import Webhook

from gateway.records import crypto

SECRET_BYTES = 32
BOTH_SIGN = timedelta(hours=24)
"""How long the secret before signs too, after a new one was made."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The secret that signs, and the one before while it still does."""

    current: str
    previous: str | None = None
    previous_until: datetime | None = None

    @classmethod
    def new(cls) -> Self:
        """Return a first secret."""
        return cls(_secret())

    def rotated(self, *, now: datetime) -> "Secrets":
        """Return a new secret, beside which the present one signs for a day more."""
        return Secrets(_secret(), self.current, now + BOTH_SIGN)

    def headers(self, event_id: str, body: bytes, *, now: datetime) -> dict[str, str]:
        """Return the headers of a webhook: its id, the time of this attempt, a signature by each secret."""
        secrets = [self.current]
        if self.previous is not None and self.previous_until is not None and now < self.previous_until:
            secrets.append(self.previous)
        return {
            "Content-Type": "application/json",
            "webhook-id": event_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(Webhook(each).sign(event_id, now, body.decode()) for each in secrets),
        }

    def sealed(self, master: bytes, *, bank_id: str, name: str) -> bytes:
        """Return the secrets encrypted, for this webhook alone."""
        until = self.previous_until.isoformat() if self.previous_until else None
        plain = json.dumps([self.current, self.previous, until]).encode()
        return crypto.encrypt(master, plain, context=_context(bank_id, name))

    @classmethod
    def opened(cls, master: bytes, sealed: bytes, *, bank_id: str, name: str) -> Self:
        """Return the secrets of a webhook. Raises `crypto.DecryptionError`."""
        current, previous, until = json.loads(crypto.decrypt(master, sealed, context=_context(bank_id, name)))
        return cls(current, previous, datetime.fromisoformat(until) if until else None)


def _secret() -> str:
    return f"whsec_{b64encode(token_bytes(SECRET_BYTES)).decode()}"


def _context(bank_id: str, name: str) -> str:
    return f"secrets of webhook {bank_id}/{name}"
