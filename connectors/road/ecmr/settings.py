"""What is fixed about the e-CMR of UN/CEFACT D23B in JSON."""

from connectors.base import Endpoint

NAME = "ecmr"
STANDARD, VERSION = "UN/CEFACT e-CMR", "D23B"
PRODUCT, PRODUCT_VERSION = "road_consignment_note", 1
ENDPOINTS = (Endpoint("push", ("application/json",)),)
LONGEST_NUMBER = 100
"""As long as an identifier may be."""
MOST_IDENTIFIERS = 5000
MEMBERS = ("exchangedDocumentContext", "exchangedDocument", "specifiedConsignment")
OTHER_MESSAGES = {
    "ecmrConsignment": "an eCMR of the Open Logistics Foundation",
    "ecmrId": "an eCMR of the Open Logistics Foundation",
    "sealedEcmr": "a sealed eCMR of the Open Logistics Foundation",
    "sealedDocument": "a sealed eCMR of the Open Logistics Foundation",
    "eCMR": "an e-CMR in JSON made of the XML form",
    "ExchangedDocument": "an e-CMR in JSON made of the XML form",
    "SpecifiedSupplyChainConsignment": "an e-CMR in JSON made of the XML form",
}
"""Other forms of an e-CMR, by a member that only they have."""
XML_NAMESPACE = b"urn:un:unece:uncefact:data:standard:eCMR"
CARRIER_LISTS = {"182": "SCAC", "306": "SMDG"}
"""The lists of carriers' codes as identifiers name them, by the agency that keeps them (UNTDID 3055)."""
HONG_KONG_CUSTOMS = "150"
"""UNTDID 3055: the agency that issues `ccrn`."""
REGISTERED = frozenset({"SM", "TE"})
"""Kinds of equipment (UNTDID 8053) that have a registration number: semi-trailer and trailer."""
