"""Take in what a provider pushed: map, check, seal, give it its owner, store. All of a message, or nothing of it."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial

from sqlmodel import Session

import schemas
from connectors.base import Connector, Endpoint, Fault, Mapped, Received
from connectors.errors import Unmappable
from gateway import figures
from gateway.anchoring import own
from gateway.db import once_committed
from gateway.directory.links import require_link
from gateway.directory.participants import participant
from gateway.errors import ConflictError, GatewayError, InvalidError
from gateway.ingest import parties, rules
from gateway.ingest.ownership import known, settle, share_parties
from gateway.ingest.plans import Arrival, Placed, Plan, plan
from gateway.ingest.sealed import Sealer, check
from gateway.ingest.taken import Taken, taken
from gateway.keys import Keyring
from gateway.records import crypto, originals, store
from gateway.records.originals import Sent
from gateway.records.references import reference
from gateway.records.tables import Original
from gateway.settings import Settings
from ledger import record
from ledger.codec import b64u, sha256
from ledger.record import SealedRecord

ATTESTED, SEALED = "gateway_attested", "provider_sealed"
"""Who sealed a record: the gateway what the provider pushed, or the provider itself."""


@dataclass(frozen=True, slots=True)
class Push:
    """A message that a provider sent through an endpoint of a connector, for an owner if it named one.

    `sealed` are the records that the provider made of it itself, as SD-JWTs with all their disclosures.
    """

    provider_id: str
    connector: Connector
    endpoint: Endpoint
    received: Received
    owner_id: str | None
    at: datetime
    sealed: Sequence[str] | None = None
    parties: Mapping[str, str] = field(default_factory=dict)
    """Which participant, linked as the owner is, a role of the documents is; what concerns it is not the owner's."""

    @property
    def sent(self) -> Sent:
        """The message's bytes, by whom and through what."""
        return Sent(self.provider_id, self.connector.name, self.received.body, self.at)


def receive(session: Session, keyring: Keyring, settings: Settings, push: Push) -> list[Taken]:
    """Store what a message holds, in the session's transaction; return what became of it, in the message's order.

    The same bytes again, and the same document or event again, are the records that are stored already. Raises
    `ForbiddenError` if the owner or a party named is not linked, `ConflictError` if the provider has said otherwise
    before, both having stored nothing; `InvalidError` with every fault, having quarantined the message: commit it all
    the same.
    """
    try:
        found = _receive(session, keyring, settings, push)
    except GatewayError as error:
        once_committed(session, figures.messages.labels(push.connector.name, error.code).inc)
        raise
    outcome = "stored" if any(each.new for each in found) else "known"
    once_committed(session, figures.messages.labels(push.connector.name, outcome).inc)
    for product, count in Counter(each.product for each in found if each.new).items():
        once_committed(session, partial(figures.records.labels(product).inc, count))
    return found


def _receive(session: Session, keyring: Keyring, settings: Settings, push: Push) -> list[Taken]:
    if push.owner_id is not None:
        require_link(session, provider_id=push.provider_id, owner_id=push.owner_id)
    for party in push.parties.values():
        require_link(session, provider_id=push.provider_id, owner_id=party)
    store.lock_provider(session, push.provider_id)
    original = originals.find(session, keyring.records, push.sent)
    if original is not None and original.record_ids:
        stored = store.numbered(session, original.record_ids)
        made = _plan(session, push, [Arrival.again(each) for each in stored])
        _store(session, keyring, push, made, [], original)
        return taken(session, made, {})
    items = _read(session, keyring, push, original)
    arrivals = [_arrival(each, keyring.records) for each in items]
    made = _plan(session, push, arrivals)
    own = _sealed_by_provider(session, push, items)
    by_id = {arrival.id: number for number, arrival in enumerate(arrivals)}
    attest = _attester(session, push, settings, keyring)
    sealed = []
    for each in made.placed:
        if each.new:
            item = items[by_id[each.id]]
            seal = attest(item) if own is None else own[by_id[each.id]]
            sealed.append(_sealed(each, item, push, seal, made.parties[item.product, item.key]))
    _store(session, keyring, push, made, sealed, original)
    return taken(session, made, {item.place: item.warnings for item in items})


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
    parties.check_roles(push.parties, {each.product for each in arrivals})
    stored = store.versions(session, push.provider_id, [(each.product, each.key) for each in arrivals])
    so_far = known(session, push.provider_id, {ref for each in arrivals for ref in each.references})
    made = plan(arrivals, stored, so_far, named=push.owner_id)
    named = parties.name(arrivals, stored, so_far, push.parties)
    if contradictions := [*made.contradictions, *named.contradictions]:
        errors = [asdict(each) for each in contradictions]
        raise ConflictError(f"{errors[0]['message']}; nothing of the message was stored", errors=errors)
    made.parties, made.rename = named.of, named.changed
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
    store.name_parties(session, made.rename)
    documents = [each for each in made.placed if each.arrival.product not in rules.INHERITING]
    if documents:
        about = {ref for each in documents for ref in each.arrival.references}
        settle(session, master, push.provider_id, about, now=push.at)
        if any(made.parties.values()):
            share_parties(session, push.provider_id, about)


def _source(push: Push) -> dict[str, str]:
    """Return what a record says of the message it was made from: its digest, and the standard's signature if any."""
    signature = push.received.headers.get(push.endpoint.signature_header or "")
    return {"digest": b64u(sha256(push.received.body)), **({"signature": signature} if signature else {})}


def _sealed_by_provider(session: Session, push: Push, items: Sequence[Mapped]) -> list[SealedRecord] | None:
    """Return the records that the provider made itself, one for each item. Raises `InvalidError` if they differ."""
    if push.sealed is None:
        return None
    provider = participant(session, push.provider_id, role="provider")
    keys = {each["kid"]: each for each in provider.sealing_jwks["keys"]}
    return check(push.sealed, items, Sealer(push.provider_id, keys), _source(push), now=push.at)


def _attester(session: Session, push: Push, settings: Settings, keyring: Keyring) -> Callable[[Mapped], SealedRecord]:
    """Return what seals an item in the gateway's name."""
    key = own.in_use(session, keyring, settings.gateway_id, "sealing")
    sealer = record.Sealer(settings.gateway_id, key.kid, key.private)
    source = _source(push)

    def attest(item: Mapped) -> SealedRecord:
        return record.seal(
            item.document,
            product=item.product,
            version=item.version,
            sealer=sealer,
            provider=push.provider_id,
            issued_at=push.at,
            original=source,
        )

    return attest


def _sealed(placed: Placed, item: Mapped, push: Push, made: SealedRecord, named: parties.Parties) -> store.Sealed:
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
        level=ATTESTED if push.sealed is None else SEALED,
        jwt=made.jwt,
        disclosures=made.disclosures,
        content=placed.arrival.content,
        leaf=record.leaf(made.jwt),
        state=placed.state,
        retracts=placed.arrival.retracts,
        superseded_by=placed.superseded_by,
        parties=named,
    )
