import json
from typing import Any

import pytest

import schemas
from gateway.consent.details import TradeData, parse_details
from gateway.consent.values import DetailsError, duration
from tests.support import builders

ASKED = builders.details()


def fault(**members: Any) -> str:
    with pytest.raises(DetailsError) as refused:
        builders.terms(**members)
    return str(refused.value).removeprefix("authorization_details: ")


def test_what_was_sent_is_returned() -> None:
    assert parse_details([ASKED]).as_json() == ASKED


def test_what_is_stored_is_read_again() -> None:
    assert TradeData.model_validate(parse_details([ASKED]).as_json()) == parse_details([ASKED])


def test_members_that_only_narrow_may_be_left_out() -> None:
    names = ("identifiers", "fields", "personal", "period", "frequency", "maximum_pulls", "transfer_mechanism")
    terms = builders.terms(**dict.fromkeys(names, ...), onward_sharing=...)
    assert terms.as_json() == builders.details(
        identifiers=..., fields={}, period=None, frequency=None, maximum_pulls=None
    )


@pytest.mark.parametrize("value", [None, {}, [], [ASKED, ASKED], ["trade_data"], "[]"])
def test_it_is_an_array_of_exactly_one_object(value: object) -> None:
    with pytest.raises(DetailsError, match=r"^authorization_details: expected an array of exactly one object$"):
        parse_details(value)


@pytest.mark.parametrize("kind", ["payment_initiation", None, 1, ["trade_data"]])
def test_another_type_is_unknown(kind: object) -> None:
    assert fault(type=kind) == "/0/type: unknown type; expected trade_data"


def test_every_fault_is_named_with_its_place() -> None:
    assert fault(products=["weather"], data_life="P1M", surprise=1) == (
        f"/0/products/0: no data product named 'weather'; known: {', '.join(schemas.products())}; "
        "/0/data_life: 'P1M': expected an ISO 8601 duration of weeks, days, hours or minutes, such as P90D; "
        "/0/surprise: unknown member"
    )


def test_many_faults_are_cut_short() -> None:
    assert fault(**{f"m{number}": 1 for number in range(30)}).endswith("; /0/m19: unknown member; and 10 more")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"owner": {"scheme": "br_number", "value": "1234"}}, "/0/owner: '1234' is no br_number"),
        ({"owner": {"scheme": "lei", "value": "5493001KJTIIGC8Y1R13"}}, "/0/owner: '5493001KJTIIGC8Y1R13' is no lei"),
        ({"products": []}, "/0/products: expected at least one item"),
        ({"products": "bill_of_lading"}, "/0/products: expected an array"),
        ({"products": ["transport_event"] * 2, "fields": {}}, "/0/products: item 1 is there twice"),
        ({"identifiers": []}, "/0/identifiers: expected at least one item"),
        ({"fields": {"air_waybill": ["/cargo"]}}, "/0: fields names 'air_waybill', which is not among the products"),
        ({"personal": {"x": ["/a"]}}, "/0: personal names 'x', which is not among the products"),
        ({"fields": {"bill_of_lading": []}}, "/0/fields/bill_of_lading: expected at least one item"),
        (
            {"fields": {"bill_of_lading": ["cargo"]}},
            "/0/fields/bill_of_lading/0: 'cargo': expected a JSON pointer such as /cargo (RFC 6901)",
        ),
        (
            {"fields": {"bill_of_lading": ["/a~2"]}},
            "/0/fields/bill_of_lading/0: '/a~2': expected a JSON pointer such as /cargo (RFC 6901)",
        ),
        ({"fields": {"bill_of_lading": ["/cargoes"]}}, "/0: bill_of_lading has no field '/cargoes'"),
        (
            {"personal": {"transport_event": ["/event"]}},
            (
                "/0: transport_event has no field about persons at '/event'; "
                "it has /location/address/name, /transport/location/address/name"
            ),
        ),
        (
            {"period": {"from": "2026-12-31", "to": "2026-01-01"}},
            "/0/period: 2026-12-31 to 2026-01-01: expected at most 3660 days, in order",
        ),
        (
            {"period": {"from": "2026-1-1", "to": "2026-12-31"}},
            "/0/period/from: '2026-1-1': expected a day such as 2026-12-31",
        ),
        (
            {"period": {"from": "2026-02-30", "to": "2026-12-31"}},
            "/0/period/from: '2026-02-30': expected a day such as 2026-12-31",
        ),
        (
            {"expires_at": "2027-01-31T00:00:00+08:00"},
            "/0/expires_at: '2027-01-31T00:00:00+08:00': expected an instant in UTC such as 2027-01-31T00:00:00Z",
        ),
        (
            {"expires_at": "2027-02-30T00:00:00Z"},
            "/0/expires_at: '2027-02-30T00:00:00Z': expected an instant in UTC such as 2027-01-31T00:00:00Z",
        ),
        ({"expires_at": ...}, "/0/expires_at: missing"),
        (
            {"purpose": {"code": "curiosity", "text": "x"}},
            (
                "/0/purpose/code: no purpose named 'curiosity'; "
                "known: trade_finance_underwriting, trade_finance_monitoring, know_your_customer"
            ),
        ),
        (
            {"purpose": {"code": "know_your_customer", "text": "loan\u202e"}},
            "/0/purpose/text: expected printable text without space around it",
        ),
        ({"frequency": {"max": True, "per": "P1D"}}, "/0/frequency/max: expected an integer"),
        (
            {"frequency": {"max": 1, "per": "P0D"}},
            "/0/frequency/per: 'P0D': expected more than nothing and at most 3660 days",
        ),
        ({"maximum_pulls": "5"}, "/0/maximum_pulls: expected an integer"),
        ({"onward_sharing": "no"}, "/0/onward_sharing: expected true or false"),
        ({"jurisdictions": ["HKG"]}, "/0/jurisdictions/0: String should match pattern '^[A-Z]{2}$'"),
    ],
)
def test_what_is_not_of_the_type_is_refused(members: dict[str, Any], message: str) -> None:
    assert fault(**members) == message


@pytest.mark.parametrize("member", sorted(ASKED))
@pytest.mark.parametrize("value", ["\x00", "\ud800", 1e400, {"a": {"b": []}}, [[]], -1, "x" * 5000], ids=repr)
def test_hostile_values_are_refused_and_never_crash(member: str, value: object) -> None:
    with pytest.raises(DetailsError):
        builders.terms(**{member: value})


@pytest.mark.parametrize(
    ("text", "seconds"), [("P1D", 86_400), ("P2W", 1_209_600), ("PT90M", 5_400), ("P1DT2H3M", 93_780)]
)
def test_durations_have_a_fixed_length(text: str, seconds: int) -> None:
    assert duration(text).total_seconds() == seconds


@pytest.mark.parametrize(
    "text", ["P", "PT", "P1DT", "P1Y", "P1M", "-P1D", "P1.5D", "1D", "P1D ", "p1d", "PT5S", "P1W2D"]
)
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(DetailsError, match=r"expected an ISO 8601 duration of weeks, days, hours or minutes"):
        duration(text)


def test_the_largest_request_allowed_is_read() -> None:
    identifiers = [{"scheme": "container", "value": f"C{number}"} for number in range(200)]
    pointers = list(schemas.fields("bill_of_lading", 1)[:100])
    asked = builders.details(identifiers=identifiers, fields={"bill_of_lading": pointers})
    assert json.loads(json.dumps(parse_details([asked]).as_json())) == asked
    assert (
        fault(identifiers=[*identifiers, {"scheme": "container", "value": "C200"}]) == "/0/identifiers: too many items"
    )
