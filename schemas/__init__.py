"""JSON Schemas of the data products and of what banks attest, and the one way to load and apply them.

A product's schema is `products/<name>/<version>.json` (JSON Schema 2020-12). Beyond the standard it says, field by
field: `x-concerns`, which party the field is about; `x-personal`, that it names a person; and at the top `x-period`,
which dates a consent's
period limits, the first that is there. Pointers are RFC 6901 without array indexes.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

PRODUCTS = Path(__file__).parent / "products"
DELETION_ATTESTATION = Path(__file__).parent / "deletion_attestation" / "1.json"
MOST_FAULTS = 100


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a document: JSON pointer into it, and what was expected there."""

    pointer: str
    message: str


@cache
def products() -> Mapping[str, int]:
    """Return the newest version of each product, by name."""
    return {
        folder.name: max(int(path.stem) for path in folder.glob("*.json"))
        for folder in sorted(PRODUCTS.iterdir())
        if folder.is_dir()
    }


@cache
def schema(product: str, version: int) -> dict[str, Any]:
    """Return a product's schema. Raises `LookupError` naming the known ones."""
    path = PRODUCTS / product / f"{version}.json"
    if product not in products() or not path.is_file():
        raise LookupError(f"no schema of {product!r} version {version}; known: {', '.join(products())}")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def faults(product: str, version: int, document: Any) -> list[Fault]:  # noqa: ANN401 - any JSON
    """Return what is wrong with a document, at most 100 faults; nothing if it is as its schema says."""
    return _faults(_validator(product, version), document)


def attestation_faults(claims: Any) -> list[Fault]:  # noqa: ANN401 - any JSON
    """Return what is wrong with the claims of a deletion attestation, as `faults` does."""
    return _faults(_attestation_validator(), claims)


@cache
def personal(product: str, version: int) -> tuple[str, ...]:
    """Return the pointers of fields that name a person."""
    return tuple(sorted({place for place, part in _fields(schema(product, version)) if part.get("x-personal")}))


@cache
def concerns(product: str, version: int) -> Mapping[str, str]:
    """Return by pointer the party a field is about; `{role}` where its own `role` says which."""
    return {
        place: "{role}" if isinstance(part["x-concerns"], dict) else part["x-concerns"]
        for place, part in _fields(schema(product, version))
        if "x-concerns" in part
    }


@cache
def roles(product: str, version: int) -> tuple[str, ...]:
    """Return the roles of parties that a field may concern: those that fields name, and those that parties may have."""
    places = {f"{place}/role" for place, role in concerns(product, version).items() if role == "{role}"}
    own = {role for place, part in _fields(schema(product, version)) if place in places for role in part["enum"]}
    return tuple(sorted((own | set(concerns(product, version).values())) - {"{role}"}))


@cache
def period_pointers(product: str, version: int) -> tuple[str, ...]:
    """Return the pointers of the date that a consent's period limits: the first that a document has is its date."""
    return tuple(schema(product, version)["x-period"])


@cache
def fields(product: str, version: int) -> tuple[str, ...]:
    """Return the pointer of every field that the product may have."""
    return tuple(sorted({place for place, _ in _fields(schema(product, version))} - {""}))


@cache
def _validator(product: str, version: int) -> Any:  # noqa: ANN401 - jsonschema-rs's validator
    return jsonschema_rs.Draft202012Validator(schema(product, version), validate_formats=True, offline=True)


@cache
def _attestation_validator() -> Any:  # noqa: ANN401 - jsonschema-rs's validator
    schema = json.loads(DELETION_ATTESTATION.read_text())
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True)


def _faults(validator: Any, document: Any) -> list[Fault]:  # noqa: ANN401 - jsonschema-rs's validator; any JSON
    found = []
    for error in validator.iter_errors(document):
        pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in error.instance_path)
        found.append(Fault(pointer, _expected(error)))
        if len(found) == MOST_FAULTS:
            break
    return found


def _expected(error: Any) -> str:  # noqa: ANN401 - jsonschema-rs's error
    """Return the fault without the document's content: a message may hold what nobody else should read."""
    keyword = str(error.schema_path[-1]) if error.schema_path else "schema"
    value = _details(error.kind)
    details = ", ".join(f"{name} {value[name]}" for name in sorted(value) if name in ("property", "limit", "format"))
    return f"does not satisfy {keyword!r} of the schema{f' ({details})' if details else ''}"


def _details(kind: Any) -> dict[str, Any]:  # noqa: ANN401 - jsonschema-rs's kind of error
    found: dict[str, Any] = kind.as_dict() if hasattr(kind, "as_dict") else {}
    return found


def _fields(root: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every field's pointer and schema, following references; a recursive one is followed once."""
    pending: list[tuple[str, Mapping[str, Any], tuple[str, ...]]] = [("", root, ())]
    while pending:
        place, part, seen = pending.pop()
        yield place, part
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            if name not in seen:
                pending.append((place, root["$defs"][name], (*seen, name)))
        if isinstance(part.get("items"), dict):
            pending.append((place, part["items"], seen))
        for member, inner in part.get("properties", {}).items():
            pending.append((f"{place}/{member.replace('~', '~0').replace('/', '~1')}", inner, seen))
