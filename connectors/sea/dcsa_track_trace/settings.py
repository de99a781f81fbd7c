"""What is fixed about DCSA Track & Trace 2.2."""

from connectors.base import Endpoint

NAME = "dcsa_track_trace"
STANDARD, VERSION = "DCSA Track & Trace", "2.2.0"
PRODUCT, PRODUCT_VERSION = "transport_event", 1
SIGNATURE_HEADER = "notification-signature"
JSON = ("application/json",)
ENDPOINTS = (Endpoint("push", JSON), Endpoint("callback", JSON, SIGNATURE_HEADER))
MOST_EVENTS = 1000
EVENTS_PATH, MAJOR_VERSION = "/v2/events", "2"
EVENTS_A_PAGE = 100
LONGEST_LINK = 4096
"""A longer link to the next page is none."""
