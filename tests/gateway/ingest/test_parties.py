"""Which participant is which party? By the provider's word alone, and never forgotten."""

import pytest
from sqlmodel import Session, select

import schemas
from gateway.errors import ConflictError, ForbiddenError, InvalidError
from gateway.ingest import parties
from gateway.records.tables import Original, Record
from tests.support.messages import BOOKING, event, transport_document
from tests.support.pushes import Carrier
from tests.support.records import RIVAL, TRADER, participant

SHIPPER, CONSIGNEE = {"shipper": RIVAL}, {"consignee": RIVAL}


def said(session: Session) -> dict[str, list[dict[str, list[str]]]]:
    """Return the parties of all that is stored, by product, oldest first."""
    session.expire_all()
    found: dict[str, list[dict[str, list[str]]]] = {}
    for each in session.exec(select(Record).order_by(Record.received_at, Record.key)):  # type: ignore[arg-type]
        found.setdefault(each.product, []).append(each.parties)
    return found


def test_a_document_has_the_parties_that_its_push_names(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER, parties=CONSIGNEE)
    assert said(oceanline.session) == {"bill_of_lading": [{"consignee": [RIVAL]}]}


def test_a_party_that_is_not_linked_is_refused_as_an_owner_is_and_nothing_is_stored(oceanline: Carrier) -> None:
    oceanline.session.add(participant("stranger", "owner"))
    for party in ("stranger", "nobody"):
        with pytest.raises(ForbiddenError, match=f"^owner '{party}' has not confirmed to be a customer of 'oceanline'"):
            oceanline.push_document(transport_document(), owner=TRADER, parties={"consignee": party})
    assert oceanline.session.exec(select(Original)).all() == []


def test_a_role_that_the_document_has_not_is_refused(oceanline: Carrier) -> None:
    known = ", ".join(schemas.roles("bill_of_lading", 1))
    with pytest.raises(InvalidError, match=f"^party 'consignor' is no role of what the message holds; known: {known}$"):
        oceanline.push_document(transport_document(), owner=TRADER, parties={"consignor": RIVAL})
    assert oceanline.session.exec(select(Record)).all() == []


def test_another_participant_in_the_same_role_contradicts(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER, parties=CONSIGNEE)
    message = f"^party consignee '{TRADER}' contradicts '{RIVAL}', given by this provider before; nothing of the"
    with pytest.raises(ConflictError, match=message) as refused:
        oceanline.push_document(transport_document(isToOrder=True), owner=TRADER, parties={"consignee": TRADER})
    assert [each["fix"] for each in refused.value.members["errors"]] == ["push it with the party it has"]


def test_all_versions_have_what_was_said_of_any(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER)
    oceanline.push_document(transport_document(), owner=TRADER, parties=CONSIGNEE)
    oceanline.push_document(transport_document(isToOrder=True), owner=TRADER)
    oceanline.push_document(transport_document(isToOrder=True), owner=TRADER, parties=SHIPPER)
    assert said(oceanline.session) == {"bill_of_lading": [{"consignee": [RIVAL], "shipper": [RIVAL]}] * 2}


@pytest.mark.parametrize("first", ["event", "document"])
@pytest.mark.parametrize("by", [{}, {"bills": (), "bookings": (BOOKING,)}])
def test_an_event_has_the_parties_of_the_document_that_it_names_in_any_order(
    oceanline: Carrier, first: str, by: dict[str, tuple[str, ...]]
) -> None:
    for what in ("event", "document") if first == "event" else ("document", "event"):
        if what == "event":
            oceanline.push_events(event("a", **by))
        else:
            oceanline.push_document(transport_document(), owner=TRADER, parties={**SHIPPER, "consignee": TRADER})
    assert said(oceanline.session)["transport_event"] == [{"shipper": [RIVAL]}]


def test_an_event_of_two_documents_has_the_parties_of_both(oceanline: Carrier) -> None:
    second = transport_document("OCLN71800001", bookings=("OCLNBK260119",))
    oceanline.push_document(transport_document(), owner=TRADER, parties=SHIPPER)
    oceanline.push_document(second, owner=TRADER, parties={"shipper": TRADER})
    oceanline.push_events(event("a", bills=("OCLN71800000", "OCLN71800001")))
    assert said(oceanline.session)["transport_event"] == [{"shipper": [TRADER, RIVAL]}]


def test_a_role_is_named_once() -> None:
    assert parties.read(["shipper:a-b", "consignee:c-d"]) == {"shipper": "a-b", "consignee": "c-d"}
    with pytest.raises(InvalidError, match=r"^party 'shipper' is there twice$"):
        parties.read(["shipper:a-b", "shipper:c-d"])
