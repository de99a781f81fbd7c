import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlmodel import Session, func, select

import schemas
from connectors import registry
from gateway.directory.tables import Participant
from gateway.ingest.subscriptions import Subscription, subscribe
from gateway.records.tables import Original, Quarantine, Record
from tests.support.app import Gateway
from tests.support.callers import ApiCaller
from tests.support.messages import BOOKING, body, event, transport_document
from tests.support.records import CARRIER, NOW, RIVAL, TRADER, participant, participants

TRACK, EBL = "dcsa_track_trace", "dcsa_ebl"
ROLES = ", ".join(schemas.roles("bill_of_lading", 1))
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def registered(gateway: Gateway) -> None:
    with Session(gateway.app.state.engine) as session:
        participants(session, linked=(TRADER,))
        session.get_one(Participant, CARRIER).carrier_code = {"list": "SCAC", "code": "OCLN"}
        session.commit()


@pytest.fixture
def database(gateway: Gateway) -> Iterator[Session]:
    with Session(gateway.app.state.engine) as session:
        yield session


@pytest.fixture
def carrier(gateway: Gateway) -> ApiCaller:
    return ApiCaller(gateway, CARRIER, f"ingest:{TRACK} ingest:{EBL} links assignments records")


def push(carrier: ApiCaller, connector: str, content: bytes, *, owner: str | None = None, **headers: str) -> Any:
    params = {"owner": owner} if owner else None
    return carrier.request("POST", f"/ingest/{connector}", content=content, params=params, headers={**JSON, **headers})


def count(session: Session, table: Any) -> int:
    session.rollback()
    return session.exec(select(func.count()).select_from(table)).one()


def check_problem(response: httpx2.Response, status: int, detail: str) -> dict[str, Any]:
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    problem: dict[str, Any] = response.json()
    assert problem["detail"] == detail
    return problem


def test_a_push_is_answered_with_what_became_of_each_document(carrier: ApiCaller) -> None:
    response = push(carrier, EBL, body(transport_document()), owner=TRADER)
    assert response.status_code == 201
    (record,) = response.json()["records"]
    assert len(record.pop("id")) == 22
    assert record == {
        "product": "bill_of_lading",
        "key": "NMFTA:OCLN:OCLN71800000",
        "state": "current",
        "owner": TRADER,
        "new": True,
        "warnings": [
            {
                "pointer": "/utilizedTransportEquipments/0/equipment/equipmentReference",
                "message": "is no container with right check digits",
                "fix": "check the number; it is kept as it came",
            }
        ],
    }


def test_an_exact_duplicate_is_200_with_the_same_ids(carrier: ApiCaller) -> None:
    first = push(carrier, TRACK, body([event("a"), event("b")]))
    again = push(carrier, TRACK, body([event("a"), event("b")]))
    assert (first.status_code, again.status_code) == (201, 200)
    assert [each["id"] for each in again.json()["records"]] == [each["id"] for each in first.json()["records"]]


def test_what_cannot_be_mapped_is_422_with_every_fault_and_stays_in_quarantine(
    carrier: ApiCaller, database: Session
) -> None:
    faulty = {**event("a"), "eventDateTime": "yesterday", "emptyIndicatorCode": "HALF"}
    response = push(carrier, TRACK, body([faulty]))
    problem = check_problem(response, 422, "the message has 2 fault(s) and made no records; see errors")
    assert {each["pointer"] for each in problem["errors"]} == {"/0/eventDateTime", "/0/emptyIndicatorCode"}
    assert (count(database, Quarantine), count(database, Record)) == (1, 0)
    assert database.get_one(Quarantine, problem["quarantine"])


def test_a_push_for_an_owner_who_is_not_linked_is_403_and_stores_nothing(carrier: ApiCaller, database: Session) -> None:
    response = push(carrier, EBL, body(transport_document()), owner=RIVAL)
    check_problem(response, 403, f"owner '{RIVAL}' has not confirmed to be a customer of '{CARRIER}'")
    assert (count(database, Original), count(database, Record)) == (0, 0)


def pushed_for(carrier: ApiCaller, *named: str) -> Any:
    params = {"owner": TRADER, "party": list(named)}
    content = body(transport_document())
    return carrier.request("POST", f"/ingest/{EBL}", content=content, params=params, headers=JSON)


