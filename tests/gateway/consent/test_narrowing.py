from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from gateway.consent.details import Frequency, Identifier, Period, TradeData
from gateway.consent.narrowing import Choice, beyond_template, covers, narrow, widened
from gateway.consent.values import DetailsError
from tests.support import builders

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PRODUCTS = ("bill_of_lading", "transport_event")
FIELDS = {product: schemas.fields(product, 1) for product in PRODUCTS}
PERSONAL = {product: schemas.personal(product, 1) for product in PRODUCTS}
PERSONS = {
    product: sorted({above for name in names for above in FIELDS[product] if f"{name}/".startswith(f"{above}/")})
    for product, names in PERSONAL.items()
}
IDENTIFIER = st.sampled_from("ABCDE").map(lambda value: Identifier(scheme="container", value=value))
IDENTIFIERS = st.lists(IDENTIFIER, min_size=1, max_size=5, unique_by=lambda each: each.value).map(tuple)
DAYS = st.integers(1, 28).map(lambda day: f"2026-03-{day:02}")
PERIOD = st.tuples(DAYS, DAYS).map(sorted).map(lambda days: Period.model_validate({"from": days[0], "to": days[1]}))
FREQUENCY = st.builds(Frequency, max=st.integers(1, 50), per=st.sampled_from(["PT1H", "P1D", "P1W"]))
INSTANT = st.integers(1, 28).map(lambda day: f"2027-01-{day:02}T00:00:00Z")
LIFE = st.sampled_from(["P1D", "P30D", "P13W", "P90D"])


