"""UN/CEFACT e-CMR D23B in JSON: the electronic consignment note of carriage by road."""

from connectors.base import Batch, Received
from connectors.errors import SignatureError
from connectors.road.ecmr import settings
from connectors.road.ecmr.mapping import map_ecmr


class Ecmr:
    """See `connectors.base.Connector`."""

    name = settings.NAME
    standard = f"{settings.STANDARD} {settings.VERSION}"
    endpoints = settings.ENDPOINTS

    def parse(self, request: Received) -> Batch:
        """Return one `road_consignment_note`."""
        return map_ecmr(request)

    def verify_signature(self, request: Received, secret: bytes) -> None:  # noqa: ARG002 - the protocol's arguments
        """Refuse: an e-CMR is pushed by its provider, there is no callback that signs it."""
        raise SignatureError("the e-CMR of UN/CEFACT has no signature of the standard's own")
