"""Consents in a database that was restored: what the ledger says became of them since is so."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session

from gateway.consent import rules, store
from gateway.consent.rules import Event, State
from gateway.consent.tables import Consent

WHY = "what became of it since is known to the ledger alone: the database was restored from a backup"
UNKNOWN_TERMS = "its newest terms are known to the ledger alone: the database was restored from a backup; ask anew"
ENTRIES: Mapping[str, tuple[State, Event]] = {
    "consent.paused": (State.PAUSED, Event.PAUSED),
    "consent.resumed": (State.ACTIVE, Event.RESUMED),
    "consent.revoked": (State.REVOKED, Event.WITHDRAWN),
    "consent.granted": (State.REVOKED, Event.WITHDRAWN),
    "consent.amended": (State.REVOKED, Event.WITHDRAWN),
}
"""Where an entry leaves a consent; terms that are not there can give nobody anything, nor be agreed to once more."""

ENDINGS: Mapping[str, tuple[State, Event]] = {
    "expired": (State.EXPIRED, Event.EXPIRED),
    "exhausted": (State.EXHAUSTED, Event.EXHAUSTED),
    "title": (State.TITLE, Event.ENDED_BY_TITLE),
}
"""Where `consent.ended` leaves it, by its reason."""


def follow(session: Session, entry_type: str, body: Mapping[str, Any], now: datetime) -> None:
    """Let a stored consent stand as the ledger says after an entry of which nothing is stored; others are ignored.

    What has ended stays so.
    """
    if not entry_type.startswith("consent."):
        return
    consent = session.get(Consent, body["consent"], with_for_update=True, populate_existing=True)
    if consent is None or State(consent.state) not in rules.OPEN:
        return
    state, event = ENTRIES.get(entry_type) or ENDINGS.get(body["reason"], ENTRIES["consent.revoked"])
    terms = "granted" in entry_type or "amended" in entry_type
    to = replace(store.stored(consent), state=state, since=now)
    store.move(session, consent, event, to, reason=UNKNOWN_TERMS if terms else WHY)
