"""The products' schemas, their examples, and what they say of parties, people and dates."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import schemas

FOLDERS = sorted(path for path in schemas.PRODUCTS.iterdir() if path.is_dir())
VALID = sorted(schemas.PRODUCTS.glob("*/examples/valid/*.json"))
INVALID = sorted(schemas.PRODUCTS.glob("*/examples/invalid/*.json"))
PRODUCTS = pytest.mark.parametrize("product", schemas.products())


def product_of(example: Path) -> tuple[str, int]:
    name = example.parts[-4]
    return name, schemas.products()[name]


def judged_by_the_reference(product: str, version: int, document: Any) -> set[str]:
    validator = jsonschema.Draft202012Validator(
        schemas.schema(product, version), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return {"".join(f"/{step}" for step in error.absolute_path) for error in validator.iter_errors(document)}


@PRODUCTS
def test_a_schema_is_a_json_schema(product: str) -> None:
    schema = schemas.schema(product, schemas.products()[product])
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:tidegate:{product}:{schemas.products()[product]}"


@PRODUCTS
def test_every_product_has_valid_and_invalid_examples(product: str) -> None:
    assert [path for path in VALID if product in path.parts]
    assert [path for path in INVALID if product in path.parts]


@pytest.mark.parametrize("example", VALID, ids=lambda path: path.stem)
def test_a_valid_example_has_no_faults(example: Path) -> None:
    product, version = product_of(example)
    document = json.loads(example.read_text())
    assert schemas.faults(product, version, document) == []
    assert judged_by_the_reference(product, version, document) == set()


@pytest.mark.parametrize("example", INVALID, ids=lambda path: path.stem)
def test_an_invalid_example_has_its_fault_at_its_place(example: Path) -> None:
    product, version = product_of(example)
    case = json.loads(example.read_text())
    assert {fault.pointer for fault in schemas.faults(product, version, case["document"])} == {case["pointer"]}
    if "no-such-day" not in example.stem and "time" not in example.stem:  # the reference checks fewer formats
        assert judged_by_the_reference(product, version, case["document"]) == {case["pointer"]}


def objects(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        if part.get("type") == "object":
            yield part
        for inner in part.values():
            yield from objects(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from objects(inner)


@PRODUCTS
def test_every_object_is_closed(product: str) -> None:
    found = list(objects(schemas.schema(product, schemas.products()[product])))
    assert all(each["additionalProperties"] is False for each in found)


@PRODUCTS
def test_every_field_says_whom_it_concerns(product: str) -> None:
    version = schemas.products()[product]
    said = schemas.concerns(product, version)
    silent = [
        place
        for place in schemas.fields(product, version)
        if not any(place == each or place.startswith(f"{each}/") for each in said)
    ]
    assert [
        place for place in silent if schemas.schema(product, version)["properties"][place[1:]].get("maxItems") != 0
    ] == []


@PRODUCTS
def test_the_dates_of_a_period_are_fields(product: str) -> None:
    version = schemas.products()[product]
    assert set(schemas.period_pointers(product, version)) <= set(schemas.fields(product, version))


def test_fields_that_name_people_are_known() -> None:
    assert schemas.personal("bill_of_lading", 1) == (
        "/cargo/consignment_items/cargo_items/outer_packaging/dangerous_goods/emergency_contact/contact",
        "/cargo/consignment_items/cargo_items/outer_packaging/dangerous_goods/emergency_contact/phone",
        "/contacts",
        "/parties/contacts",
    )
    assert schemas.personal("air_waybill", 1) == (
        "/customs/personal_notes",
        "/document/signatories",
        "/parties/contacts",
    )
    assert set(schemas.personal("road_consignment_note", 1)) == {
        "/cargo/items/dangerous_goods/emergency_contact",
        "/cargo/items/dangerous_goods/transport_expert",
        "/delivery/place/servicing_parties/contacts",
        "/parties/contact",
        "/taking_over/place/servicing_parties/contacts",
        *(
            f"{event}/certified_by/{part}"
            for event in ("/delivery/event", "/examinations", "/movements/events", "/taking_over/event")
            for part in ("address", "contact", "identifiers", "name")
        ),
    }
    assert schemas.personal("transport_event", 1) == ("/location/address/name", "/transport/location/address/name")


def test_an_unknown_product_is_refused_by_name_and_the_known_are_listed() -> None:
    known = ", ".join(schemas.products())
    with pytest.raises(LookupError, match=rf"^no schema of 'nope' version 1; known: {known}$"):
        schemas.schema("nope", 1)
    with pytest.raises(LookupError, match=r"^no schema of 'transport_event' version 9; known: "):
        schemas.schema("transport_event", 9)


def test_a_fault_does_not_repeat_what_was_sent() -> None:
    document = json.loads((schemas.PRODUCTS / "bill_of_lading" / "examples" / "valid" / "issued.json").read_text())
    document["document"]["status"] = "secret" * 100
    found = schemas.faults("bill_of_lading", 1, document)
    assert found == [schemas.Fault("/document/status", "does not satisfy 'maxLength' of the schema (limit 50)")]
