"""Store sealed records and find them again: versions, owners, the references they bear."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Text, bindparam, cast, func, insert, tuple_, update
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from gateway import journal
from gateway.records import crypto
from gateway.records.holders import holder, holder_keys
from gateway.records.rules import State, Stored
from gateway.records.tables import Record
from ledger.sdjwt import Disclosure

LOCK = 0x7469_6465
"""Class of the advisory locks on providers ("tide")."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A record ready to be stored."""

    id: str
    provider_id: str
    owner_id: str | None
    owner_basis: str | None
    product: str
    version: int
    key: str
    revision: str | None
    identifiers: Sequence[Mapping[str, Any]]
    reference_keys: Sequence[str]
    owner_keys: Sequence[str]
    day: date | None
    level: str
    jwt: str
    disclosures: Sequence[Disclosure]
    content: bytes
    leaf: bytes
    state: State
    retracts: bool
    superseded_by: str | None
    parties: Mapping[str, Sequence[str]] = field(default_factory=dict)


def lock_provider(session: Session, provider_id: str) -> None:
    """Let what one provider sends take turns until the transaction ends.

    Versions, duplicates and owners are decided by what is stored: nothing may be stored meanwhile.
    """
    session.execute(select(func.pg_advisory_xact_lock(LOCK, func.hashtext(provider_id))))


def store(session: Session, master: bytes, records: Sequence[Sealed], *, original_id: str, now: datetime) -> None:
    """Store records, their disclosures encrypted, and queue their leaves to be anchored."""
    if not records:
        return
    holders = {holder(provider_id=each.provider_id, owner_id=each.owner_id) for each in records}
    keys = holder_keys(session, master, holders, now=now)
    session.connection().execute(insert(Record), [_row(each, keys, original_id, now) for each in records])
    journal.queue_leaves(session, "records", [(each.leaf, each.id) for each in records], now=now)


def disclosures(holder_key: bytes, record_id: str, envelope: crypto.Envelope) -> list[tuple[str, int | None, str]]:
    """Return the members of a stored record's disclosures (`Disclosure`). Raises `crypto.DecryptionError`."""
    plain = crypto.unseal(holder_key, envelope, context=f"record {record_id}")
    found: list[tuple[str, int | None, str]] = json.loads(plain)
    return found


def versions(session: Session, provider_id: str, keys: Iterable[tuple[str, str]]) -> list[Stored]:
    """Return every version stored by a provider under the given (product, natural key)s, oldest first."""
    wanted = set(keys)
    rows = _stored(
        session,
        col(Record.provider_id) == provider_id,
        col(Record.product).in_({product for product, _ in wanted}),
        col(Record.key).in_({key for _, key in wanted}),
    )
    return [row for row in rows if (row.product, row.key) in wanted]


def bearing(
    session: Session, provider_id: str, reference_keys: Iterable[str], *, products: Iterable[str], among: bool
) -> list[Stored]:
    """Return a provider's records that bear any of the references, oldest first, superseded ones too.

    Only those `among` the products, or only those not among them.
    """
    wanted = sorted(set(reference_keys))
    shared = col(Record.reference_keys).op("&&")(cast(wanted, ARRAY(Text)))
    product = col(Record.product).in_(products) if among else col(Record.product).not_in(products)
    return _stored(session, col(Record.provider_id) == provider_id, shared, product) if wanted else []


def numbered(session: Session, ids: Sequence[str]) -> list[Stored]:
    """Return the records with these ids, in the order of the ids."""
    found = {row.id: row for row in _stored(session, col(Record.id).in_(ids))}
    return [found[each] for each in ids]


def pushed(
    session: Session, provider_id: str, *, unowned: bool, after: tuple[datetime, str] | None, limit: int
) -> list[Record]:
    """Return what a provider pushed (`unowned`: what of it has no owner) after (received_at, id), oldest first."""
    statement = select(Record).where(Record.provider_id == provider_id)
    if unowned:
        statement = statement.where(col(Record.owner_id).is_(None))
    if after is not None:
        statement = statement.where(tuple_(col(Record.received_at), col(Record.id)) > after)
    return list(session.exec(statement.order_by(col(Record.received_at), col(Record.id)).limit(limit)))


