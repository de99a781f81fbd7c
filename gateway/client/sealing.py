"""Seal at the provider: map a message, and sign what it maps to under the provider's own key.

What is sent is the original and the records; the gateway maps the original too and takes nothing that differs. It
cannot make such a record itself: it has not the key.
"""

from collections.abc import Sequence
from datetime import datetime

from connectors.base import Connector, Mapped, Received
from ledger import record
from ledger.codec import b64u, canonical, sha256
from ledger.sdjwt import combine

MEDIA_TYPE = "application/vnd.tidegate.sealed+json"


def seal(
    connector: Connector, received: Received, *, media_type: str, sealer: record.Sealer, issued_at: datetime
) -> bytes:
    """Return the body of a push of sealed records. Raises `Unmappable`."""
    items = connector.parse(received).items
    original = {"digest": b64u(sha256(received.body))}
    records = [_sealed(each, sealer, original, issued_at) for each in items]
    return envelope(received.body, media_type=media_type, records=records)


def envelope(original: bytes, *, media_type: str, records: Sequence[str]) -> bytes:
    """Return the message and its records as they are sent."""
    return canonical({"original": {"body": b64u(original), "media_type": media_type}, "records": list(records)})


def _sealed(item: Mapped, sealer: record.Sealer, original: dict[str, str], issued_at: datetime) -> str:
    made = record.seal(
        item.document,
        product=item.product,
        version=item.version,
        sealer=sealer,
        provider=sealer.issuer,
        issued_at=issued_at,
        original=original,
    )
    return combine(made.jwt, [each.encoded for each in made.disclosures])
