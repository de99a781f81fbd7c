"""Find out whose records are, and give owners to those that came before it was known."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from gateway.directory.links import require_link
from gateway.errors import ConflictError, InvalidError
from gateway.ingest import parties, rules
from gateway.ingest.plans import held
from gateway.ingest.rules import Basis, Known, Owned
from gateway.ingest.tables import Assignment
from gateway.records import store
from gateway.records.references import Reference
from gateway.records.rules import State, Stored


def references(record: Stored) -> list[Reference]:
    """Return the references of a stored record from which an owner may follow."""
    return [Reference.of_key(key) for key in record.owner_keys]


def known(session: Session, provider_id: str, about: Iterable[Reference]) -> Known:
    """Return what a provider has said so far about references."""
    wanted = {each.key: each for each in about if each.scheme in rules.ASSIGNABLE}
    assignments = session.exec(
        select(Assignment).where(Assignment.provider_id == provider_id, col(Assignment.reference_key).in_(list(wanted)))
    )
    assigned = {wanted[each.reference_key]: each.owner_id for each in assignments}
    documents: dict[Reference, set[str | None]] = {}
    roles: dict[Reference, dict[str, set[str]]] = {}
    for record in _documents(session, provider_id, wanted):
        if record.state == State.CURRENT:
            for each in set(references(record)) & set(wanted.values()):
                documents.setdefault(each, set()).add(record.owner_id)
                for role, ids in record.parties.items():
                    roles.setdefault(each, {}).setdefault(role, set()).update(ids)
    said = {each: {role: sorted(ids) for role, ids in those.items()} for each, those in roles.items()}
    return Known(assigned, {each: frozenset(owners) for each, owners in documents.items()}, said)


def assign(
    session: Session, master: bytes, *, provider_id: str, reference: Reference, owner_id: str, now: datetime
) -> list[str]:
    """Let what bears a reference belong to an owner, now and from now on; return the ids of records that it gave.

    Raises `ForbiddenError` if the owner is not linked, `InvalidError` if no owner follows from such a reference,
    `ConflictError` if the provider has said otherwise before.
    """
    require_link(session, provider_id=provider_id, owner_id=owner_id)
    if reference.scheme not in rules.ASSIGNABLE:
        known_schemes = ", ".join(sorted(rules.ASSIGNABLE))
        raise InvalidError(f"scheme {reference.scheme!r} cannot be assigned to an owner; known: {known_schemes}")
    store.lock_provider(session, provider_id)
    found = session.get(Assignment, (provider_id, reference.key))
    if found is not None:
        if found.owner_id != owner_id:
            raise ConflictError(f"{reference.scheme} {reference.value!r} is already assigned to {found.owner_id!r}")
        return []
    _check_owners(session, provider_id, reference, owner_id)
    session.add(
        Assignment(
            provider_id=provider_id,
            reference_key=reference.key,
            scheme=reference.scheme,
            issuer=reference.issuer,
            value=reference.value,
            owner_id=owner_id,
            created_at=now,
        )
    )
    session.flush()
    return settle(session, master, provider_id, [reference], now=now)


def _check_owners(session: Session, provider_id: str, reference: Reference, owner_id: str) -> None:
    for record in (
        *_documents(session, provider_id, [reference.key]),
        *_events(session, provider_id, [reference.key]),
    ):
        owner = held(record)
        if owner is not None and owner.basis is not Basis.INHERITED and owner.owner_id != owner_id:
            raise ConflictError(f"{record.product} {record.key!r} bears it and belongs to {owner.owner_id!r}")


def settle(
    session: Session, master: bytes, provider_id: str, about: Iterable[Reference], *, now: datetime
) -> list[str]:
    """Judge anew whose the records are that bear any of these references; return the ids of those that changed.

    Documents come first, for events inherit from them. Only where no push named the owner: that stays. An owner
    whose records have become somebody else's too loses them: nothing is released in doubt.
    """
    changed: list[str] = []
    touched = {each.key for each in about}
    documents = _documents(session, provider_id, touched)
    changed += _give(session, master, provider_id, documents, now=now)
    touched |= {each.key for document in documents for each in references(document)}
    return changed + _give(session, master, provider_id, _events(session, provider_id, touched), now=now)


def share_parties(session: Session, provider_id: str, about: Iterable[Reference]) -> None:
    """Let the events that name documents with any of these references have the parties of those documents too."""
    touched = {each.key for each in about}
    touched |= {each.key for document in _documents(session, provider_id, touched) for each in references(document)}
    events = _events(session, provider_id, touched)
    so_far = known(session, provider_id, {ref for each in events for ref in references(each)})
    store.name_parties(session, parties.renamed(events, so_far))


def _documents(session: Session, provider_id: str, reference_keys: Iterable[str]) -> list[Stored]:
    return store.bearing(session, provider_id, reference_keys, products=rules.INHERITING, among=False)


def _events(session: Session, provider_id: str, reference_keys: Iterable[str]) -> list[Stored]:
    return store.bearing(session, provider_id, reference_keys, products=rules.INHERITING, among=True)


def _give(session: Session, master: bytes, provider_id: str, records: list[Stored], *, now: datetime) -> list[str]:
    open_ = [each for each in records if each.owner_basis != Basis.PUSHED]
    so_far = known(session, provider_id, {ref for each in open_ for ref in references(each)})
    owners: dict[str, tuple[str | None, str | None]] = {}
    for each in open_:
        verdict = rules.owner_of(references(each), so_far, product=each.product, held=held(each))
        new = (verdict.owner_id, str(verdict.basis)) if isinstance(verdict, Owned) else (None, None)
        if new != (each.owner_id, each.owner_basis):
            owners[each.id] = new
    store.give(session, master, owners, now=now)
    return list(owners)
