"""Whose data is it? By the provider's word alone, and never in doubt."""

import pytest
from sqlmodel import Session, select

from gateway.errors import ConflictError, ForbiddenError, InvalidError
from gateway.ingest.ownership import assign
from gateway.ingest.tables import Assignment
from gateway.records.references import Reference
from gateway.records.tables import Original, Record
from tests.support.messages import BILL, BOOKING, event, transport_document
from tests.support.pushes import Carrier
from tests.support.records import CARRIER, NOW, RIVAL, TRADER, participant

OTHER_BILL = "OCLN71800001"
ISSUER = "SCAC:OCLN"


def owner_of(session: Session, record_id: str) -> tuple[str | None, str | None]:
    found = session.get_one(Record, record_id)
    session.refresh(found)
    return found.owner_id, found.owner_basis


def assigned(oceanline: Carrier, scheme: str, value: str, owner: str = TRADER) -> list[str]:
    return assign(
        oceanline.session,
        oceanline.keyring.records,
        provider_id=CARRIER,
        reference=Reference(scheme, ISSUER, value),
        owner_id=owner,
        now=NOW,
    )


def test_a_push_for_an_owner_who_is_not_linked_stores_nothing(oceanline: Carrier) -> None:
    oceanline.session.add(participant("stranger", "owner"))
    for owner in ("stranger", "nobody"):
        message = f"^owner '{owner}' has not confirmed to be a customer of 'oceanline'$"
        with pytest.raises(ForbiddenError, match=message):
            oceanline.push_document(transport_document(), owner=owner)
    assert oceanline.session.exec(select(Record)).all() == []
    assert oceanline.session.exec(select(Original)).all() == []


def test_an_assignment_to_an_owner_who_is_not_linked_stores_nothing(oceanline: Carrier) -> None:
    with pytest.raises(ForbiddenError, match=r"^owner 'nobody' has not confirmed to be a customer of 'oceanline'$"):
        assigned(oceanline, "booking", BOOKING, owner="nobody")
    assert oceanline.session.exec(select(Assignment)).all() == []


def test_the_pushs_owner_owns_what_it_holds(oceanline: Carrier) -> None:
    (taken,) = oceanline.push_document(transport_document(), owner=TRADER)
    assert (taken.owner_id, taken.state, taken.new) == (TRADER, "current", True)
    assert owner_of(oceanline.session, taken.id) == (TRADER, "pushed")


def test_what_nobody_claims_is_stored_without_an_owner_and_says_so(oceanline: Carrier) -> None:
    (taken,) = oceanline.push_events(event("a"))
    assert owner_of(oceanline.session, taken.id) == (None, None)
    warning = taken.warnings[-1]
    assert (warning.pointer, warning.message) == ("/0", "has no owner and is released to nobody")
    assert warning.fix == (
        "no owner: push the document it names with its owner, or assign its booking or transport document"
    )


def test_an_event_inherits_from_the_document_that_came_before_it(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER)
    (named,) = oceanline.push_events(event("a"))
    (booked,) = oceanline.push_events(event("b", bills=(), bookings=(BOOKING,)))
    assert owner_of(oceanline.session, named.id) == (TRADER, "inherited")
    assert owner_of(oceanline.session, booked.id) == (TRADER, "inherited")


def test_an_event_inherits_from_the_document_that_comes_after_it(oceanline: Carrier) -> None:
    (taken,) = oceanline.push_events(event("a"))
    oceanline.push_document(transport_document(), owner=TRADER)
    assert owner_of(oceanline.session, taken.id) == (TRADER, "inherited")


def test_an_event_is_never_owned_by_its_container_alone(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER)
    (taken,) = oceanline.push_events(event("a", bills=()))
    assert owner_of(oceanline.session, taken.id) == (None, None)


def test_an_event_does_not_inherit_from_another_providers_document(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER)
    oceanline.session.add(participant("other-line", "provider"))
    oceanline.session.flush()
    for found in oceanline.session.exec(select(Record)):
        found.provider_id = "other-line"
    oceanline.session.flush()
    (taken,) = oceanline.push_events(event("a"))
    assert owner_of(oceanline.session, taken.id) == (None, None)


def test_an_assignment_gives_what_came_before_and_what_comes_after(oceanline: Carrier) -> None:
    (document,) = oceanline.push_document(transport_document())
    (loaded,) = oceanline.push_events(event("a"))
    assert set(assigned(oceanline, "booking", BOOKING)) == {document.id, loaded.id}
    assert owner_of(oceanline.session, document.id) == (TRADER, "assigned")
    assert owner_of(oceanline.session, loaded.id) == (TRADER, "inherited")
    (second,) = oceanline.push_document(transport_document(OTHER_BILL))
    assert owner_of(oceanline.session, second.id) == (TRADER, "assigned")


