"""Which participant is which party of a document? By its provider's word, as its owner is. Pure.

A push says it, role by role. All versions of a document have the parties that were said of any of them, and an event
has those of the documents it names too: what is said once is never forgotten, which is the safe direction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import schemas
from connectors.base import Fault
from gateway.errors import InvalidError
from gateway.ingest import rules
from gateway.ingest.plans import Arrival, Key
from gateway.ingest.rules import Known
from gateway.records.references import Reference
from gateway.records.rules import Stored

MOST = 10
FORM = r"^[a-z_]{1,40}:[a-z0-9][a-z0-9-]{1,62}$"
Parties = Mapping[str, Sequence[str]]
"""Participants by role. There may be several where an event names documents whose parties differ."""


@dataclass(slots=True)
class Named:
    """The parties of what arrives, by its key, and of what is stored and has others now, by its id."""

    of: dict[Key, Parties] = field(default_factory=dict)
    changed: dict[str, Parties] = field(default_factory=dict)
    contradictions: list[Fault] = field(default_factory=list)


def read(texts: Iterable[str]) -> dict[str, str]:
    """Return participants by role, of texts in `FORM`. Raises `InvalidError` if a role is there twice."""
    found: dict[str, str] = {}
    for text in texts:
        role, _, participant = text.partition(":")
        if role in found:
            raise InvalidError(f"party {role!r} is there twice")
        found[role] = participant
    return found


@cache
def roles(product: str) -> frozenset[str]:
    """Return the roles of a product's documents that a field may concern."""
    version = schemas.products()[product]
    return frozenset(schemas.roles(product, version))


def check_roles(said: Mapping[str, str], products: Iterable[str]) -> None:
    """Raise `InvalidError` if a role is none that one of the products has."""
    known = sorted(frozenset[str]().union(*(roles(product) for product in products)))
    for role in said:
        if role not in known:
            raise InvalidError(f"party {role!r} is no role of what the message holds; known: {', '.join(known)}")


def name(arrivals: Sequence[Arrival], stored: Sequence[Stored], known: Known, said: Mapping[str, str]) -> Named:
    """Say who the parties of each arrival are, and of what is `stored` under its key, if a push `said` so."""
    found = Named()
    for arrival in arrivals:
        key = (arrival.product, arrival.key)
        versions = [each for each in stored if (each.product, each.key) == key]
        before = _joined(arrival.product, *(each.parties for each in versions), found.of.get(key, {}))
        now = {role: (participant,) for role, participant in said.items()}
        for role in before.keys() & now.keys():
            if other := [each for each in before[role] if each not in now[role]]:
                message = f"party {role} {now[role][0]!r} contradicts {other[0]!r}, given by this provider before"
                found.contradictions.append(Fault(arrival.pointer, message, "push it with the party it has"))
        found.of[key] = _joined(arrival.product, before, now, inherited(arrival.product, arrival.references, known))
        found.changed |= {each.id: found.of[key] for each in versions if dict(each.parties) != found.of[key]}
    return found


def inherited(product: str, references: Iterable[Reference], known: Known) -> Parties:
    """Return the parties that an event has of the documents it names; none for what is a document itself."""
    if product not in rules.INHERITING:
        return {}
    named = rules.documents_named(references)
    return _joined(product, *(known.parties.get(each, {}) for each in named))


def renamed(events: Iterable[Stored], known: Known) -> dict[str, Parties]:
    """Return the parties of stored events that have others now, by id."""
    found: dict[str, Parties] = {}
    for each in events:
        mine = tuple(Reference.of_key(key) for key in each.owner_keys)
        now = _joined(each.product, each.parties, inherited(each.product, mine, known))
        if now != each.parties:
            found[each.id] = now
    return found


def _joined(product: str, *said: Parties) -> dict[str, list[str]]:
    """Return all that was said, of the roles that the product has."""
    found: dict[str, set[str]] = {}
    for parties in said:
        for role, ids in parties.items():
            if role in roles(product):
                found.setdefault(role, set()).update(ids)
    return {role: sorted(ids) for role, ids in sorted(found.items())}
