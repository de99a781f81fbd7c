"""The owner's consents: a card each, what was agreed, and how to stop."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from sqlmodel import Session
from starlette.responses import RedirectResponse, Response

from gateway.clock import Now
from gateway.consent import lifecycle, store, title
from gateway.consent.approvals import find as find_approval
from gateway.consent.details import Identifier
from gateway.consent.rules import LIVING, State
from gateway.consent.tables import Consent, ConsentVersion
from gateway.db import DbSession
from gateway.deletion import attesting, duties
from gateway.directory.participants import participant
from gateway.directory.tables import Participant, Person
from gateway.keys import CurrentKeys
from gateway.oauth.description import leads_to
from gateway.oauth.store import was_fetched
from gateway.portal import approvals, deletions, words
from gateway.portal.description import ANSWERS, form
from gateway.portal.pages import render
from gateway.portal.security import OWN, OwnForm, SignedIn
from gateway.pull import attested, consent_receipts
from gateway.settings import CurrentSettings
from ledger.signatories import CHECKER, signatures

router = APIRouter(prefix=OWN + "/consents")
HISTORY: dict[int | str, dict[str, Any]] = {
    200: {"description": "Every record, to be kept.", "content": {"application/json": {"schema": {"type": "object"}}}}
}
RECEIPTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Receipts, as docs/evidence.md describes them: keep them byte by byte.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}
ATTESTATIONS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Attestations, as docs/evidence.md describes them: keep them byte by byte.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}
SAME_CONSENT = {"path.consent_id": "$request.path.consent_id"}


@router.get("")
def show_consents(person: SignedIn, session: DbSession, now: Now) -> Response:
    """Show every consent of the owner, newest first, and before them what waits for a second signature."""
    waiting = approvals.cards(session, person, now=now)
    shown = {card["id"] for card in waiting}
    overdue = duties.overdue_of_owner(session, person.participant_id)
    cards = []
    for consent in store.of_owner(session, person.participant_id):
        present = store.standing(consent, now=now)
        if present.state == State.REQUESTED and consent.id in shown:
            continue
        version = store.granted(session, consent)
        cards.append(
            {
                "id": consent.id,
                "bank": participant(session, consent.bank_id).name,
                "state": str(present.state),
                "state_words": words.state(present.state),
                "purpose": consent.asked["purpose"]["text"],
                "until": words.day(_end(consent)),
                "viewed": words.moment(consent.last_pull_at),
                "granted": version is not None,
                "overdue": consent.id in overdue,
            }
        )
    owner = participant(session, person.participant_id)
    two_people = owner.people_required > 1
    return render("consents.html", person=person, owner=owner.name, two_people=two_people, waiting=waiting, cards=cards)


def _end(consent: Consent) -> datetime:
    """Return until when data is shared, or was asked for if nothing was ever granted."""
    return consent.expires_at if consent.version else datetime.fromisoformat(consent.asked["expires_at"])


@router.get(
    "/{consent_id}",
    responses=leads_to(200, confirm_stop=SAME_CONSENT, stop=SAME_CONSENT, pause=SAME_CONSENT, resume=SAME_CONSENT),
)
def show_consent(consent_id: str, person: SignedIn, session: DbSession, now: Now) -> Response:
    """Show one consent as it was signed, and what became of it."""
    consent = store.find(session, consent_id, owner_id=person.participant_id)
    present = store.standing(consent, now=now)
    version = store.granted(session, consent)
    record = store.present_record(session, consent)
    bank = participant(session, consent.bank_id)
    return render(
        "consent.html",
        person=person,
        consent_id=consent.id,
        bank=bank.name,
        waits=find_approval(session, consent, now=now) is not None,
        return_to=_return_to(session, consent, bank) if present.state in LIVING else None,
        state=str(present.state),
        state_words=words.state(present.state),
        notice=version.notice.splitlines() if version else [],
        people=_people(session, version) if version else [],
        version=consent.version,
        pulls=consent.pulls,
        viewed=words.moment(consent.last_pull_at),
        events=[words.event(each) for each in record["events"]] if record else [],
        fates=deletions.fates(session, consent, bank=bank.name, now=now),
        attested=bool(attesting.of_consent(session, consent.id)),
        titles=_titles(session, consent, version),
        can_stop=present.state in LIVING,
        can_pause=present.state == State.ACTIVE,
        can_resume=present.state == State.PAUSED,
    )


def _people(session: Session, version: ConsentVersion) -> list[str]:
    """Return who signed a version, in the order of signing, where two did."""
    if len(signatures(version.record)) == 1:
        return []
    told = [version.record["parties"]["people"][0], version.record["proof"][CHECKER]["person"]]
    people = [(session.get(Person, each["id"]), each["authority"]) for each in told]
    return [f"{person.name if person else '?'} ({authority})" for person, authority in people]


def _return_to(session: Session, consent: Consent, bank: Participant) -> str | None:
    """Return where at the bank a consent goes on that two people signed, until the bank has had tokens of it.

    The first one's browser went back before it was given.
    """
    version = store.granted(session, consent)
    if version is None or bank.initiate_uri is None or len(signatures(version.record)) == 1:
        return None
    if was_fetched(session, consent.id, since=version.created_at):
        return None
    separator = "&" if "?" in bank.initiate_uri else "?"
    return f"{bank.initiate_uri}{separator}{urlencode({'consent': consent.id})}"


def _titles(session: Session, consent: Consent, version: ConsentVersion | None) -> list[str]:
    """Return what was noted of title since a consent was given as it is, in words; nothing if it never was."""
    noted = title.changes_of(session, consent, version) if version else ()
    answer = version.terms["on_title_change"] if version else ""
    return [words.title_change(Identifier.model_validate(each.document), each.kind, each.at, answer) for each in noted]


@router.get("/{consent_id}/history", response_class=Response, responses=HISTORY)
def save_history(consent_id: str, person: SignedIn, session: DbSession) -> Response:
    """Give the owner its copy of every record of a consent: a file that anybody can verify."""
    consent = store.find(session, consent_id, owner_id=person.participant_id)
    headers = {"Content-Disposition": f'attachment; filename="consent-{consent.id[:8]}.json"'}
    return Response(store.history(session, consent), media_type="application/json", headers=headers)


@router.get("/{consent_id}/receipts", response_class=Response, responses=RECEIPTS)
def save_receipts(
    consent_id: str, person: SignedIn, session: DbSession, settings: CurrentSettings, keyring: CurrentKeys, now: Now
) -> Response:
    """Give the owner a signed receipt of each thing that happened to a consent: a file that anybody can verify."""
    consent = store.find(session, consent_id, owner_id=person.participant_id)
    data = consent_receipts.write(session, settings, keyring, consent, now=now)
    headers = {"Content-Disposition": f'attachment; filename="receipts-{consent.id[:8]}.json"'}
    return Response(data, media_type="application/json", headers=headers)


@router.get("/{consent_id}/attestations", response_class=Response, responses=ATTESTATIONS)
def save_attestations(
    consent_id: str, person: SignedIn, session: DbSession, settings: CurrentSettings, keyring: CurrentKeys, now: Now
) -> Response:
    """Give the owner what the bank signed of what it deleted or keeps: a file that anybody can verify."""
    consent = store.find(session, consent_id, owner_id=person.participant_id)
    data = attested.write(session, settings, keyring, consent, now=now)
    headers = {"Content-Disposition": f'attachment; filename="attestations-{consent.id[:8]}.json"'}
    return Response(data, media_type="application/json", headers=headers)


@router.get("/{consent_id}/stop", responses=leads_to(200, stop=SAME_CONSENT))
def confirm_stop(consent_id: str, person: SignedIn, session: DbSession) -> Response:
    """Say what stopping does, and ask once."""
    consent = store.find(session, consent_id, owner_id=person.participant_id)
    bank = participant(session, consent.bank_id).name
    return render("stop.html", person=person, consent_id=consent.id, bank=bank)


@router.post(
    "/{consent_id}/stop", openapi_extra=form(), responses={**ANSWERS, **leads_to(303, show_consent=SAME_CONSENT)}
)
def stop(consent_id: str, _sent: OwnForm, person: SignedIn, session: DbSession, now: Now) -> Response:
    """Revoke the consent: in force before the answer is sent."""
    lifecycle.revoke(session, consent_id, person=person, now=now)
    return _back(consent_id)


@router.post(
    "/{consent_id}/pause", openapi_extra=form(), responses={**ANSWERS, **leads_to(303, show_consent=SAME_CONSENT)}
)
def pause(consent_id: str, _sent: OwnForm, person: SignedIn, session: DbSession, now: Now) -> Response:
    """Let the consent rest: in force before the answer is sent."""
    lifecycle.pause(session, consent_id, person=person, now=now)
    return _back(consent_id)


@router.post(
    "/{consent_id}/resume", openapi_extra=form(), responses={**ANSWERS, **leads_to(303, show_consent=SAME_CONSENT)}
)
def resume(consent_id: str, _sent: OwnForm, person: SignedIn, session: DbSession, now: Now) -> Response:
    """Put a paused consent in force again."""
    lifecycle.resume(session, consent_id, person=person, now=now)
    return _back(consent_id)


def _back(consent_id: str) -> Response:
    return RedirectResponse(f"{OWN}/consents/{consent_id}", 303)
