"""What becomes of a consent when title to a bill of lading that it names passes on. Pure.

The owner signed one answer for the whole consent, whichever of its bills changes hands: it ends, rests or goes on as
a whole. Less would be other terms than those that were signed.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.consent.details import Identifier, TradeData
from gateway.consent.rules import LIVING, Event, Standing, State, at

SCHEME = "transport_document"


class Kind(StrEnum):
    """How title passed on."""

    TRANSFERRED = "transferred"
    SURRENDERED = "surrendered"


@dataclass(frozen=True, slots=True)
class Title:
    """Title to a document of an owner passed on, at an instant, as a participant reports."""

    owner_id: str
    document: Identifier
    kind: Kind
    at: datetime
    reporter: str


@dataclass(frozen=True, slots=True)
class Concerned:
    """A consent that names the document. `event`: what happens to it, None if it stands as it did."""

    event: Event | None


def on_title(standing: Standing, terms: TradeData, title: Title, *, now: datetime) -> Concerned | None:
    """Return what title's passing on does to a consent on `terms`; None if it is not tied to the document, or over.

    `end` ends it; `ask` pauses it until the owner resumes it, and leaves one that is paused so; `continue` changes
    nothing.
    """
    present = at(standing, now)
    if present.state not in LIVING or not names(terms, title.document):
        return None
    if terms.on_title_change == "end":
        return Concerned(Event.ENDED_BY_TITLE)
    asks = terms.on_title_change == "ask" and present.state is State.ACTIVE
    return Concerned(Event.PAUSED if asks else None)


def names(terms: TradeData, document: Identifier) -> bool:
    """Say whether a consent is tied to a document: by its scheme, issuer and value, all of them."""
    return document.scheme == SCHEME and document in (terms.identifiers or ())
