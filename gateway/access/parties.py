"""Several parties to one cargo: what concerns another party is released with that party's consent too. Pure.

Which participant a role of a document is says its provider; which fields concern a role says the product's schema
(`x-concerns`). What concerns nobody named is the owner's.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from gateway.access.rules import Cut, Permit
from ledger.codec import unb64u
from ledger.pointers import covers
from ledger.record import permitted
from ledger.sdjwt import Disclosure

BY_ITS_OWN_ROLE = "{role}"
"""In `schemas.concerns`: each element concerns the party that its own member `role` names."""
NOT_CONSENTED = "another party has not consented: "
"""How the reason of such an omission begins; role and pointer follow."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """A consent of another party to the same bank, in force in this version, and what it permits."""

    consent_id: str
    version: int
    owner_id: str
    permit: Permit


@dataclass(frozen=True, slots=True)
class Other:
    """Another party that a record names in a role; `cuts`: what its consents let be seen of that record."""

    role: str
    cuts: tuple[Cut, ...]


@dataclass(frozen=True, slots=True)
class Concern:
    """Whom a disclosure concerns, and the place that the schema says it of."""

    role: str
    place: str

    @property
    def reason(self) -> str:
        """Why it is left out."""
        return f"{NOT_CONSENTED}{self.role} {self.place}"


def named(parties: Mapping[str, Sequence[str]], owner_id: str) -> set[str]:
    """Return the participants other than the owner that a record names."""
    return {each for ids in parties.values() for each in ids} - {owner_id}


def others(
    parties: Mapping[str, Sequence[str]],
    owner_id: str,
    agreed: Iterable[Agreed],
    *,
    product: str,
    identifiers: Sequence[Mapping[str, Any]],
    day: date | None,
) -> tuple[tuple[Other, ...], frozenset[tuple[str, int]]]:
    """Return the other parties of a record with what their consents permit of it, and the consents relied upon."""
    wanted = named(parties, owner_id)
    covering = [
        each
        for each in agreed
        if each.owner_id in wanted and each.permit.covers(product=product, identifiers=identifiers, day=day)
    ]
    found = tuple(
        Other(role, tuple(each.permit.products[product] for each in covering if each.owner_id == party))
        for role, ids in sorted(parties.items())
        for party in ids
        if party != owner_id
    )
    return found, frozenset((each.consent_id, each.version) for each in covering)


def concerned(disclosures: Sequence[Disclosure], concerns: Mapping[str, str]) -> tuple[Concern | None, ...]:
    """Return whom each disclosure of a record concerns; None: nobody, or a party whose role is not said."""
    roles = _own_roles(disclosures, [place for place, role in concerns.items() if role == BY_ITS_OWN_ROLE])
    return tuple(_concern(number, disclosures, concerns, roles) for number in range(len(disclosures)))


def withheld(
    disclosures: Sequence[Disclosure],
    concerns: Sequence[Concern | None],
    among: Sequence[Other],
    personal_fields: Sequence[str],
) -> dict[int, Concern]:
    """Return the numbers of the disclosures that another party's consents do not permit, with whom they concern."""
    found = {}
    for number, (disclosure, concern) in enumerate(zip(disclosures, concerns, strict=True)):
        parties = [each for each in among if concern and each.role == concern.role]
        if concern and not all(_permits(each, disclosure.pointer, personal_fields) for each in parties):
            found[number] = concern
    return found


def _permits(other: Other, place: str, personal_fields: Sequence[str]) -> bool:
    return any(permitted(place, cut.fields, cut.personal, personal_fields) for cut in other.cuts)


def _own_roles(disclosures: Sequence[Disclosure], places: Sequence[str]) -> dict[int, str]:
    """Return the role that each element of a list of parties says itself, by the element's number."""
    wanted = {f"{place}/role" for place in places}
    return {
        disclosure.parent: str(json.loads(unb64u(disclosure.encoded))[-1])
        for disclosure in disclosures
        if disclosure.pointer in wanted and disclosure.parent is not None
    }


def _concern(
    number: int, disclosures: Sequence[Disclosure], concerns: Mapping[str, str], roles: Mapping[int, str]
) -> Concern | None:
    pointer = disclosures[number].pointer
    place = max((each for each in concerns if covers(each, pointer)), key=len, default=None)
    if place is None:
        return None
    if concerns[place] != BY_ITS_OWN_ROLE:
        return Concern(concerns[place], place)
    above: int | None = number
    while above is not None and above not in roles:
        above = disclosures[above].parent
    return None if above is None else Concern(roles[above], place)
