"""What is fixed about DCSA Track & Trace 3.0."""

from connectors.base import Endpoint

NAME = "dcsa_track_trace_3"
STANDARD, VERSION = "DCSA Track & Trace", "3.0.0"
PRODUCT, PRODUCT_VERSION = "transport_event", 1
ENDPOINTS = (Endpoint("push", ("application/json",)),)
MOST_EVENTS = 1000
CARRIER = "CA"
"""`partyFunction` of a carrier (UN/EDIFACT 3035)."""
LONGEST_MESSAGE_ID = 200
"""A longer `eventID` is the record's key all the same, and is left out of its provenance."""
RETRACTED = "/retracted"
"""Ends the revision of a retraction: it comes after the event of the same `eventUpdatedDateTime`."""
