"""DCSA Track & Trace 3.0: the events of `POST /events`, and of what `GET /events` answers."""

from connectors.base import Batch, Received
from connectors.errors import SignatureError
from connectors.sea.dcsa_track_trace_3 import settings
from connectors.sea.dcsa_track_trace_3.mapping import map_events


class DcsaTrackTrace3:
    """See `connectors.base.Connector`."""

    name = settings.NAME
    standard = f"{settings.STANDARD} {settings.VERSION}"
    endpoints = settings.ENDPOINTS

    def parse(self, request: Received) -> Batch:
        """Return one `transport_event` for each event; a retraction is one too."""
        return map_events(request)

    def verify_signature(self, request: Received, secret: bytes) -> None:  # noqa: ARG002 - the protocol's arguments
        """Refuse: version 3.0 leaves it to the parties how `POST /events` is authenticated."""
        raise SignatureError("Track & Trace 3.0 has no signature of the standard's own")
