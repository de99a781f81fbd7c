"""What concerns another party: left out unless that party's consent permits it too."""

from datetime import date
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.access import parties
from gateway.access.parties import Agreed, Concern, Other
from gateway.access.rules import Cut, Permit
from gateway.clock import utc_now
from ledger import record
from ledger.codec import b64u
from ledger.pointers import covered, places
from ledger.sdjwt import Disclosure, combine

OWNER, OTHER, THIRD = "harbour-trading", "rain-goods", "third-trading"
BILL = {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": "OCL71800000"}
DAY = date(2026, 11, 21)
DOCUMENT: dict[str, Any] = {
    "document": {"number": "118"},
    "cargo": {"items": [{"goods": "umbrellas", "weight": 12500}, {"goods": "coats"}]},
    "delivery": {"place": "Rotterdam", "contact": "Export desk"},
    "parties": [
        {"role": "consignor", "name": "Harbour"},
        {"role": "consignee", "name": "Rain Goods", "address": {"city": "Rotterdam"}},
        {"role": "consignee", "name": "Second"},
        {"name": "Nobody"},
    ],
    "notes": ["a", "b"],
}
CONCERNS = {
    "/document": "consignor",
    "/cargo": "consignor",
    "/delivery": "consignee",
    "/parties": parties.BY_ITS_OWN_ROLE,
}
PERSONAL = ("/delivery/contact",)
SEALED = record.seal(
    DOCUMENT,
    product="road_consignment_note",
    version=1,
    sealer=record.Sealer("tidegate", b64u(bytes(32)), Ed25519PrivateKey.from_private_bytes(bytes(32))),
    provider="truckline",
    issued_at=utc_now(),
    original={"digest": b64u(bytes(32))},
)
ALL = Cut(None, PERSONAL)
pointers = st.lists(
    st.sampled_from(["/cargo/items/goods", "/delivery", "/delivery/place", "/parties/name", "/parties/address"]),
    max_size=3,
    unique=True,
).map(tuple)
cuts = st.builds(Cut, st.none() | pointers, st.sampled_from([(), PERSONAL]))


def shown(cut: Cut, among: tuple[Other, ...]) -> tuple[dict[str, Any], set[Concern]]:
    """Return the claims that a bank sees, and whom what it does not see for want of a consent concerns."""
    found: list[Disclosure] = list(SEALED.disclosures)
    concerns = parties.concerned(found, CONCERNS)
    gone = parties.withheld(found, concerns, among, PERSONAL)
    members: dict[str, Any] = {"fields": cut.fields, "personal": cut.personal, "personal_fields": PERSONAL}
    chosen = record.cut(found, **members, withheld=gone)
    lost = set(record.cut(found, **members)) - set(chosen)
    return record.read(combine(SEALED.jwt, [found[number].encoded for number in chosen])).claims, {
        gone[number] for number in lost & gone.keys()
    }


def without(claims: dict[str, Any]) -> dict[str, Any]:
    """Return claims without the original's digest, which goes with the whole record only."""
    return {name: value for name, value in claims.items() if name != "original"}


def test_what_concerns_the_other_party_is_left_out_whole_and_the_rest_is_there() -> None:
    claims, lost = shown(ALL, (Other("consignee", ()),))
    assert claims == {
        "document": DOCUMENT["document"],
        "cargo": DOCUMENT["cargo"],
        "parties": [DOCUMENT["parties"][0], DOCUMENT["parties"][3]],
        "notes": DOCUMENT["notes"],
    }
    assert lost == {Concern("consignee", "/delivery"), Concern("consignee", "/parties")}
    assert Concern("consignee", "/delivery").reason == "another party has not consented: consignee /delivery"


def test_with_the_other_partys_whole_consent_nothing_is_missing() -> None:
    claims, lost = shown(ALL, (Other("consignee", (ALL,)),))
    assert (without(claims), lost) == (DOCUMENT, set())
    assert "original" in claims


def test_two_participants_of_one_role_must_both_consent() -> None:
    claims, _ = shown(ALL, (Other("consignee", (ALL,)), Other("consignee", ())))
    assert "delivery" not in claims


def test_a_person_is_named_only_if_both_say_so() -> None:
    claims, lost = shown(ALL, (Other("consignee", (Cut(None, ()),)),))
    assert claims["delivery"] == {"place": "Rotterdam"}
    assert lost == {Concern("consignee", "/delivery")}


@given(cut=cuts, theirs=st.lists(cuts, max_size=2).map(tuple), role=st.sampled_from(["consignee", "consignor", "x"]))
def test_nothing_is_shown_that_either_withholds_and_all_that_both_permit_is(
    cut: Cut, theirs: tuple[Cut, ...], role: str
) -> None:
    alone, _ = shown(cut, ())
    claims, lost = shown(cut, (Other(role, theirs),))
    assert set(places(without(claims))) <= set(places(without(alone)))
    if not lost:
        assert without(claims) == without(alone)
    for place in ("/delivery/place", "/delivery/contact"):
        mine = record.permitted(place, cut.fields, cut.personal, PERSONAL)
        other = role != "consignee" or any(
            record.permitted(place, each.fields, each.personal, PERSONAL) for each in theirs
        )
        assert (place in set(places(claims))) == (mine and other)
    names = {each.get("name") for each in claims.get("parties", [])} - {None}
    expected = {each["name"] for each in DOCUMENT["parties"]} if _names(cut) else set()
    if role in ("consignee", "consignor") and not any(_names(each) for each in theirs):
        expected -= {each["name"] for each in DOCUMENT["parties"] if each.get("role") == role}
    assert names == expected


def _names(cut: Cut) -> bool:
    return cut.fields is None or covered(cut.fields, "/parties/name")


def agreed(owner: str, consent: str = "c", **limits: Any) -> Agreed:
    members: dict[str, Any] = {"identifiers": None, "first_day": None, "last_day": None, **limits}
    return Agreed(consent, 1, owner, Permit(products=members.pop("products", {"bill_of_lading": ALL}), **members))


@pytest.mark.parametrize(
    "limits",
    [
        {"products": {"transport_event": ALL}},
        {"identifiers": ({**BILL, "value": "another"},)},
        {"first_day": date(2026, 11, 22)},
        {"last_day": date(2026, 11, 20)},
    ],
)
def test_a_consent_counts_for_what_it_covers(limits: dict[str, Any]) -> None:
    about: dict[str, Any] = {"product": "bill_of_lading", "identifiers": [BILL], "day": DAY}
    said = {"consignee": [OTHER], "shipper": [OWNER]}
    assert parties.others(said, OWNER, [agreed(OTHER)], **about) == (
        (Other("consignee", (ALL,)),),
        frozenset({("c", 1)}),
    )
    assert parties.others(said, OWNER, [agreed(OTHER, **limits)], **about) == ((Other("consignee", ()),), frozenset())


def test_only_the_party_itself_consents_and_the_owner_is_no_other_party() -> None:
    about: dict[str, Any] = {"product": "bill_of_lading", "identifiers": [], "day": None}
    strangers = [agreed(THIRD), agreed(OWNER)]
    assert parties.others({"consignee": [OTHER]}, OWNER, strangers, **about) == ((Other("consignee", ()),), frozenset())
    assert parties.others({"shipper": [OWNER]}, OWNER, strangers, **about) == ((), frozenset())
    assert parties.named({"shipper": [OWNER], "consignee": [OTHER, THIRD]}, OWNER) == {OTHER, THIRD}
