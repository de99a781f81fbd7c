"""What became of what was pushed, for its provider."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from connectors.base import Fault
from gateway.ingest import rules
from gateway.ingest.plans import Placed, Plan
from gateway.records import store


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one document or event of a message; `new` unless it was stored before."""

    id: str
    product: str
    key: str
    state: str
    owner_id: str | None
    new: bool
    warnings: Sequence[Fault]


def taken(session: Session, made: Plan, warnings: Mapping[str, Sequence[Fault]]) -> list[Taken]:
    """Say what became of each as it is stored now: a document may have given its owner to events beside it."""
    stored = {each.id: each for each in store.numbered(session, list({each.id for each in made.placed}))}
    return [
        Taken(
            id=each.id,
            product=each.arrival.product,
            key=each.arrival.key,
            state=stored[each.id].state,
            owner_id=stored[each.id].owner_id,
            new=each.new,
            warnings=(*warnings.get(each.arrival.pointer, ()), *_unowned(each, stored[each.id].owner_id)),
        )
        for each in made.placed
    ]


def _unowned(placed: Placed, owner_id: str | None) -> tuple[Fault, ...]:
    if owner_id is not None or isinstance(placed.owner, rules.Owned):
        return ()
    return (Fault(placed.arrival.pointer, "has no owner and is released to nobody", placed.owner.reason),)
