"""An event as a bank is told it, by whatever way, and the webhook that brings it, signed (Standard Webhooks, `v1`)."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from gateway.client.errors import ClientError, ProtocolError
from ledger.codec import canonical, parse
from ledger.errors import CodecError

MOST_BYTES = 65_536
"""Largest event that is read: a hundred times what is told."""
SECRET_BYTES = 32


class WebhookError(ClientError):
    """What arrived is not a webhook of this gateway: nothing in it may be believed."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event. `number` counts a bank's events; `id` is the same however and however often it is told.

    `consent` and `version` say what it is about, `data` the rest: at most how many records of each product.
    """

    id: str
    number: int
    type: str
    timestamp: datetime
    consent: str
    version: int
    data: Mapping[str, Any]

    @classmethod
    def of(cls, content: object) -> "Event":
        """Take an event out of JSON. Raises `ProtocolError`."""
        try:
            assert isinstance(content, dict)  # noqa: S101 - as what follows, another form is caught
            data = dict(content["data"])
            return cls(
                id=str(content["id"]),
                number=int(content["number"]),
                type=str(content["type"]),
                timestamp=datetime.fromisoformat(content["timestamp"]),
                consent=str(data.pop("consent")),
                version=int(data.pop("version")),
                data=data,
            )
        except (AssertionError, KeyError, TypeError, ValueError, OverflowError):
            raise ProtocolError("an event has another form than docs/events.md says") from None

    @classmethod
    def read(cls, text: bytes) -> "Event":
        """Read the JSON text of an event. Raises `ProtocolError`."""
        try:
            return cls.of(parse(text, max_bytes=MOST_BYTES))
        except CodecError as error:
            raise ProtocolError(f"an event cannot be read: {error}") from None

    def body(self) -> bytes:
        """Return the event as it is told: canonical JSON, the body of a webhook."""
        told = {
            "id": self.id,
            "number": self.number,
            "type": self.type,
            "timestamp": f"{self.timestamp:%Y-%m-%dT%H:%M:%SZ}",
            "data": {"consent": self.consent, "version": self.version, **self.data},
        }
        return canonical(told)


def new_secret() -> str:
    """Return a new secret to sign webhooks with."""
    return f"whsec_{b64encode(token_bytes(SECRET_BYTES)).decode()}"


def sign_webhook(secret: str, event_id: str, body: bytes) -> dict[str, str]:
    """Return the headers of a webhook that is sent now."""
    now = datetime.now(UTC)
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, now, body.decode()),
    }


def verify_webhook(secret: str, body: bytes, headers: Mapping[str, str]) -> Event:
    """Return the event in a webhook. Raises `WebhookError` unless it is signed with `secret`, within five minutes.

    It may arrive more than once: have effect once for each `id`. Raises `ProtocolError` for a body that is no event.
    """
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except (WebhookVerificationError, EmptyWebhookSecretError, ValueError) as error:
        raise WebhookError(f"the webhook's signature does not hold: {error}") from None
    return Event.read(body)