def _stored(session: Session, *conditions: ColumnElement[bool]) -> list[Stored]:
    columns = [getattr(Record, each.name) for each in fields(Stored)]
    statement = sa_select(*columns).where(*conditions).order_by(col(Record.received_at), col(Record.id))
    return [Stored(*row) for row in session.execute(statement)]


def supersede(session: Session, successors: Mapping[str, str]) -> None:
    """Mark records (keys) as superseded by later ones (values)."""
    if not successors:
        return
    session.connection().execute(
        update(Record)
        .where(col(Record.id) == bindparam("old"))
        .values(state=State.SUPERSEDED, superseded_by=bindparam("new")),
        [{"old": old, "new": new} for old, new in successors.items()],
    )


def give(
    session: Session, master: bytes, owners: Mapping[str, tuple[str | None, str | None]], *, now: datetime
) -> None:
    """Set owner and basis of stored records, by id: each data key is wrapped anew for its holder."""
    if not owners:
        return
    records = list(session.exec(select(Record).where(col(Record.id).in_(owners)).with_for_update()))
    olds = {each.id: holder(provider_id=each.provider_id, owner_id=each.owner_id) for each in records}
    news = {each.id: holder(provider_id=each.provider_id, owner_id=owners[each.id][0]) for each in records}
    keys = holder_keys(session, master, {*olds.values(), *news.values()}, now=now)
    given = sorted(each.id for each in records if owners[each.id][0] not in (None, each.owner_id))
    if given:
        journal.tell(session, type=journal.RECORDS_GIVEN, subject=given[0], body={"records": given}, now=now)
    for each in records:
        if each.wrapped_key is not None and olds[each.id] != news[each.id]:
            old, new = keys[olds[each.id]], keys[news[each.id]]
            each.wrapped_key = crypto.rewrap(old, new, each.wrapped_key, context=f"record {each.id}")
        each.owner_id, each.owner_basis = owners[each.id]
        session.add(each)
    session.flush()


def name_parties(session: Session, parties: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    """Set who the parties of stored records are: by record's id, and by role."""
    if parties:
        session.connection().execute(
            update(Record).where(col(Record.id) == bindparam("record")).values(parties=bindparam("said")),
            [
                {"record": each, "said": {role: list(ids) for role, ids in said.items()}}
                for each, said in parties.items()
            ],
        )


def _row(sealed: Sealed, keys: Mapping[str, bytes], original_id: str, now: datetime) -> dict[str, Any]:
    key = keys[holder(provider_id=sealed.provider_id, owner_id=sealed.owner_id)]
    parts = [(each.pointer, each.parent, each.encoded) for each in sealed.disclosures]
    plain = json.dumps(parts, separators=(",", ":")).encode()
    envelope = crypto.seal(key, plain, context=f"record {sealed.id}")
    return {
        "id": sealed.id,
        "provider_id": sealed.provider_id,
        "owner_id": sealed.owner_id,
        "owner_basis": sealed.owner_basis,
        "product": sealed.product,
        "version": sealed.version,
        "key": sealed.key,
        "revision": sealed.revision,
        "identifiers": list(sealed.identifiers),
        "reference_keys": list(sealed.reference_keys),
        "owner_keys": list(sealed.owner_keys),
        "day": sealed.day,
        "level": sealed.level,
        "jwt": sealed.jwt,
        "wrapped_key": envelope.wrapped_key,
        "disclosures": envelope.ciphertext,
        "content": sealed.content,
        "leaf": sealed.leaf,
        "original_id": original_id,
        "state": sealed.state,
        "retracts": sealed.retracts,
        "superseded_by": sealed.superseded_by,
        "parties": {role: list(ids) for role, ids in sealed.parties.items()},
        "received_at": now,
    }
