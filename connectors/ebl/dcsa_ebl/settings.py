"""What is fixed about the transport document of DCSA eBL 3.0.4."""

from connectors.base import Endpoint

NAME = "dcsa_ebl"
STANDARD, VERSION = "DCSA eBL transport document", "3.0.4"
PRODUCT, PRODUCT_VERSION = "bill_of_lading", 1
EVENT, EVENT_VERSION = "transport_event", 1
NOTIFICATION = "org.dcsa.transport-document.v3"
"""`type` of the notification of a transport document (CloudEvents 1.0)."""
ENDPOINTS = (Endpoint("push", ("application/json",)),)
OTHER_MESSAGES = {
    "specversion": "another notification (CloudEvents)",
    "amendedTransportDocument": "an amended transport document",
    "httpMethod": "an error response",
    "shippingInstructionsStatus": "shipping instructions",
    "isCargoDeliveredInICS2Zone": "shipping instructions",
    "envelopeManifestSignedContent": "a PINT envelope",
    "issuanceManifestSignedContent": "an issuance request",
}
"""Messages of the same family that are no transport document, by a member that only they have."""
CARRIER_LISTS = {"NMFTA": "SCAC", "SMDG": "SMDG"}
"""The list of an issuing carrier's code, as identifiers name it."""
