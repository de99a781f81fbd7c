"""What is to be done with the documents and events of one message, given what is stored. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from connectors.base import Fault
from gateway.ingest import rules
from gateway.ingest.rules import Basis, Known, Owned, Unowned
from gateway.records.references import Reference
from gateway.records.rules import Contradiction, Duplicate, State, Stored, Version, place

Key = tuple[str, str]
"""Product, and the provider's own name for the document or event."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A document or event as it arrives; `id` is for its record, `pointer` its place in the message."""

    id: str
    product: str
    key: str
    revision: str | None
    content: bytes
    retracts: bool
    references: tuple[Reference, ...]
    pointer: str

    @classmethod
    def again(cls, record: Stored) -> "Arrival":
        """Return what is stored, arriving once more."""
        known = tuple(Reference.of_key(key) for key in record.owner_keys)
        return cls("", record.product, record.key, record.revision, record.content, record.retracts, known, "")


@dataclass(slots=True)
class Placed:
    """What an arrival becomes: record `id`, new or stored before, in `state`; its owner, or why it has none."""

    arrival: Arrival
    id: str
    new: bool
    state: State
    owner: Owned | Unowned
    superseded_by: str | None = None


@dataclass(slots=True)
class Plan:
    """What to store and to change, in the message's order; nothing of it if there are contradictions."""

    placed: list[Placed] = field(default_factory=list)
    supersede: dict[str, str] = field(default_factory=dict)
    """Stored records (keys) that new ones (values) take the place of."""
    give: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """Stored records whose owner and basis change."""
    contradictions: list[Fault] = field(default_factory=list)
    parties: Mapping[Key, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """Participants by role (`ingest.parties`), of what arrives."""
    rename: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    """Stored records whose parties change."""


def held(record: Stored) -> Owned | None:
    """Return the owner that a stored record has."""
    return None if record.owner_id is None else Owned(record.owner_id, Basis(record.owner_basis or Basis.PUSHED))


def plan(arrivals: Iterable[Arrival], stored: Sequence[Stored], known: Known, *, named: str | None) -> Plan:
    """Say what each arrival is to what is `stored` under its key (oldest first), and whose it is.

    `named` is the owner that the push names.
    """
    planner = _Planner(stored, known, named)
    for arrival in arrivals:
        planner.take(arrival)
    planner.share_owners()
    return planner.plan


class _Planner:
    """Takes arrivals one after another: a message may hold two versions of one event."""

    def __init__(self, stored: Sequence[Stored], known: Known, named: str | None) -> None:
        self.plan = Plan()
        self._stored, self._known, self._named = stored, known, named
        self._versions: dict[Key, list[Version]] = {}
        self._owners: dict[Key, Owned] = {}
        self._new: dict[str, Placed] = {}
        for each in stored:
            key = (each.product, each.key)
            version = Version(each.id, each.revision, each.content, State(each.state), each.retracts)
            self._versions.setdefault(key, []).append(version)
            self._remember(key, held(each))

    def take(self, arrival: Arrival) -> None:
        key = (arrival.product, arrival.key)
        owner = rules.owner_of(
            arrival.references, self._known, product=arrival.product, named=self._named, held=self._owners.get(key)
        )
        verdict = place(_version(arrival), self._versions.get(key, []))
        if isinstance(owner, rules.Contradiction):
            self._contradict(arrival, owner.reason, "push it with the owner it has")
        elif isinstance(verdict, Contradiction):
            said = (
                f"{arrival.product} {arrival.key!r} is stored with another content under revision {verdict.revision!r}"
            )
            self._contradict(arrival, said, "send a change under a higher revision")
        elif isinstance(verdict, Duplicate):
            found = next(each for each in self._versions[key] if each.id == verdict.id)
            self.plan.placed.append(Placed(arrival, found.id, new=False, state=found.state, owner=owner))
            self._remember(key, owner)
        else:
            if verdict.supersedes is not None:
                self._supersede(key, verdict.supersedes, arrival.id)
            placed = Placed(arrival, arrival.id, True, verdict.state, owner, verdict.superseded_by)  # noqa: FBT003 - `new`
            self._new[arrival.id] = placed
            self.plan.placed.append(placed)
            self._versions.setdefault(key, []).append(replace(_version(arrival), state=verdict.state))
            self._remember(key, owner)

    def share_owners(self) -> None:
        """Let all versions of a document have the owner that the provider's word gives one of them."""
        for placed in self.plan.placed:
            placed.owner = self._firm((placed.arrival.product, placed.arrival.key)) or placed.owner
        repeated = {placed.id: placed.owner for placed in self.plan.placed if not placed.new}
        for each in self._stored:
            owner = self._firm((each.product, each.key)) or repeated.get(each.id, held(each))
            new = (owner.owner_id, str(owner.basis)) if isinstance(owner, Owned) else (None, None)
            if new != (each.owner_id, each.owner_basis):
                self.plan.give[each.id] = new

    def _remember(self, key: Key, owner: Owned | Unowned | None) -> None:
        if isinstance(owner, Owned) and (self._firm(key) is None or owner.basis is not Basis.INHERITED):
            self._owners[key] = owner

    def _firm(self, key: Key) -> Owned | None:
        owner = self._owners.get(key)
        return owner if owner is not None and owner.basis is not Basis.INHERITED else None

    def _supersede(self, key: Key, old: str, new: str) -> None:
        self._versions[key] = [
            replace(each, state=State.SUPERSEDED) if each.id == old else each for each in self._versions[key]
        ]
        if old in self._new:
            self._new[old].state, self._new[old].superseded_by = State.SUPERSEDED, new
        else:
            self.plan.supersede[old] = new

    def _contradict(self, arrival: Arrival, message: str, fix: str) -> None:
        self.plan.contradictions.append(Fault(arrival.pointer, message, fix))


def _version(arrival: Arrival) -> Version:
    state = State.RETRACTED if arrival.retracts else State.CURRENT
    return Version(arrival.id, arrival.revision, arrival.content, state, arrival.retracts)
