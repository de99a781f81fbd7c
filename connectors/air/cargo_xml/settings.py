"""What is fixed about the master air waybill of IATA Cargo-XML, XFWB 3.00."""

from connectors.base import Endpoint
from connectors.xml import MEDIA_TYPES

NAME = "cargo_xml"
STANDARD, VERSION = "IATA Cargo-XML XFWB", "3.00"
PRODUCT, PRODUCT_VERSION = "air_waybill", 1
ENDPOINTS = (Endpoint("push", MEDIA_TYPES),)
WAYBILL, DATA_MODEL = "iata:waybill:1", "iata:datamodel:3"
"""Namespaces of the message's parts, and of all within them."""
OTHER_MESSAGES = {
    "CustomsStatusNotification": "a customs status notification (XCSN)",
    "FlightManifest": "a flight manifest (XFFM)",
    "FreightBookedList": "a list of booked freight (XFBL)",
    "HouseManifest": "a house manifest (XFHL)",
    "HouseWaybill": "a house waybill (XFZB)",
    "Response": "a response (XFNM)",
    "ShippersDeclarationForDangerousGoods": "a shipper's declaration for dangerous goods (XSDG)",
    "StatusMessage": "a status message (XFSU)",
}
"""Cargo-XML messages that are no waybill, by the name of their root."""
TYPES = {"740": "direct", "741": "master"}
"""`TypeCode` (UNTDID 1001): an air waybill without house waybills, or a master."""
RETRACTED = "/retracted"
"""Ends the revision of a deletion: it comes after the waybill of the same `IssueDateTime`."""
NOTIFY_PARTY = "NI"
"""`RoleCode` of a party to notify (UNTDID 3035)."""
BY_AIR = "4"
"""`ModeCode` of air transport (UN/CEFACT Recommendation 19)."""
HOUSE_WAYBILL = "703"
"""`TypeCode` of a referenced house waybill (UNTDID 1001)."""
UNIQUE_CONSIGNMENT_REFERENCE, LONGEST_REFERENCE = "U", 35
"""`ContentCode` of a customs note that is a UCR, and the most characters of one (WCO)."""
IMPERSONAL = frozenset({"AC", "ED", "I", "KC", "L", "M", "RA", "S", "SD", "SM", "T", "U"})
"""`ContentCode` of customs notes that name no person; any other may (a contact, a telephone, who issued a status)."""
LONGEST_MESSAGE_ID = 200
"""A longer message `ID` is left out of the provenance."""
