"""DCSA eBL 3.0.4: the transport document, as `GET /v3/transport-documents/{reference}` answers it; its notification."""

from connectors.base import Batch, Received
from connectors.ebl.dcsa_ebl import settings
from connectors.ebl.dcsa_ebl.mapping import map_message
from connectors.errors import SignatureError


class DcsaEbl:
    """See `connectors.base.Connector`."""

    name = settings.NAME
    standard = f"{settings.STANDARD} {settings.VERSION}"
    endpoints = settings.ENDPOINTS

    def parse(self, request: Received) -> Batch:
        """Return one `bill_of_lading`; of a notification one `transport_event`, after the document if it is there."""
        return map_message(request)

    def verify_signature(self, request: Received, secret: bytes) -> None:  # noqa: ARG002 - the protocol's arguments
        """Refuse: a transport document is pushed by its provider, there is no callback that signs it."""
        raise SignatureError("the transport document has no signature of the standard's own")
