"""What connectors read: messages of every standard, callbacks, and pages of carriers' APIs."""

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import gateway.cli.demo
import schemas
from connectors import registry, xml
from connectors.base import Connector, Endpoint, Page, Polled, Received
from connectors.errors import Unmappable
from connectors.messages import MOST_BYTES
from tests.fuzz.target import Target
from tests.support.messages import event, notification, transport_document
from tests.support.messages_air import waybill
from tests.support.messages_road import ecmr
from tests.support.messages_track_trace_3 import by_truck, measured, updated

DEMO = Path(gateway.cli.demo.__file__).parent / "messages"
TOLD = {
    "cargo_xml": ["air-waybill-888-26118002.xml"],
    "dcsa_ebl": ["transport-document-118.json", "transport-document-131.json"],
    "dcsa_track_trace": ["events.json"],
    "dcsa_track_trace_3": [],
    "ecmr": ["ecmr-118.json"],
}
MADE: dict[str, Callable[[], list[Any]]] = {
    "cargo_xml": lambda: [waybill()],
    "dcsa_ebl": lambda: [transport_document(), notification(), notification("SURRENDERED")],
    "dcsa_track_trace": lambda: [[event("one"), event("two", bookings=("OCLNBK1",))], event("one")],
    "dcsa_track_trace_3": lambda: [
        {"events": [updated("one", isRetracted=True), measured("two"), by_truck("three", "AB 1234")]}
    ],
    "ecmr": lambda: [ecmr()],
}
AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
CARRIER_CODE = {"list": "SCAC", "code": "OCLN"}


def targets() -> Iterator[Target]:
    """Yield a target for each connector's endpoint, each API, and the reader of XML."""
    yield Target("xml", _xml, (Unmappable,), partial(_messages, "cargo_xml"), MOST_BYTES)
    for name in registry.names():
        connector = registry.get(name)
        for endpoint in connector.endpoints:
            parse = partial(_parse, connector, endpoint)
            yield Target(f"{name}.{endpoint.name}", parse, (Unmappable,), partial(_messages, name), MOST_BYTES)
        if isinstance(connector, Polled):
            yield Target(f"{name}.page", partial(_page, connector), (Unmappable,), partial(_pages, name), MOST_BYTES)


def _messages(name: str) -> Sequence[bytes]:
    made = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in MADE[name]()]
    return [*made, *((DEMO / file).read_bytes() for file in TOLD[name])]


def _pages(name: str) -> Sequence[bytes]:
    link = b"https://api.oceanline.example/v2/events?cursor=abc&limit=100"
    return [head + b"\n" + body for body in _messages(name) for head in (b"", link, b"abc")]


def _xml(data: bytes) -> None:
    xml.read(Received("push", data, {}))


def _parse(connector: Connector, endpoint: Endpoint, data: bytes) -> None:
    headers = {"content-type": endpoint.media_types[0]}
    for item in connector.parse(Received(endpoint.name, data, headers, CARRIER_CODE)).items:
        assert schemas.faults(item.product, item.version, item.document) == []


def _page(connector: Polled, data: bytes) -> None:
    """Read an API's answer, whose first line is what its header says of the next page."""
    head, _, body = data.partition(b"\n")
    page = Page(body, AT, {"next-page": head.decode("latin-1")})
    connector.messages(page)
    onward = connector.onward(None, page)
    connector.request(onward.cursor)
    connector.onward(onward.cursor, page)
