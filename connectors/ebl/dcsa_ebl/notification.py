"""The notification of a transport document (`TransportDocumentNotification`): its status has changed."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from connectors.base import Mapped
from connectors.ebl.dcsa_ebl import settings
from connectors.identifiers import identifier
from connectors.messages import Instant, Message, unlikely, upto

Status = Literal[
    "DRAFT",
    "APPROVED",
    "ISSUED",
    "PENDING_SURRENDER_FOR_AMENDMENT",
    "SURRENDERED_FOR_AMENDMENT",
    "SURRENDER_FOR_AMENDMENT",
    "PENDING_SURRENDER_FOR_DELIVERY",
    "SURRENDERED_FOR_DELIVERY",
    "SURRENDER_FOR_DELIVERY",
    "VOIDED",
    "VOID",
]
Amendment = Literal["AMENDMENT_RECEIVED", "AMENDMENT_CONFIRMED", "AMENDMENT_CANCELLED", "AMENDMENT_DECLINED"]
CODES: Mapping[str, str] = {
    "DRAFT": "DRFT",
    "APPROVED": "APPR",
    "ISSUED": "ISSU",
    "PENDING_SURRENDER_FOR_AMENDMENT": "PSAM",
    "SURRENDERED_FOR_AMENDMENT": "SUAM",
    "SURRENDER_FOR_AMENDMENT": "SUAM",
    "PENDING_SURRENDER_FOR_DELIVERY": "PSDL",
    "SURRENDERED_FOR_DELIVERY": "SUDL",
    "SURRENDER_FOR_DELIVERY": "SUDL",
    "VOIDED": "VOID",
    "VOID": "VOID",
    "AMENDMENT_RECEIVED": "AMRE",
    "AMENDMENT_CONFIRMED": "AMCF",
    "AMENDMENT_CANCELLED": "AMCN",
    "AMENDMENT_DECLINED": "AMDC",
}
"""The codes of Track & Trace 3.0 for what a notification says."""
LONGEST_REASON = 5000


class Feedback(Message):
    """`Feedback`."""

    message: Annotated[str, upto(5000)]


class Data(Message):
    """`TransportDocumentData`; the document itself is read apart."""

    transport_document_status: Status
    amended_transport_document_status: Amendment | None = None
    transport_document_reference: Annotated[str, upto(20)]
    transport_document_sub_reference: Annotated[str, upto(100)] | None = None
    feedbacks: list[Feedback] = Field(default_factory=list)
    transport_document: dict[str, Any] | None = None


class Notification(Message):
    """`TransportDocumentNotification`, a CloudEvent 1.0."""

    specversion: Literal["1.0"]
    id: Annotated[str, upto(100)]
    source: Annotated[str, upto(4096)]
    time: Instant
    datacontenttype: Literal["application/json"]
    data: Data


def map_status(notification: Notification, issuer: Mapping[str, str] | None) -> Mapped:
    """Return the change of status as a `transport_event`; `issuer` is the document's carrier."""
    data = notification.data
    document = {"type": "TRD", "number": data.transport_document_reference}
    if data.transport_document_sub_reference:
        document["sub_number"] = data.transport_document_sub_reference
    event = {
        "type": "shipment",
        "classifier": "actual",
        "code": CODES[data.amended_transport_document_status or data.transport_document_status],
        "time": notification.time,
        "created": notification.time,
        "document": document,
    }
    if reason := "\n".join(each.message for each in data.feedbacks)[:LONGEST_REASON]:
        event["reason"] = reason
    named = identifier("transport_document", data.transport_document_reference, issuer)
    return Mapped(
        product=settings.EVENT,
        version=settings.EVENT_VERSION,
        document={
            "identifiers": [named],
            "parties": [],
            "event": event,
            "provenance": {
                "standard": settings.STANDARD,
                "version": settings.VERSION,
                "message_id": notification.id,
            },
        },
        # CloudEvents 1.0, section 3.1.1: source and id together are distinct
        key=f"{notification.source} {notification.id}",
        revision=None,
        identifiers=(named,),
        owner_references=(named,),
        place="/data",
        warnings=unlikely(notification.time, "/time"),
    )