def test_the_same_assignment_again_changes_nothing(oceanline: Carrier) -> None:
    assigned(oceanline, "booking", BOOKING)
    assert assigned(oceanline, "booking", BOOKING) == []


def test_a_reference_belongs_to_one_owner(oceanline: Carrier) -> None:
    assigned(oceanline, "booking", BOOKING)
    message = f"^booking '{BOOKING}' is already assigned to '{TRADER}'$"
    with pytest.raises(ConflictError, match=message):
        assigned(oceanline, "booking", BOOKING, owner=RIVAL)


def test_an_assignment_against_a_documents_owner_is_a_conflict(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER)
    message = f"^bill_of_lading 'NMFTA:OCLN:{BILL}' bears it and belongs to '{TRADER}'$"
    with pytest.raises(ConflictError, match=message):
        assigned(oceanline, "booking", BOOKING, owner=RIVAL)
    assert oceanline.session.exec(select(Assignment)).all() == []


def test_a_container_cannot_be_assigned(oceanline: Carrier) -> None:
    message = (
        "^scheme 'container' cannot be assigned to an owner; "
        "known: booking, customer_code, ecmr, hawb, mawb, transport_document$"
    )
    with pytest.raises(InvalidError, match=message):
        assigned(oceanline, "container", "MSKU3456789")


def test_a_known_document_pushed_for_another_owner_is_a_conflict(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER)
    message = (
        f"^owner '{RIVAL}' contradicts '{TRADER}', given by this provider before; nothing of the message was stored$"
    )
    for again in (transport_document(), transport_document(issueDate="2026-11-22")):
        with pytest.raises(ConflictError, match=message):
            oceanline.push_document(again, owner=RIVAL)


def test_a_later_version_keeps_the_owner(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER)
    (later,) = oceanline.push_document(transport_document(issueDate="2026-11-22"))
    assert owner_of(oceanline.session, later.id) == (TRADER, "pushed")


def test_a_document_pushed_again_with_its_owner_gives_it_and_its_events_to_him(oceanline: Carrier) -> None:
    (first,) = oceanline.push_document(transport_document())
    (loaded,) = oceanline.push_events(event("a"))
    (again,) = oceanline.push_document(transport_document(), owner=TRADER)
    assert (again.id, again.new, again.owner_id) == (first.id, False, TRADER)
    assert owner_of(oceanline.session, loaded.id) == (TRADER, "inherited")


def test_an_owner_given_to_a_later_version_is_given_to_the_earlier_ones_too(oceanline: Carrier) -> None:
    (first,) = oceanline.push_document(transport_document())
    oceanline.push_document(transport_document(issueDate="2026-11-22"), owner=TRADER)
    assert owner_of(oceanline.session, first.id) == (TRADER, "pushed")


def test_events_of_a_booking_are_nobodys_once_its_documents_have_two_owners(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER)
    (booked,) = oceanline.push_events(event("a", bills=(), bookings=(BOOKING,)))
    (named,) = oceanline.push_events(event("b", bookings=(BOOKING,)))
    oceanline.push_document(transport_document(OTHER_BILL), owner=RIVAL)
    assert owner_of(oceanline.session, booked.id) == (None, None)
    assert owner_of(oceanline.session, named.id) == (TRADER, "inherited")


def test_only_the_current_version_of_a_document_gives_its_owner(oceanline: Carrier) -> None:
    (event_of_old_booking,) = oceanline.push_events(event("a", bills=(), bookings=(BOOKING,)))
    oceanline.push_document(transport_document(), owner=TRADER)
    assert owner_of(oceanline.session, event_of_old_booking.id) == (TRADER, "inherited")
    oceanline.push_document(transport_document(bookings=("OCLNBK260119",)))
    assert owner_of(oceanline.session, event_of_old_booking.id) == (None, None)
    (later,) = oceanline.push_events(event("b", bills=(), bookings=(BOOKING,)))
    assert owner_of(oceanline.session, later.id) == (None, None)


def test_an_event_that_names_bills_of_two_owners_is_nobodys(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER)
    oceanline.push_document(transport_document(OTHER_BILL), owner=RIVAL)
    (taken,) = oceanline.push_events(event("a", bills=(BILL, OTHER_BILL)))
    assert owner_of(oceanline.session, taken.id) == (None, None)


def test_an_event_pushed_for_another_than_its_bills_owner_is_a_conflict(oceanline: Carrier) -> None:
    oceanline.push_document(transport_document(), owner=TRADER)
    with pytest.raises(ConflictError) as caught:
        oceanline.push_events(event("a"), owner=RIVAL)
    assert caught.value.members["errors"] == [
        {
            "pointer": "/0",
            "message": f"owner '{RIVAL}' contradicts '{TRADER}', given by this provider before",
            "fix": "push it with the owner it has",
        }
    ]
