"""Take in what a provider pushed: map, check, seal, give it its owner, store. All of a message, or nothing of it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial

from sqlmodel import Session

import schemas
from connectors.base import Connector, Endpoint, Fault, Mapped, Received
from connectors.errors import Unmappable
from gateway import figures
from gateway.db import once_committed
from gateway.directory.links import require_link
from gateway.errors import ConflictError, GatewayError, InvalidError
from gateway.ingest import rules
from gateway.ingest.ownership import known, settle
from gateway.ingest.plans import Arrival, Placed, Plan, plan
from gateway.keys import Keyring
from gateway.records import crypto, originals, store
from gateway.records.originals import Sent
from gateway.records.references import reference
from gateway.records.tables import Original
from gateway.settings import Settings
from ledger import record
from ledger.codec import b64u, sha256

LEVEL = "gateway_attested"


@dataclass(frozen=True, slots=True)
class Push:
    """A message that a provider sent through an endpoint of a connector, for an owner if it named one."""

    provider_id: str
    connector: Connector
    endpoint: Endpoint
    received: Received
    owner_id: str | None
    at: datetime

    @property
    def sent(self) -> Sent:
        """The message's bytes, by whom and through what."""
        return Sent(self.provider_id, self.connector.name, self.received.body, self.at)


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


def receive(session: Session, keyring: Keyring, settings: Settings, push: Push) -> list[Taken]:
    """Store what a message holds, in the session's transaction; return what became of it, in the message's order.

    The same bytes again, and the same document or event again, are the records that are stored already. Raises
    `ForbiddenError` if the owner named is not linked, `ConflictError` if the provider has said otherwise before, both
    having stored nothing; `InvalidError` with every fault, having quarantined the message: commit it all the same.
    """
    try:
        taken = _receive(session, keyring, settings, push)
    except GatewayError as error:
        once_committed(session, figures.messages.labels(push.connector.name, error.code).inc)
        raise
    outcome = "stored" if any(each.new for each in taken) else "known"
    once_committed(session, figures.messages.labels(push.connector.name, outcome).inc)
    for product, count in Counter(each.product for each in taken if each.new).items():
        once_committed(session, partial(figures.records.labels(product).inc, count))
    return taken


def _receive(session: Session, keyring: Keyring, settings: Settings, push: Push) -> list[Taken]:
    if push.owner_id is not None:
        require_link(session, provider_id=push.provider_id, owner_id=push.owner_id)
    store.lock_provider(session, push.provider_id)
    original = originals.find(session, keyring.records, push.sent)
    if original is not None and original.record_ids:
        stored = store.numbered(session, original.record_ids)
        made = _plan(session, push, [Arrival.again(each) for each in stored])
        _store(session, keyring, push, made, [], original)
        return _taken(session, made, {})
    items = _read(session, keyring, push, original)
    arrivals = [_arrival(each, keyring.records) for each in items]
    made = _plan(session, push, arrivals)
    by_id = {arrival.id: item for arrival, item in zip(arrivals, items, strict=True)}
    sealer = record.Sealer(settings.gateway_id, keyring.sealing.kid, keyring.sealing.private)
    source = _source(push)
    sealed = [_seal(each, by_id[each.id], push, sealer, source) for each in made.placed if each.new]
    _store(session, keyring, push, made, sealed, original)
    return _taken(session, made, {item.place: item.warnings for item in items})


def _read(session: Session, keyring: Keyring, push: Push, original: Original | None) -> Sequence[Mapped]:
    """Return the message mapped and checked. Raises `InvalidError` after putting it into quarantine."""
    try:
        items = push.connector.parse(push.received).items
        faults = [fault for item in items for fault in _schema_faults(item)]
    except Unmappable as error:
        faults = list(error.faults)
    if not faults:
        return items
    errors = [asdict(each) for each in faults]
    quarantine = originals.quarantine(session, keyring.records, push.sent, errors, found=original)
    detail = f"the message has {len(errors)} fault(s) and made no records; see errors"
    raise InvalidError(detail, errors=errors, quarantine=quarantine)


def _schema_faults(item: Mapped) -> list[Fault]:
    found = schemas.faults(item.product, item.version, item.document)
    return [
        Fault(item.place, f"its {item.product} is not valid at {each.pointer or 'the top'}: {each.message}")
        for each in found
    ]


def _arrival(item: Mapped, master: bytes) -> Arrival:
    content = json.dumps(item.document, sort_keys=True, separators=(",", ":")).encode()
    return Arrival(
        id=originals.new_id(),
        product=item.product,
        key=item.key,
        revision=item.revision,
        content=crypto.keyed_digest(master, content),
        retracts=item.document.get("retracted") is True,
        references=tuple(dict.fromkeys(reference(each) for each in item.owner_references)),
        pointer=item.place,
    )


def _plan(session: Session, push: Push, arrivals: Sequence[Arrival]) -> Plan:
    stored = store.versions(session, push.provider_id, [(each.product, each.key) for each in arrivals])
    so_far = known(session, push.provider_id, {ref for each in arrivals for ref in each.references})
    made = plan(arrivals, stored, so_far, named=push.owner_id)
    if made.contradictions:
        errors = [asdict(each) for each in made.contradictions]
        raise ConflictError(f"{errors[0]['message']}; nothing of the message was stored", errors=errors)
    return made


def _store(
    session: Session,
    keyring: Keyring,
    push: Push,
    made: Plan,
    sealed: Sequence[store.Sealed],
    original: Original | None,
) -> None:
    master = keyring.records
    original_id = originals.keep(session, master, push.sent, [each.id for each in made.placed], found=original)
    store.store(session, master, sealed, original_id=original_id, now=push.at)
    store.supersede(session, made.supersede)
    store.give(session, master, made.give, now=push.at)
    documents = [each for each in made.placed if each.arrival.product not in rules.INHERITING]
    if documents:
        about = {ref for each in documents for ref in each.arrival.references}
        settle(session, master, push.provider_id, about, now=push.at)


def _source(push: Push) -> dict[str, str]:
    """Return what a record says of the message it was made from: its digest, and the standard's signature if any."""
    signature = push.received.headers.get(push.endpoint.signature_header or "")
    return {"digest": b64u(sha256(push.received.body)), **({"signature": signature} if signature else {})}


def _seal(placed: Placed, item: Mapped, push: Push, sealer: record.Sealer, source: Mapping[str, str]) -> store.Sealed:
    made = record.seal(
        item.document,
        product=item.product,
        version=item.version,
        sealer=sealer,
        provider=push.provider_id,
        issued_at=push.at,
        original=source,
    )
    owner = placed.owner if isinstance(placed.owner, rules.Owned) else None
    return store.Sealed(
        id=placed.id,
        provider_id=push.provider_id,
        owner_id=owner.owner_id if owner else None,
        owner_basis=owner.basis if owner else None,
        product=item.product,
        version=item.version,
        key=item.key,
        revision=placed.arrival.revision,
        identifiers=item.identifiers,
        reference_keys=[reference(each).key for each in item.identifiers],
        owner_keys=[each.key for each in placed.arrival.references],
        day=rules.day(item.document, schemas.period_pointers(item.product, item.version)),
        level=LEVEL,
        jwt=made.jwt,
        disclosures=made.disclosures,
        content=placed.arrival.content,
        leaf=record.leaf(made.jwt),
        state=placed.state,
        retracts=placed.arrival.retracts,
        superseded_by=placed.superseded_by,
    )


def _taken(session: Session, made: Plan, warnings: Mapping[str, Sequence[Fault]]) -> list[Taken]:
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