@st.composite
def by_product(
    draw: st.DrawFn, products: tuple[str, ...], known: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    shallow = {product: [pointer for pointer in known[product] if pointer.count("/") < 4] for product in products}
    pointers = {
        product: st.lists(st.sampled_from(shallow[product]), min_size=1, max_size=4, unique=True)
        for product in products
    }
    return {product: tuple(draw(pointers[product])) for product in products if draw(st.booleans())}


@st.composite
def all_terms(draw: st.DrawFn) -> TradeData:
    products = tuple(draw(st.lists(st.sampled_from(PRODUCTS), min_size=1, unique=True)))
    return builders.terms().model_copy(
        update={
            "products": products,
            "identifiers": draw(st.none() | IDENTIFIERS),
            "fields": draw(by_product(products, FIELDS)),
            "personal": draw(by_product(products, PERSONS)),
            "period": draw(st.none() | PERIOD),
            "expires_at": draw(INSTANT),
            "frequency": draw(st.none() | FREQUENCY),
            "maximum_pulls": draw(st.none() | st.integers(1, 50)),
            "data_life": draw(LIFE),
            "retention": draw(st.sampled_from(["view", "store"])),
            "on_title_change": draw(st.sampled_from(["end", "ask", "continue"])),
            "jurisdictions": tuple(draw(st.lists(st.sampled_from(["HK", "CN", "SG"]), min_size=1, unique=True))),
            "onward_sharing": draw(st.booleans()),
        }
    )


CHOICES = st.builds(
    Choice,
    products=st.none() | st.lists(st.sampled_from(PRODUCTS), unique=True).map(tuple),
    identifiers=st.none() | IDENTIFIERS,
    fields=st.none() | by_product(PRODUCTS, FIELDS),
    personal=st.none() | by_product(PRODUCTS, PERSONS),
    period=st.none() | PERIOD,
    expires_at=st.none() | INSTANT,
    frequency=st.none() | FREQUENCY,
    maximum_pulls=st.none() | st.integers(1, 50),
    data_life=st.none() | LIFE,
)


def permits(terms: TradeData) -> set[tuple[str, str, str, int]]:
    """All that terms let through, out of a small world: (product, identifier, pointer, day), by its own reading."""
    return {
        (product, value, pointer, day)
        for product in terms.products
        for value in "ABCDE"
        for pointer in FIELDS[product][::7]
        for day in range(1, 29, 3)
        if terms.identifiers is None or value in {each.value for each in terms.identifiers}
        if product not in terms.fields or any((pointer + "/").startswith(p + "/") for p in terms.fields[product])
        if terms.period is None or terms.period.first <= f"2026-03-{day:02}" <= terms.period.last
    }


@given(all_terms(), CHOICES)
def test_whatever_the_owner_chooses_the_result_is_covered_by_what_was_asked(asked: TradeData, choice: Choice) -> None:
    try:
        narrowed = narrow(asked, choice)
    except DetailsError:
        return
    assert covers(asked, narrowed)
    assert permits(narrowed) <= permits(asked)
    assert narrowed == TradeData.model_validate(narrowed.as_json())


@given(all_terms(), all_terms())
def test_what_is_covered_permits_nothing_more(wide: TradeData, narrower: TradeData) -> None:
    if covers(wide, narrower):
        assert permits(narrower) <= permits(wide)


@given(all_terms(), all_terms(), all_terms())
def test_covering_is_an_order(first: TradeData, second: TradeData, third: TradeData) -> None:
    assert covers(first, first)
    if covers(first, second) and covers(second, third):
        assert covers(first, third)


def test_leaving_out_a_product_leaves_out_its_fields() -> None:
    narrowed = narrow(builders.terms(), Choice(products=("transport_event",)))
    assert (narrowed.products, narrowed.fields) == (("transport_event",), {})


def test_a_choice_of_nothing_changes_nothing() -> None:
    assert narrow(builders.terms(), Choice()) == builders.terms()


def test_an_owner_may_name_shipments_where_all_were_asked() -> None:
    only = Identifier(scheme="booking", value="B1")
    assert narrow(builders.terms(identifiers=...), Choice(identifiers=(only,))).identifiers == (only,)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(products=()), "the choice is not possible: /products: expected at least one item"),
        (Choice(identifiers=()), "the choice is not possible: /identifiers: expected at least one item"),
        (
            Choice(maximum_pulls=501, expires_at="2027-02-01T00:00:00Z"),
            "the choice goes beyond what was asked: expires_at, maximum_pulls",
        ),
        (Choice(fields={}), "the choice goes beyond what was asked: fields"),
        (Choice(fields={"bill_of_lading": ("/carrier",)}), "the choice goes beyond what was asked: fields"),
        (Choice(personal={"bill_of_lading": ("/contacts",)}), "the choice goes beyond what was asked: personal"),
        (Choice(frequency=Frequency(max=24, per="PT1H")), "the choice goes beyond what was asked: frequency"),
        (Choice(data_life="P13W"), "the choice goes beyond what was asked: data_life"),
    ],
)
def test_a_choice_of_nothing_or_of_more_is_refused(choice: Choice, message: str) -> None:
    with pytest.raises(DetailsError) as refused:
        narrow(builders.terms(), choice)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("owner", {"scheme": "br_number", "value": "87654321"}),
        ("purpose", {"code": "trade_finance_underwriting", "text": "Another loan"}),
        ("retention", "store"),
        ("on_title_change", "continue"),
        ("jurisdictions", ["HK", "SG"]),
        ("transfer_mechanism", "standard_contract"),
        ("onward_sharing", True),
        ("period", None),
        ("identifiers", ...),
        ("frequency", None),
        ("maximum_pulls", None),
    ],
)
def test_other_terms_are_not_covered(member: str, value: Any) -> None:
    assert widened(builders.terms(), builders.terms(**{member: value})) == [member]


def test_a_usual_request_is_within_its_template() -> None:
    assert beyond_template(builders.terms(), now=NOW) == []


def test_a_request_for_more_than_is_usual_says_in_what() -> None:
    greedy = builders.terms(
        personal={"bill_of_lading": ["/parties"]},
        expires_at="2028-01-31T00:00:00Z",
        frequency={"max": 3, "per": "PT1H"},
        data_life="P1096D",
        onward_sharing=True,
    )
    assert beyond_template(greedy, now=NOW) == ["personal", "expires_at", "frequency", "data_life", "onward_sharing"]
    assert "frequency" in beyond_template(builders.terms(frequency=None), now=NOW - timedelta(days=1))
