"""What became of what a bank got, in plain words: deleted, kept under a law, to be deleted by a day, or overdue."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, select

from gateway.consent.tables import Consent, ConsentVersion
from gateway.deletion import duties, rules
from gateway.deletion.duties import Version
from gateway.deletion.rules import Span, State
from gateway.deletion.tables import Attestation
from gateway.portal import words
from gateway.portal.pages import _
from gateway.pull.receipts import first_pull

TAGS = {
    State.DELETED: ("active", _("Deleted")),
    State.RETAINED: ("paused", _("Kept under a law")),
    State.HELD: ("ended", _("Not due yet")),
    State.REMINDED: ("ended", _("Due soon")),
    State.DUE: ("paused", _("Due")),
    State.OVERDUE: ("overdue", _("Overdue")),
}
"""How each state looks, and what it is called."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of what was pulled under a version, up to some instant: how it looks, its name, and sentences."""

    look: str
    tag: str
    version: int
    lines: tuple[str, ...]


def fates(session: Session, consent: Consent, *, bank: str, now: datetime) -> list[Fate]:
    """Return what became of all that was pulled under a consent, oldest first."""
    found = select(ConsentVersion).where(ConsentVersion.consent_id == consent.id)
    versions = sorted(session.exec(found), key=lambda each: each.version)
    return [fate for agreed in versions for fate in _of_version(session, agreed, bank, now)]


def _of_version(session: Session, agreed: ConsentVersion, bank: str, now: datetime) -> Iterator[Fate]:
    said = duties.of_version(session, agreed.consent_id, agreed.version)
    deleted = max((each for each in said if each.deleted_at), key=lambda each: each.pulled_until, default=None)
    if deleted is not None and deleted.deleted_at is not None:
        told = _("%(bank)s signed that it deleted, by %(at)s, what it got up to %(until)s.") % {
            "bank": bank,
            "at": words.moment(deleted.deleted_at),
            "until": words.moment(deleted.pulled_until),
        }
        yield Fate(*TAGS[State.DELETED], agreed.version, (told,))
    version = duties.version_of(session, first_pull, agreed)
    for span in version.spans:
        first = version.first_in(span, span.after)
        if first is not None:
            yield _of_span(version, span, first, [each for each in said if _is_about(each, span)], bank, now)


def _is_about(each: Attestation, span: Span) -> bool:
    return (each.pulled_until, each.retained_until) == (span.until, span.retained_until)


def _of_span(version: Version, span: Span, first: datetime, said: list[Attestation], bank: str, now: datetime) -> Fate:
    state = rules.state(span, version.life, first, now=now)
    lines = []
    if said and span.retained_until is not None:
        lines.append(
            _("%(bank)s signed that a law makes it keep what it got up to %(until)s, until %(day)s: %(law)s")
            % {
                "bank": bank,
                "until": words.moment(span.until),
                "day": words.moment(span.retained_until),
                "law": said[-1].law,
            }
        )
    lines.append(_DUTY[state] % {"bank": bank, "day": words.moment(rules.due_at(span, version.life, first))})
    return Fate(*TAGS[state], version.agreed.version, tuple(lines))


_DUTY = {
    State.HELD: _("The first of what %(bank)s got must be deleted by %(day)s."),
    State.REMINDED: _("The first of what %(bank)s got must be deleted by %(day)s. It was reminded."),
    State.RETAINED: _("%(bank)s must delete it by %(day)s."),
    State.DUE: _("%(bank)s was to delete it by %(day)s, and has not said yet that it did."),
    State.OVERDUE: _("%(bank)s was to delete it by %(day)s, and has not said that it did, though it was told."),
}
