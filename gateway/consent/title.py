"""Title to a bill of lading passes on: the consents that name it follow, as their owner signed.

`title_changed` is the way in for whoever learns of title; nothing else may act on it.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import and_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from gateway.clock import rfc3339
from gateway.consent import record as records
from gateway.consent import rules, store
from gateway.consent.details import Identifier, TradeData
from gateway.consent.rules import Event
from gateway.consent.tables import Consent, ConsentVersion, TitleChange
from gateway.consent.title_rules import SCHEME, Title, names, on_title
from gateway.errors import InvalidError
from gateway.records.references import reference

TITLE_CHANGED = "title_changed"
"""What a bank is told if its consent stands as it did."""


def title_changed(session: Session, title: Title, *, gateway_id: str, now: datetime) -> dict[str, Event | None]:
    """Let each consent of the owner that names the document end, rest or go on, as it says; in force at the commit.

    Part of the caller's transaction, with the rows of the owner's open consents locked; the ledger's entries are
    queued, and the banks are told. The caller has made sure that the reporter may speak for the document, and that it
    is this owner's. Returns what happened, by consent's id (None: it stands as it did); nothing if the same
    (document, kind and instant) was noted before. Raises `InvalidError` for what is no transport document.
    """
    if title.document.scheme != SCHEME:
        raise InvalidError(f"a {title.document.scheme} bears no title; expected a {SCHEME}")
    if not _noted(session, title, now=now):
        return {}
    happened: dict[str, Event | None] = {}
    for consent, terms in _open(session, title.owner_id):
        concerned = on_title(store.stored(consent), terms, title, now=now)
        if concerned is None:
            continue
        happened[consent.id] = concerned.event
        if concerned.event is None:
            store.tell(session, consent, TITLE_CHANGED, now=now, title=title.kind)
        else:
            _change(session, consent, concerned.event, title, gateway_id=gateway_id, now=now)
    return happened


def changes_of(session: Session, consent: Consent, version: ConsentVersion) -> Sequence[TitleChange]:
    """Return what was noted about the documents that a consent names since it was given so, oldest first."""
    noted = select(TitleChange).where(
        TitleChange.owner_id == consent.owner_id, col(TitleChange.noted_at) >= version.created_at
    )
    terms = TradeData.model_validate(version.terms)
    found = session.exec(noted.order_by(col(TitleChange.number)))
    return [each for each in found if names(terms, Identifier.model_validate(each.document))]


def _noted(session: Session, title: Title, *, now: datetime) -> bool:
    """Store the change, and say whether it is new; another transaction that stores the same is waited for."""
    document = title.document.as_json()
    row = {
        "owner_id": title.owner_id,
        "document_key": reference(document).key,
        "document": document,
        "kind": title.kind,
        "at": title.at,
        "reporter": title.reporter,
        "noted_at": now,
    }
    added = insert(TitleChange).values(row).on_conflict_do_nothing().returning(col(TitleChange.number))
    return session.execute(added).first() is not None


def _open(session: Session, owner_id: str) -> list[tuple[Consent, TradeData]]:
    """Return the owner's consents that were given and may be in force, locked in the order in which pulls lock them.

    Those that wait to be given are locked too: one that is given at this moment is then seen as given, or not yet.
    """
    wanted = select(Consent).where(Consent.owner_id == owner_id, col(Consent.state).in_(rules.OPEN))
    locked = wanted.order_by(col(Consent.id)).with_for_update().execution_options(populate_existing=True)
    consents = {consent.id: consent for consent in session.exec(locked)}
    in_force = select(ConsentVersion).join(
        Consent, and_(col(Consent.id) == ConsentVersion.consent_id, col(Consent.version) == ConsentVersion.version)
    )
    versions = session.exec(in_force.where(col(Consent.id).in_(consents)).order_by(col(Consent.id)))
    return [(consents[each.consent_id], TradeData.model_validate(each.terms)) for each in versions]


def _change(session: Session, consent: Consent, event: Event, title: Title, *, gateway_id: str, now: datetime) -> None:
    when = rfc3339(title.at)
    reason = f"title to a bill of lading that it names was {title.kind} at {when}, as {title.reporter} reports"
    happened = records.event(event, at=now, actor=gateway_id, channel="gateway")
    store.change(
        session,
        consent,
        event,
        initiator=gateway_id,
        happened=happened,
        reason=reason,
        now=now,
        told={"title": title.kind},
    )
