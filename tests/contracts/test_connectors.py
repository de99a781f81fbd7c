"""What every connector must hold."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from connectors.base import Connector, Fault, Mapped, Received
from connectors.errors import ConnectorError, SignatureError, UnknownConnector, Unmappable
from connectors.registry import get, names
from tests.support.messages import event, notification, transport_document
from tests.support.messages_air import waybill
from tests.support.messages_road import ecmr
from tests.support.messages_track_trace_3 import updated
from tests.support.mutations import changed, places

CARRIER_CODE = {"list": "SCAC", "code": "OCLN"}
MESSAGES: dict[str, Callable[[], Any]] = {
    "cargo_xml": waybill,
    "dcsa_ebl": transport_document,
    "dcsa_track_trace": lambda: [event("one"), event("two", bookings=("OCLNBK1",))],
    "dcsa_track_trace_3": lambda: {"events": [updated("one"), updated("two", isRetracted=True)]},
    "ecmr": ecmr,
}
SECRETS = ("desk@trader.example", "Export desk", "+852")
CONNECTORS = pytest.mark.parametrize("name", names())


def received(message: Any, endpoint: str = "push") -> Received:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return Received(endpoint, body, {}, CARRIER_CODE)


def faults(connector: Connector, message: Any) -> list[tuple[str, str]]:
    with pytest.raises(Unmappable) as refusal:
        connector.parse(received(message))
    return [(fault.pointer, fault.message) for fault in refusal.value.faults]


def test_every_connector_has_a_message_here() -> None:
    assert set(MESSAGES) == set(names())


def test_an_unknown_connector_is_refused_by_name_and_the_known_are_listed() -> None:
    with pytest.raises(UnknownConnector, match=rf"^no connector named 'nope'; known: {', '.join(names())}$"):
        get("nope")


@CONNECTORS
def test_its_name_is_its_own_and_it_can_be_pushed_to(name: str) -> None:
    connector = get(name)
    assert connector.name == name
    assert connector.endpoints[0].name == "push"
    assert connector.endpoints[0].media_types


@CONNECTORS
def test_equal_requests_yield_equal_batches(name: str) -> None:
    message = MESSAGES[name]()
    assert get(name).parse(received(message)) == get(name).parse(received(message))


@CONNECTORS
def test_documents_are_as_their_product_says(name: str) -> None:
    for item in get(name).parse(received(MESSAGES[name]())).items:
        assert schemas.faults(item.product, item.version, item.document) == []
        assert tuple(item.document["identifiers"]) == item.identifiers
        assert all(set(each) <= {"scheme", "issuer", "value"} for each in item.identifiers)
        assert all(reference in item.identifiers for reference in item.owner_references)
        assert item.key
        assert item.document["provenance"]["standard"] in get(name).standard


def test_a_notification_holds_documents_as_their_products_say() -> None:
    for document in ({}, {"transportDocument": transport_document()}):
        for item in get("dcsa_ebl").parse(received(notification(**document))).items:
            assert schemas.faults(item.product, item.version, item.document) == []


@CONNECTORS
def test_what_is_not_known_to_every_sealer_is_not_in_a_document(name: str) -> None:
    for item in get(name).parse(received(MESSAGES[name]())).items:
        assert not {"owner", "received_at", "received"} & item.document.keys()


HOSTILE: list[bytes] = [
    b"",
    b"null",
    b"7",
    b'"text"',
    b"[]",
    b"{}",
    b"[[]]",
    b"[" * 100_000,
    b'{"a":' * 1000 + b"1" + b"}" * 1000,
    b'{"eventType":"TRANSPORT","eventType":"SHIPMENT"}',
    b'{"a":NaN}',
    b"[1e999]",
    b'["\\u0000"]',
    b'["\\ud800"]',
    b"\xff\xfe[\x00]\x00",
    b"\xef\xbb\xbf[]",
    b"[" + b"0," * 100_000 + b"0]",
    b"<xml/>",
    b"<a><b></a></b>",
    b"<a>" * 100_000,
    b"<a>" * 1000 + b"</a>" * 1000,
    b"<a>" + b"<b/>" * 200_000 + b"</a>",
    b"<a " + b" ".join(b'b%d=""' % number for number in range(10_000)) + b"/>",
    b"<a>" + b"x" * 1_000_000 + b"</a>",
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
    b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a b="&c;">&c;</a>',
    b"<a>&b;</a>",
    b"<a>\0</a>",
    b'<?xml version="1.0" encoding="UTF-7"?><a/>',
]


@CONNECTORS
@pytest.mark.parametrize("message", HOSTILE, ids=lambda message: repr(message[:20]))
def test_hostile_messages_are_refused_with_faults(name: str, message: bytes) -> None:
    found = faults(get(name), message)
    assert 1 <= len(found) <= 100
    assert all(said for _, said in found)


@CONNECTORS
@given(message=st.binary(max_size=200))
def test_any_bytes_are_mapped_or_refused(name: str, message: bytes) -> None:
    with pytest.raises(Unmappable):
        get(name).parse(received(message))


@CONNECTORS
@given(data=st.data())
def test_a_message_changed_anywhere_is_mapped_or_refused_and_never_repeated(name: str, data: st.DataObject) -> None:
    message = MESSAGES[name]()
    place = data.draw(st.sampled_from(places(message)))
    content: Any = data.draw(
        st.sampled_from([None, True, -1, 1.5, "", "x" * 6000, [], {}, [None], SECRETS[0], "2026-02-30", "é\u202e"])
    )
    items, refused = outcome(name, changed(message, place, content))
    assert all(fault.message for fault in refused)
    assert not any(secret in str(refused) for secret in SECRETS)
    assert [fault for item in items for fault in schemas.faults(item.product, item.version, item.document)] == []


def outcome(name: str, message: Any) -> tuple[tuple[Mapped, ...], tuple[Fault, ...]]:
    """Return what a message holds, or its faults."""
    try:
        return get(name).parse(received(message)).items, ()
    except Unmappable as refusal:
        return (), refusal.faults


@CONNECTORS
def test_a_message_without_the_standards_signature_is_refused_where_one_is_due(name: str) -> None:
    with pytest.raises(SignatureError):
        get(name).verify_signature(received(b"[]", "callback"), b"secret")


@CONNECTORS
def test_it_has_a_page_that_names_its_standard_and_products(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "connectors" / f"{name}.md").read_text()
    assert page.startswith(f"# {name}: {get(name).standard}\n")
    assert all(f"`{item.product}`" in page for item in get(name).parse(received(MESSAGES[name]())).items)


def test_every_error_of_connectors_is_one_tree() -> None:
    assert all(issubclass(each, ConnectorError) for each in (Unmappable, SignatureError, UnknownConnector))
