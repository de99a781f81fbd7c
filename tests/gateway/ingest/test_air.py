"""Air waybills arrive as XML over HTTP."""

from typing import Any

import pytest
from sqlmodel import Session, select

from gateway.records.tables import Record
from tests.support.app import Gateway
from tests.support.callers import ApiCaller
from tests.support.messages_air import AWB, waybill
from tests.support.records import CARRIER, TRADER, participants

XML = "application/xml"


@pytest.fixture(autouse=True)
def registered(gateway: Gateway) -> None:
    with Session(gateway.app.state.engine) as session:
        participants(session, linked=(TRADER,))
        session.commit()


@pytest.fixture
def forwarder(gateway: Gateway) -> ApiCaller:
    return ApiCaller(gateway, CARRIER, "ingest:cargo_xml assignments")


def push(forwarder: ApiCaller, message: bytes, *, media_type: str = XML, owner: str | None = None) -> Any:
    params = {"owner": owner} if owner else None
    return forwarder.request(
        "POST", "/ingest/cargo_xml", content=message, params=params, headers={"Content-Type": media_type}
    )


@pytest.mark.parametrize("media_type", [XML, "text/xml", "text/xml; charset=UTF-8"])
def test_a_waybill_is_taken_in_under_either_media_type(forwarder: ApiCaller, media_type: str) -> None:
    response = push(forwarder, waybill(), media_type=media_type, owner=TRADER)
    assert response.status_code == 201
    (record,) = response.json()["records"]
    assert (record["product"], record["key"], record["state"]) == ("air_waybill", AWB, "current")
    assert (record["owner"], record["warnings"]) == (TRADER, [])
    assert push(forwarder, waybill(), media_type=media_type).status_code == 200


def test_a_waybill_sent_as_json_is_415(forwarder: ApiCaller) -> None:
    response = push(forwarder, waybill(), media_type="application/json")
    assert response.status_code == 415
    detail = "media type 'application/json' is not accepted; expected application/xml or text/xml"
    assert response.json()["detail"] == detail


def test_a_faulty_waybill_is_422_with_the_places_in_the_xml(forwarder: ApiCaller) -> None:
    response = push(forwarder, waybill(CityName=None, PurposeCode="Amendment"))
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {
            "pointer": "/Waybill/MessageHeaderDocument/PurposeCode",
            "message": "input should be 'Creation', 'Update' or 'Deletion'",
            "fix": "",
        },
        {
            "pointer": "/Waybill/MasterConsignment/ConsignorParty/PostalStructuredAddress/CityName",
            "message": "is missing, and the standard requires it",
            "fix": "add CityName",
        },
    ]


def test_an_entity_bomb_is_422(forwarder: ApiCaller) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;&c;&c;&c;</a>'
    response = push(forwarder, bomb)
    assert response.status_code == 422
    assert response.json()["errors"][0]["message"] == "has a document type declaration, expected none"


def test_the_newest_waybill_is_current_and_a_deletion_ends_it(gateway: Gateway, forwarder: ApiCaller) -> None:
    update = waybill(PurposeCode="Update", IssueDateTime="2026-11-20T10:00:00Z", ID="second")
    deletion = waybill(PurposeCode="Deletion", IssueDateTime="2026-11-20T12:00:00Z", ID="third")
    for message in (update, waybill(), deletion):
        assert push(forwarder, message, owner=TRADER).status_code == 201
    with Session(gateway.app.state.engine) as session:
        records = session.exec(select(Record).order_by(Record.revision)).all()
        assert [(each.state, each.owner_id) for each in records] == [
            ("superseded", TRADER),
            ("superseded", TRADER),
            ("retracted", TRADER),
        ]


def test_a_waybill_belongs_to_whom_its_number_is_assigned(forwarder: ApiCaller) -> None:
    number = {"scheme": "mawb", "issuer": {"list": "IATA", "code": "888"}, "value": AWB}
    forwarder.request("PUT", "/assignments", json={"reference": number, "owner": TRADER})
    (record,) = push(forwarder, waybill()).json()["records"]
    assert record["owner"] == TRADER
