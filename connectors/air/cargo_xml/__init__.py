"""IATA Cargo-XML XFWB 3.00: the master air waybill message."""

from connectors.air.cargo_xml import settings
from connectors.air.cargo_xml.mapping import map_waybill
from connectors.base import Batch, Received
from connectors.errors import SignatureError


class CargoXml:
    """See `connectors.base.Connector`."""

    name = settings.NAME
    standard = f"{settings.STANDARD} {settings.VERSION}"
    endpoints = settings.ENDPOINTS

    def parse(self, request: Received) -> Batch:
        """Return one `air_waybill`."""
        return map_waybill(request)

    def verify_signature(self, request: Received, secret: bytes) -> None:  # noqa: ARG002 - the protocol's arguments
        """Refuse: a waybill is pushed by its provider, there is no callback that signs it."""
        raise SignatureError("the waybill message has no signature of the standard's own")
