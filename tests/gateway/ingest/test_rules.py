from collections.abc import Mapping

from gateway.ingest.rules import Basis, Contradiction, Known, Owned, Unowned, owner_of
from gateway.records.references import Reference, reference

BILL = Reference("transport_document", "SCAC:OCLN", "OCLN7180")
OTHER_BILL = Reference("transport_document", "SCAC:OCLN", "OCLN7181")
BOOKING = Reference("booking", "SCAC:OCLN", "BK1")
CONTAINER = Reference("container", "", "MSKU0000000")
CUSTOMER = Reference("customer_code", "", "C-17")
EVENT, DOCUMENT = "transport_event", "bill_of_lading"
NOTHING = Known({}, {})
NO_EVENT_OWNER = Unowned(
    "no owner: push the document it names with its owner, or assign its booking or transport document"
)
NO_OWNER = Unowned("no owner: push it with ?owner=<participant id>, or assign one of its references (PUT /assignments)")


def documented(owners: Mapping[Reference, set[str | None]]) -> Known:
    return Known({}, {each: frozenset(those) for each, those in owners.items()})


def test_the_push_names_the_owner() -> None:
    assert owner_of([BILL], NOTHING, product=DOCUMENT, named="trader") == Owned("trader", Basis.PUSHED)


def test_nobody_owns_what_nobody_claims() -> None:
    assert owner_of([BILL], NOTHING, product=DOCUMENT) == NO_OWNER
    assert owner_of([BILL, BOOKING], NOTHING, product=EVENT) == NO_EVENT_OWNER


def test_an_assigned_reference_names_the_owner_of_documents_and_events() -> None:
    for assigned in (BILL, BOOKING, CUSTOMER):
        known = Known({assigned: "trader"}, {})
        for product in (DOCUMENT, EVENT):
            assert owner_of([BILL, BOOKING, CUSTOMER], known, product=product) == Owned("trader", Basis.ASSIGNED)


def test_assignments_to_different_owners_leave_it_unowned() -> None:
    known = Known({BILL: "trader", BOOKING: "rival"}, {})
    expected = Unowned("its references belong to different owners: rival, trader")
    assert owner_of([BILL, BOOKING], known, product=DOCUMENT) == expected


def test_an_event_inherits_the_owner_of_the_document_it_names() -> None:
    known = documented({BILL: {"trader"}})
    assert owner_of([BILL, CONTAINER], known, product=EVENT) == Owned("trader", Basis.INHERITED)


def test_an_event_that_names_no_document_inherits_from_its_booking() -> None:
    assert owner_of([BOOKING], documented({BOOKING: {"trader"}}), product=EVENT) == Owned("trader", Basis.INHERITED)


def test_an_event_never_inherits_by_a_container_alone() -> None:
    assert owner_of([CONTAINER], documented({CONTAINER: {"trader"}}), product=EVENT) == NO_EVENT_OWNER


def test_an_event_that_names_an_unknown_document_does_not_inherit_from_its_booking() -> None:
    known = documented({BOOKING: {"trader"}})
    assert owner_of([BILL, BOOKING], known, product=EVENT) == NO_EVENT_OWNER


def test_an_event_of_a_booking_shared_with_an_unowned_document_stays_unowned() -> None:
    assert owner_of([BOOKING], documented({BOOKING: {"trader", None}}), product=EVENT) == NO_EVENT_OWNER


def test_an_event_that_names_documents_of_two_owners_stays_unowned() -> None:
    known = documented({BILL: {"trader"}, OTHER_BILL: {"rival"}})
    expected = Unowned("its references belong to different owners: rival, trader")
    assert owner_of([BILL, OTHER_BILL], known, product=EVENT) == expected


def test_an_event_that_names_a_second_unknown_document_stays_unowned() -> None:
    assert owner_of([BILL, OTHER_BILL], documented({BILL: {"trader"}}), product=EVENT) == NO_EVENT_OWNER


def test_an_assignment_against_the_document_named_leaves_the_event_unowned() -> None:
    known = Known({BOOKING: "rival"}, {BILL: frozenset({"trader"})})
    expected = Unowned("its references belong to different owners: rival, trader")
    assert owner_of([BILL, BOOKING], known, product=EVENT) == expected


def test_a_document_does_not_inherit() -> None:
    assert owner_of([BILL, BOOKING], documented({BOOKING: {"trader"}}), product=DOCUMENT) == NO_OWNER


def test_a_later_version_keeps_its_owner() -> None:
    held = Owned("trader", Basis.ASSIGNED)
    assert owner_of([BILL], NOTHING, product=DOCUMENT, held=held) == held


def test_a_later_version_for_another_owner_is_a_contradiction() -> None:
    held = Owned("trader", Basis.PUSHED)
    expected = Contradiction("owner 'rival' contradicts 'trader', given by this provider before")
    assert owner_of([BILL], NOTHING, product=DOCUMENT, named="rival", held=held) == expected


def test_a_push_against_a_standing_assignment_is_a_contradiction() -> None:
    known = Known({BOOKING: "trader"}, {})
    expected = Contradiction("owner 'rival' contradicts 'trader', given by this provider before")
    assert owner_of([BILL, BOOKING], known, product=DOCUMENT, named="rival") == expected


def test_an_event_pushed_for_another_than_its_documents_owner_is_a_contradiction() -> None:
    expected = Contradiction("owner 'rival' contradicts 'trader', given by this provider before")
    assert owner_of([BILL], documented({BILL: {"trader"}}), product=EVENT, named="rival") == expected


def test_a_later_version_that_an_assignment_contradicts_is_a_contradiction() -> None:
    known = Known({BOOKING: "rival"}, {})
    expected = Contradiction("owner 'trader' contradicts 'rival', given by this provider before")
    held = Owned("trader", Basis.PUSHED)
    assert owner_of([BILL, BOOKING], known, product=DOCUMENT, held=held) == expected


def test_an_inherited_owner_is_judged_anew() -> None:
    held = Owned("trader", Basis.INHERITED)
    known = documented({OTHER_BILL: {"rival"}})
    assert owner_of([OTHER_BILL], known, product=EVENT, held=held) == Owned("rival", Basis.INHERITED)
    assert owner_of([BILL], NOTHING, product=EVENT, held=held) == NO_EVENT_OWNER


def test_an_owner_once_assigned_and_then_pushed_is_pushed() -> None:
    held = Owned("trader", Basis.ASSIGNED)
    assert owner_of([BILL], NOTHING, product=DOCUMENT, named="trader", held=held) == Owned("trader", Basis.PUSHED)


def test_references_join_only_with_scheme_and_issuer() -> None:
    issued = {"scheme": "booking", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": "BK1"}
    assert reference(issued) == BOOKING
    assert reference({"scheme": "container", "value": "MSKU0000000"}) == CONTAINER
    assert len({BOOKING.key, Reference("booking", "", "BK1").key, Reference("ucr", "SCAC:OCLN", "BK1").key}) == 3
