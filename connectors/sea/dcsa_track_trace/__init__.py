"""DCSA Track & Trace 2.2: events pushed, fetched, and the standard's subscription callback."""

import hashlib
import hmac
from collections.abc import Sequence

from connectors.base import Batch, Onward, Page, Received, Request
from connectors.errors import SignatureError
from connectors.sea.dcsa_track_trace import paging, settings
from connectors.sea.dcsa_track_trace.mapping import map_events


class DcsaTrackTrace:
    """See `connectors.base.Connector` and `Polled`."""

    name = settings.NAME
    standard = f"{settings.STANDARD} {settings.VERSION}"
    endpoints = settings.ENDPOINTS

    def parse(self, request: Received) -> Batch:
        """Return one `transport_event` for each event, of a list or alone."""
        return map_events(request)

    def verify_signature(self, request: Received, secret: bytes) -> None:
        """Check `Notification-Signature: sha256=<hex>`: HMAC-SHA-256 with the subscription's secret over the body."""
        given = request.headers.get(settings.SIGNATURE_HEADER, "")
        expected = "sha256=" + hmac.new(secret, request.body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise SignatureError(
                "Notification-Signature is missing or is not sha256= and the body's HMAC in hexadecimal"
            )

    def request(self, cursor: str | None) -> Request:
        """Ask `GET /v2/events` for what was created since the cursor."""
        return paging.request(cursor)

    def onward(self, cursor: str | None, page: Page) -> Onward:
        """Follow the header `Next-Page`, and begin the next time at the newest `eventCreatedDateTime` seen."""
        return paging.onward(cursor, page)

    def messages(self, page: Page) -> Sequence[bytes]:
        """Return each event by itself."""
        return paging.messages(page)