@pytest.mark.parametrize(
    ("named", "status", "detail"),
    [
        ((f"consignee:{RIVAL}",), 403, f"owner '{RIVAL}' has not confirmed to be a customer of '{CARRIER}'"),
        ((f"consignee:{TRADER}", f"consignee:{RIVAL}"), 422, "party 'consignee' is there twice"),
        ((f"consignor:{TRADER}",), 422, f"party 'consignor' is no role of what the message holds; known: {ROLES}"),
    ],
)
def test_a_wrong_party_is_refused_and_nothing_is_stored(
    carrier: ApiCaller, database: Session, named: tuple[str, ...], status: int, detail: str
) -> None:
    check_problem(pushed_for(carrier, *named), status, detail)
    assert (count(database, Original), count(database, Record)) == (0, 0)


@pytest.mark.parametrize(
    ("named", "pointer"),
    [
        (("consignee",), "/query/party/0"),
        (("consignee:",), "/query/party/0"),
        ((f"shipper:{TRADER}", f"Consignee:{TRADER}"), "/query/party/1"),
        (tuple(f"role_{letter}:{TRADER}" for letter in "abcdefghijk"), "/query/party"),
    ],
)
def test_a_party_that_is_not_in_form_is_422_with_its_place(
    carrier: ApiCaller, named: tuple[str, ...], pointer: str
) -> None:
    problem = check_problem(pushed_for(carrier, *named), 422, "the request has 1 fault(s); see errors")
    assert [each["pointer"] for each in problem["errors"]] == [pointer]


def test_a_push_names_parties_and_its_provider_sees_them(carrier: ApiCaller) -> None:
    assert pushed_for(carrier, f"consignee:{TRADER}", f"shipper:{TRADER}").status_code == 201
    (record,) = carrier.request("GET", "/records").json()["records"]
    assert record["parties"] == {"consignee": [TRADER], "shipper": [TRADER]}


def test_a_known_document_for_another_owner_is_409(carrier: ApiCaller, database: Session) -> None:
    push(carrier, EBL, body(transport_document()), owner=TRADER)
    found = database.exec(select(Record)).one()
    found.owner_id = RIVAL
    database.commit()
    response = push(carrier, EBL, body(transport_document()), owner=TRADER)
    detail = f"owner '{TRADER}' contradicts '{RIVAL}', given by this provider before; nothing of the message was stored"
    problem = check_problem(response, 409, detail)
    assert [each["fix"] for each in problem["errors"]] == ["push it with the owner it has"]


def test_a_token_without_the_connectors_scope_is_403(gateway: Gateway) -> None:
    other = ApiCaller(gateway, CARRIER, f"ingest:{EBL}")
    response = push(other, TRACK, body([event("a")]))
    check_problem(response, 403, "the token lacks the scope 'ingest:dcsa_track_trace'")
    assert 'error="insufficient_scope"' in response.headers["www-authenticate"]


def test_nobody_is_401_and_their_body_is_not_even_read(gateway: Gateway) -> None:
    for content in (b"[]", b" " * 2_000_000):
        response = gateway.client.post(f"/ingest/{TRACK}", content=content, headers=JSON)
        check_problem(response, 401, "an access token with the DPoP scheme is missing")


def test_a_proof_is_used_up_by_a_refused_push_too(gateway: Gateway, carrier: ApiCaller) -> None:
    token, path = carrier.token, f"/ingest/{TRACK}"
    headers = {**JSON, "Authorization": f"DPoP {token}", "DPoP": carrier.proof("POST", path, token)}
    first = gateway.client.post(path, content=b"{", headers=headers)
    again = gateway.client.post(path, content=body([event("a")]), headers=headers)
    assert first.status_code == 422
    check_problem(again, 401, "the DPoP proof was used before")


def test_an_unknown_connector_is_404_and_names_the_known(carrier: ApiCaller) -> None:
    detail = f"no connector named 'nope'; known: {', '.join(registry.names())}"
    check_problem(push(carrier, "nope", b"{}"), 404, detail)


