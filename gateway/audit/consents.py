"""Consents and passkeys, read a page at a time, with all that the database and the ledger know of each."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlmodel import Session, col

from gateway.anchoring.entries import REJECTED
from gateway.anchoring.submission import UNFINISHED
from gateway.anchoring.tables import LedgerEntry
from gateway.audit.kinds import CONSENT, PASSKEY
from gateway.audit.rules.consents import ConsentCase, Given, Standing, Told
from gateway.audit.rules.documents import Keys
from gateway.consent.details import TradeData
from gateway.consent.record import agreed
from gateway.consent.store import LEDGER_ENTRIES
from gateway.consent.tables import Consent, ConsentChange, ConsentVersion
from gateway.directory.tables import Passkey, Person
from gateway.journal.tables import QueuedEntry
from ledger.audit.findings import Finding
from ledger.codec import b64u
from ledger.consent_record import credential_commitment
from ledger.entries import decode
from ledger.errors import CodecError

PAGE = 200
ENTRIES = {str(event): entry_type for event, entry_type in LEDGER_ENTRIES.items()}
Json = dict[str, Any]


def statement(since: datetime) -> Any:  # noqa: ANN401 - a select of consents
    """Consents that changed since then."""
    return select(col(Consent.id)).where(col(Consent.state_since) >= since)


def cases(session: Session, since: datetime, keys: Keys, gateway_id: str) -> Iterator[ConsentCase]:
    """Yield every consent that changed since then, with all that is known of it."""
    after = ""
    while True:
        wanted = select(Consent).where(col(Consent.state_since) >= since, col(Consent.id) > after)
        page = session.execute(wanted.order_by(col(Consent.id)).limit(PAGE)).scalars().all()
        if not page:
            return
        yield from _page(session, page, keys, gateway_id)
        after = page[-1].id
        session.expunge_all()


def unknown(session: Session) -> Iterator[Finding]:
    """Yield consents that entries were made of and that are not there."""
    missing = select(col(LedgerEntry.subject)).where(col(LedgerEntry.lane).startswith("consent/")).distinct()
    there = select(col(Consent.id)).where(col(Consent.id) == LedgerEntry.subject).exists()
    for (subject,) in session.execute(missing.where(~there).order_by(col(LedgerEntry.subject))):
        yield Finding(CONSENT, f"consent {subject}", "the ledger has entries of it, the database has no such consent")


def passkeys(session: Session, keys: Keys) -> Iterator[Finding]:
    """Yield what is wrong with owners' passkeys: each must open its commitment, which the ledger must know."""
    waiting = _waiting(session, "owner.credential_added")
    for passkey, owner in session.execute(select(Passkey, col(Person.participant_id)).join(Person)):
        where = f"passkey {b64u(passkey.credential_id)} of {owner}"
        try:
            opened = credential_commitment(owner=owner, public_key=passkey.public_key, salt=passkey.salt)
        except CodecError as error:
            yield Finding(PASSKEY, where, f"it opens no commitment: {error}")
            continue
        if opened != passkey.commitment:
            what = f"it opens commitment {b64u(opened)}, expected {b64u(passkey.commitment)}"
            yield Finding(PASSKEY, where, what)
        elif keys(f"credential/{b64u(opened)}") is None and b64u(opened) not in waiting:
            yield Finding(PASSKEY, where, f"the ledger knows no commitment {b64u(opened)}")


def _waiting(session: Session, entry_type: str) -> frozenset[str]:
    """Return the subjects of entries of a type that are not on the ledger yet."""
    queued = select(col(QueuedEntry.subject)).where(col(QueuedEntry.type) == entry_type)
    made = select(col(LedgerEntry.subject)).where(
        col(LedgerEntry.type) == entry_type, col(LedgerEntry.state).in_(UNFINISHED)
    )
    return frozenset(session.execute(queued.union_all(made)).scalars())


def _page(session: Session, page: Sequence[Consent], keys: Keys, gateway_id: str) -> Iterator[ConsentCase]:
    ids = [each.id for each in page]
    versions = _by_consent(session, select(ConsentVersion).order_by(col(ConsentVersion.version)), ids, ConsentVersion)
    changes = _by_consent(session, select(ConsentChange).order_by(col(ConsentChange.number)), ids, ConsentChange)
    entries = select(LedgerEntry).where(col(LedgerEntry.subject).in_(ids), col(LedgerEntry.state) != REJECTED)
    made = defaultdict(list)
    for entry in session.execute(entries.order_by(col(LedgerEntry.number))).scalars():
        made[entry.subject].append(entry)
    queued = set(session.execute(select(col(QueuedEntry.subject)).where(col(QueuedEntry.subject).in_(ids))).scalars())
    for consent in page:
        own = made[consent.id]
        yield ConsentCase(
            standing=_standing(consent),
            versions=[_given(each) for each in versions[consent.id]],
            changes=[_changed(each) for each in changes[consent.id]],
            commitments=frozenset(each for row in own for each in _commitments(row)),
            settled=consent.id not in queued and not any(each.state in UNFINISHED for each in own),
            on_ledger=keys(f"consent/{consent.id}"),
            gateway_id=gateway_id,
        )


def _by_consent(session: Session, wanted: Any, ids: Sequence[str], table: Any) -> dict[str, list[Any]]:  # noqa: ANN401 - two tables
    found = defaultdict(list)
    for row in session.execute(wanted.where(table.consent_id.in_(ids))).scalars():
        found[row.consent_id].append(row)
    return found


def _standing(row: Consent) -> Standing:
    return Standing(
        id=row.id,
        owner_id=row.owner_id,
        bank_id=row.bank_id,
        state=row.state,
        version=row.version,
        expires_at=row.expires_at,
        maximum_pulls=row.maximum_pulls,
    )


def _given(row: ConsentVersion) -> Given:
    return Given(
        version=row.version,
        type="consent.granted" if row.version == 1 else "consent.amended",
        record=row.record,
        salt=row.salt,
        commitment=row.commitment,
        meant=_meant(row),
        notice=row.notice,
        digest=row.digest,
    )


def _meant(row: ConsentVersion) -> Json | None:
    """Return what a version's terms make of a record; None if they are not in form."""
    try:
        return agreed(TradeData.model_validate(row.terms), start=row.record["limits"]["start"])
    except (ValidationError, LookupError, TypeError):
        return None


def _changed(row: ConsentChange) -> Told:
    return Told(
        version=row.version,
        type=ENTRIES.get(row.event, row.event),
        record=row.record,
        salt=row.salt,
        commitment=row.commitment,
    )


def _commitments(row: LedgerEntry) -> Iterator[tuple[str, int, str]]:
    """Yield what an entry commits to; nothing if it cannot be read, which is found where entries are looked at."""
    with suppress(CodecError, KeyError):
        body = decode(row.entry).body
        yield row.type, body["version"], body["commitment"]
