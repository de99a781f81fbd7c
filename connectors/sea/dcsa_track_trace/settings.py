"""What is fixed about DCSA Track & Trace 2.2."""

from connectors.base import Endpoint

NAME = "dcsa_track_trace"
STANDARD, VERSION = "DCSA Track & Trace", "2.2.0"
PRODUCT, PRODUCT_VERSION = "transport_event", 1
SIGNATURE_HEADER = "notification-signature"
JSON = ("application/json",)
ENDPOINTS = (Endpoint("push", JSON), Endpoint("callback", JSON, SIGNATURE_HEADER))
MOST_EVENTS = 1000