HOSTILE = {
    "deep": (b"[" * 100_000 + b"]" * 100_000, "nested deeper than 64 at byte 64"),
    "duplicate member": (b'[{"eventID": 1, "eventID": 2}]', "duplicate member name at member 'eventID'"),
    "NaN": (b'[{"delay": NaN}]', "not a JSON number at NaN"),
    "infinity": (b'[{"delay": 1e999}]', "number out of range at 1e999"),
    "NUL": (b'[{"reason": "a\\u0000b"}]', "NUL character at /0/reason"),
    "lone surrogate": (b'[{"reason": "\\ud800"}]', "lone surrogate at /0/reason"),
    "not UTF-8": (b'["\xff"]', "not UTF-8 at byte 2"),
    "UTF-16": ("[]".encode("utf-16"), "not UTF-8 at byte 0"),
    "byte order mark": (
        b"\xef\xbb\xbf[]",
        "byte order mark, expected UTF-8 without one (RFC 8259 section 8.1) at byte 0",
    ),
    "nothing": (b"", "not JSON: Expecting value at line 1, column 1"),
    "XML": (b'<?xml version="1.0"?><a/>', "not JSON: Expecting value at line 1, column 1"),
    "a huge number": (
        b"[" + b"9" * 500 + b"]",
        "number of 500 characters, expected at most 400 at 99999999999999999999...",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_a_clear_422(carrier: ApiCaller, name: str) -> None:
    content, message = HOSTILE[name]
    response = push(carrier, TRACK, content)
    problem = check_problem(response, 422, "the message has 1 fault(s) and made no records; see errors")
    assert problem["errors"] == [{"pointer": "", "message": message, "fix": "send one JSON text in UTF-8"}]


def test_an_empty_or_foreign_message_is_a_clear_422(carrier: ApiCaller) -> None:
    for content in (b"[]", b"{}", b"null", b"[1]", b'"text"'):
        assert push(carrier, TRACK, content).status_code == 422
        assert push(carrier, EBL, content).status_code == 422


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [("text/plain", "'text/plain'"), ("application/xml; q=1", "'application/xml'"), ("", "none")],
)
def test_another_media_type_is_415(carrier: ApiCaller, content_type: str, shown: str) -> None:
    response = push(carrier, TRACK, b"[]", **{"Content-Type": content_type})
    check_problem(response, 415, f"media type {shown} is not accepted; expected application/json")


def test_json_in_another_encoding_is_415(carrier: ApiCaller) -> None:
    response = push(carrier, TRACK, b"[]", **{"Content-Type": "application/json; charset=utf-16"})
    check_problem(response, 415, "JSON is accepted in UTF-8 only (RFC 8259 section 8.1)")
    accepted = push(carrier, TRACK, body([event("a")]), **{"Content-Type": 'application/json; charset="UTF-8"'})
    assert accepted.status_code == 201


def test_a_compressed_body_is_415(carrier: ApiCaller) -> None:
    response = push(carrier, TRACK, b"\x1f\x8b", **{"Content-Encoding": "gzip"})
    check_problem(response, 415, "content coding 'gzip' is not accepted; send identity")
    assert response.headers["accept-encoding"] == "identity"


def test_a_body_that_says_it_is_too_large_is_413(carrier: ApiCaller) -> None:
    response = push(carrier, TRACK, b" " * 1_048_577)
    check_problem(response, 413, "the body is larger than 1048576 bytes; send it in parts")


def test_a_body_in_chunks_that_grows_too_large_is_413(carrier: ApiCaller) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(1025):
            yield b" " * 1024

    response = carrier.request("POST", f"/ingest/{TRACK}", content=chunks(), headers=JSON)
    check_problem(response, 413, "the body is larger than 1048576 bytes; send it in parts")


def test_a_link_is_asked_for_and_listed(carrier: ApiCaller) -> None:
    asked = carrier.request("PUT", f"/links/{RIVAL}")
    expected = {"owner": RIVAL, "requested_at": "2026-11-24T09:00:00Z", "confirmed_at": None}
    assert (asked.status_code, asked.json()) == (200, expected)
    listed = carrier.request("GET", "/links").json()["links"]
    assert [(each["owner"], each["confirmed_at"] is not None) for each in listed] == [(TRADER, True), (RIVAL, False)]


def test_an_assignment_gives_an_owner_to_what_came_before(carrier: ApiCaller) -> None:
    (pushed,) = push(carrier, EBL, body(transport_document())).json()["records"]
    assert pushed["owner"] is None
    reference = {"scheme": "booking", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": BOOKING}
    response = carrier.request("PUT", "/assignments", json={"reference": reference, "owner": TRADER})
    assert response.json() == {"reference": reference, "owner": TRADER, "records": [pushed["id"]]}


def test_an_assignment_to_an_owner_who_is_not_linked_is_403(carrier: ApiCaller) -> None:
    assignment = {"reference": {"scheme": "booking", "value": BOOKING}, "owner": RIVAL}
    response = carrier.request("PUT", "/assignments", json=assignment)
    check_problem(response, 403, f"owner '{RIVAL}' has not confirmed to be a customer of '{CARRIER}'")


def test_a_provider_sees_what_it_pushed_page_by_page_and_what_has_no_owner(
    gateway: Gateway, carrier: ApiCaller, database: Session
) -> None:
    push(carrier, EBL, body(transport_document()), owner=TRADER)
    push(carrier, TRACK, body([event("a"), event("b", bills=())]))
    first = carrier.request("GET", "/records", params={"limit": 2}).json()
    second = carrier.request("GET", "/records", params={"limit": 2, "after": first["next"]}).json()
    assert (len(first["records"]), len(second["records"]), second["next"]) == (2, 1, None)
    assert {each["product"] for each in first["records"] + second["records"]} == {"bill_of_lading", "transport_event"}
    (unowned,) = carrier.request("GET", "/records", params={"unowned": True}).json()["records"]
    assert (unowned["owner"], unowned["state"]) == (None, "current")
    database.add(participant("other-line", "provider"))
    database.commit()
    other = ApiCaller(gateway, "other-line", "records")
    assert other.request("GET", "/records").json() == {"records": [], "next": None}


@pytest.mark.parametrize("after", ["x", "AAAA", "W10", "bnVsbA"])
def test_a_made_up_cursor_is_422(carrier: ApiCaller, after: str) -> None:
    response = carrier.request("GET", "/records", params={"after": after})
    check_problem(response, 422, "after is no cursor that was given here")


@pytest.fixture
def subscription(gateway: Gateway, database: Session) -> Subscription:
    made = subscribe(database, gateway.keyring.records, connector=TRACK, provider_id=CARRIER, now=NOW)
    database.commit()
    return made


def call_back(gateway: Gateway, path: str, content: bytes, secret: bytes) -> httpx2.Response:
    signature = "sha256=" + hmac.new(secret, content, hashlib.sha256).hexdigest()
    headers = {**JSON, "Notification-Signature": signature}
    response: httpx2.Response = gateway.client.post(path, content=content, headers=headers)
    return response


def test_a_callback_signed_with_its_secret_is_taken_in(
    gateway: Gateway, database: Session, subscription: Subscription
) -> None:
    path = f"/callbacks/{TRACK}/{subscription.id}"
    for _ in range(2):
        response = call_back(gateway, path, body([event("a")]), subscription.secret)
        assert (response.status_code, response.content) == (204, b"")
    assert database.exec(select(Record)).one().provider_id == CARRIER


def test_a_callback_with_another_signature_is_401_and_stores_nothing(
    gateway: Gateway, database: Session, subscription: Subscription
) -> None:
    response = call_back(gateway, f"/callbacks/{TRACK}/{subscription.id}", body([event("a")]), b"another secret")
    detail = "Notification-Signature is missing or is not sha256= and the body's HMAC in hexadecimal"
    check_problem(response, 401, detail)
    assert (count(database, Original), count(database, Record)) == (0, 0)


def test_unknown_subscriptions_and_connectors_are_404_alike(gateway: Gateway, subscription: Subscription) -> None:
    for path in (f"{TRACK}/unknown", f"{EBL}/{subscription.id}", f"nope/{subscription.id}"):
        response = call_back(gateway, f"/callbacks/{path}", body([event("a")]), subscription.secret)
        check_problem(response, 404, "nothing is subscribed here")


def test_a_faulty_callback_is_422_and_quarantined(
    gateway: Gateway, database: Session, subscription: Subscription
) -> None:
    response = call_back(gateway, f"/callbacks/{TRACK}/{subscription.id}", b"[{}]", subscription.secret)
    assert response.status_code == 422
    assert count(database, Quarantine) == 1
