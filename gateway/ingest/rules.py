"""Whose document is it? Never inferred from a message's parties: only from what its provider says. Pure.

A provider says it by the `owner` of a push, or by a standing assignment of one of its own references. An event
inherits the owner of the documents it names. Wherever two answers differ there is none: what has no owner is stored
and released to nobody, which is the safe direction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from gateway.records.references import Reference

DOCUMENTS = frozenset({"transport_document", "mawb", "hawb", "ecmr"})
"""References to a document: who owns the document owns the events that name it."""
BOOKING = "booking"
ASSIGNABLE = DOCUMENTS | {BOOKING, "customer_code"}
"""References that can be assigned to an owner. A container is none: boxes are reused."""
INHERITING = frozenset({"transport_event"})
"""Products that inherit from the documents they name; every other product is a document itself."""


class Basis(StrEnum):
    """By whose word a record has its owner; an earlier one here outweighs a later."""

    PUSHED = "pushed"
    """The push named the owner."""
    ASSIGNED = "assigned"
    """A standing assignment of a reference."""
    INHERITED = "inherited"
    """An event names the owner's document, or its booking. Judged anew whenever a document arrives."""


@dataclass(frozen=True, slots=True)
class Owned:
    """The owner, and by whose word."""

    owner_id: str
    basis: Basis


@dataclass(frozen=True, slots=True)
class Unowned:
    """No owner, and why, in words for the provider."""

    reason: str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The provider named an owner, and has said otherwise before."""

    reason: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a provider has said so far about references: owners assigned, and owners of the documents that bear them.

    A document without an owner stands as None.
    """

    assigned: Mapping[Reference, str]
    documented: Mapping[Reference, frozenset[str | None]]
    parties: Mapping[Reference, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """Participants by role of the documents that bear a reference."""


def day(document: Mapping[str, Any], pointers: Iterable[str]) -> date | None:
    """Return the day (UTC) by which a consent's period judges a document: that of the first pointer that it has."""
    for pointer in pointers:
        said: Any = document
        for member in pointer.split("/")[1:]:
            said = said.get(member) if isinstance(said, Mapping) else None
        if isinstance(said, str):
            instant = datetime.fromisoformat(said.upper())
            return instant.astimezone(UTC).date() if instant.tzinfo else instant.date()
    return None


def owner_of(
    references: Iterable[Reference], known: Known, *, product: str, named: str | None = None, held: Owned | None = None
) -> Owned | Unowned | Contradiction:
    """Say whose a record is.

    `named` is the owner that the push names, `held` what an earlier version of the same document or event has.
    """
    mine = list(references)
    assigned = {known.assigned[each] for each in mine if each in known.assigned}
    inherited = _inherited(mine, known) if product in INHERITING else frozenset({None})
    said = assigned | {owner for owner in inherited if owner is not None}
    firm = held if held is not None and held.basis is not Basis.INHERITED else None
    if named is not None or firm is not None:
        return _as_named(named, firm, said)
    if len(said) > 1:
        return Unowned(f"its references belong to different owners: {', '.join(sorted(said))}")
    if assigned:
        return Owned(assigned.pop(), Basis.ASSIGNED)
    if said and None not in inherited:
        return Owned(said.pop(), Basis.INHERITED)
    return Unowned(_advice(product))


def _as_named(named: str | None, firm: Owned | None, said: set[str]) -> Owned | Contradiction:
    owner = named if named is not None else firm.owner_id if firm else ""
    others = said | ({firm.owner_id} if firm else set())
    if conflict := sorted(others - {owner}):
        return Contradiction(f"owner {owner!r} contradicts {conflict[0]!r}, given by this provider before")
    return Owned(owner, Basis.PUSHED if named is not None or firm is None else firm.basis)


def _inherited(mine: list[Reference], known: Known) -> frozenset[str | None]:
    """Return the owners of the documents named, or of those that bear the bookings named if no document is."""
    named = documents_named(mine)
    unknown: frozenset[str | None] = frozenset({None})
    return frozenset[str | None]().union(*(known.documented.get(each, unknown) for each in named)) if named else unknown


def documents_named(references: Iterable[Reference]) -> list[Reference]:
    """Return the references by which an event names documents: to them, or to their bookings if to none."""
    mine = list(references)
    return [each for each in mine if each.scheme in DOCUMENTS] or [each for each in mine if each.scheme == BOOKING]


def _advice(product: str) -> str:
    if product in INHERITING:
        return "no owner: push the document it names with its owner, or assign its booking or transport document"
    return "no owner: push it with ?owner=<participant id>, or assign one of its references (PUT /assignments)"
