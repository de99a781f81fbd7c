"""What people read in place of the names that machines use."""

from gateway.portal.pages import _

PRODUCTS = {
    "air_waybill": _("Air waybills"),
    "bill_of_lading": _("Bills of lading"),
    "road_consignment_note": _("Road consignment notes"),
    "transport_event": _("Tracking events"),
}
SCHEMES = {
    "transport_document": _("Bill of lading"),
    "booking": _("Booking"),
    "container": _("Container"),
    "mawb": _("Air waybill"),
    "hawb": _("House air waybill"),
    "uld": _("Air cargo container or pallet"),
    "flight": _("Flight"),
    "ucr": _("Unique consignment reference"),
    "ecmr": _("Road consignment note"),
    "vehicle_registration": _("Vehicle"),
    "ccrn": _("Road cargo reference (Hong Kong)"),
}
BEYOND = {
    "products": _("more kinds of data than is usual for this purpose"),
    "personal": _("names and contacts of people, which is not usual for this purpose"),
    "expires_at": _("for longer than is usual for this purpose"),
    "frequency": _("more often than is usual for this purpose"),
    "data_life": _("to keep the data longer than is usual for this purpose"),
    "onward_sharing": _("to share the data onward, which is not usual for this purpose"),
}
WHOLE = {
    "air_waybill": _("all of them: parties, cargo, routing, customs, charges"),
    "bill_of_lading": _("all of them: parties, cargo, routing, terms"),
    "road_consignment_note": _("all of them: parties, cargo, vehicles, taking over and delivery, charges"),
    "transport_event": _("all of them: what was planned, estimated and done, when and where"),
}
STATES = {
    "requested": _("Waiting for you"),
    "active": _("Active"),
    "paused": _("Paused"),
    "refused": _("Refused"),
    "revoked": _("Stopped"),
    "expired": _("Ended"),
    "exhausted": _("Used up"),
    "title": _("Ended: title passed on"),
}
EVENTS = {
    "requested": _("Asked for"),
    "given": _("Agreed to"),
    "paused": _("Paused"),
    "resumed": _("Resumed"),
    "amended": _("Changed"),
    "withdrawn": _("Stopped"),
    "expired": _("Ended"),
    "exhausted": _("Used up"),
    "ended_by_title": _("Ended as title passed on"),
}
"""What a consent record says happened."""
OMISSIONS = {
    "pending": _("not yet on the ledger"),
    "erased": _("deleted"),
}
