"""Decisions about a pull."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.rules import Cut, Permit, Question, Refusal, Refuse, Standing, decide

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BILL = {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "MAEU"}, "value": "HHL71800000"}
OTHER = {**BILL, "value": "HHL71800001"}
TERMS: dict[str, Any] = {
    "products": ["bill_of_lading", "transport_event"],
    "fields": {"bill_of_lading": ["/cargo", "/routing"]},
    "personal": {"bill_of_lading": ["/parties/contacts/email"]},
    "identifiers": [BILL],
    "period": {"from": "2026-01-01", "to": "2026-12-31"},
}


def standing(**changes: Any) -> Standing:
    values: dict[str, Any] = {
        "consent_id": "c",
        "bank_id": "harbour-bank",
        "state": "active",
        "state_since": NOW - timedelta(days=1),
        "expires_at": NOW + timedelta(days=1),
        "final": True,
    }
    return Standing(**{**values, **changes})


def verdict(question: Question = Question(), *, bank_id: str = "harbour-bank", **changes: Any) -> Permit | Refuse:  # noqa: B008 - frozen
    return decide(standing(**changes), TERMS, question, bank_id=bank_id, now=NOW)


def test_an_active_final_consent_permits_what_it_covers() -> None:
    assert verdict() == Permit(
        products={
            "bill_of_lading": Cut(("/cargo", "/routing"), ("/parties/contacts/email",)),
            "transport_event": Cut(None, ()),
        },
        identifiers=(BILL,),
        first_day=date(2026, 1, 1),
        last_day=date(2026, 12, 31),
    )


def test_a_question_narrows_the_permit() -> None:
    permit = verdict(Question(products=("transport_event",)))
    assert isinstance(permit, Permit)
    assert dict(permit.products) == {"transport_event": Cut(None, ())}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"bank_id": "other-bank"}, Refuse(Refusal.ENDED, "this consent was given to another participant")),
        ({"state": "revoked"}, Refuse(Refusal.ENDED, "the consent is revoked", NOW - timedelta(days=1))),
        ({"state": "requested"}, Refuse(Refusal.ENDED, "the consent is requested", NOW - timedelta(days=1))),
        ({"expires_at": NOW}, Refuse(Refusal.ENDED, "the consent is expired", NOW)),
        ({"state": "paused"}, Refuse(Refusal.PAUSED, "the owner paused the consent", NOW - timedelta(days=1))),
        ({"final": False}, Refuse(Refusal.NOT_FINAL, "the grant is not yet final on the ledger")),
    ],
)
def test_a_consent_that_does_not_stand_refuses_with_its_reason(changes: dict[str, Any], expected: Refuse) -> None:
    assert verdict(bank_id=changes.pop("bank_id", "harbour-bank"), **changes) == expected


def test_a_paused_consent_that_expired_has_ended() -> None:
    refused = verdict(state="paused", expires_at=NOW)
    assert isinstance(refused, Refuse)
    assert refused.refusal is Refusal.ENDED


def test_a_product_outside_the_consent_is_refused_by_name() -> None:
    assert verdict(Question(products=("air_waybill",))) == Refuse(
        Refusal.TOO_WIDE,
        "product 'air_waybill' is not in the consent; it covers bill_of_lading, transport_event",
    )


def test_a_shipment_outside_the_consent_is_refused() -> None:
    assert verdict(Question(identifiers=(BILL, OTHER))) == Refuse(
        Refusal.TOO_WIDE, "identifiers[1] is not in the consent"
    )


def covers(**changes: Any) -> bool:
    permit = verdict()
    assert isinstance(permit, Permit)
    values: dict[str, Any] = {"product": "transport_event", "identifiers": [BILL, OTHER], "day": date(2026, 6, 1)}
    return permit.covers(**{**values, **changes})


def test_a_record_within_every_limit_is_covered() -> None:
    assert covers()


@pytest.mark.parametrize(
    "changes",
    [
        {"product": "air_waybill"},
        {"identifiers": [OTHER]},
        {"identifiers": [{"scheme": "transport_document", "value": "HHL71800000"}]},
        {"day": date(2025, 12, 31)},
        {"day": date(2027, 1, 1)},
        {"day": None},
    ],
)
def test_a_record_outside_any_limit_is_not_covered(changes: dict[str, Any]) -> None:
    assert not covers(**changes)


@given(
    state=st.sampled_from(["requested", "active", "paused", "refused", "revoked", "expired", "exhausted"]),
    bank=st.sampled_from(["harbour-bank", "other-bank"]),
    offset=st.integers(-10, 10),
    final=st.booleans(),
)
def test_nothing_but_an_active_unexpired_final_consent_of_this_bank_permits(
    state: str,
    bank: str,
    offset: int,
    final: bool,  # noqa: FBT001 - drawn by Hypothesis
) -> None:
    outcome = verdict(bank_id=bank, state=state, expires_at=NOW + timedelta(seconds=offset), final=final)
    stands = state == "active" and bank == "harbour-bank" and offset > 0 and final
    assert isinstance(outcome, Permit) == stands
