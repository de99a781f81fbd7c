"""Who looked: every pull under the owner's consents, and the access log to keep."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.clock import Now
from gateway.db import DbSession
from gateway.directory.participants import participant
from gateway.errors import InvalidError
from gateway.keys import CurrentKeys
from gateway.portal import words
from gateway.portal.pages import render
from gateway.portal.security import OWN, SignedIn
from gateway.pull import access_log
from gateway.pull.access_log import BEGINNING, Pull
from gateway.settings import CurrentSettings

router = APIRouter(prefix=OWN + "/pulls")
SHOWN = 200
LOG: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "An access log, as docs/evidence.md describes it: keep it byte by byte.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.get("")
def show_pulls(person: SignedIn, session: DbSession) -> Response:
    """Show the newest pulls of the owner's data: who, when, under what, how much, and whether it is on the ledger."""
    found = access_log.pulls(session, person.participant_id, most=SHOWN)
    names = {each: participant(session, each).name for each in {pull.bank_id for pull in found}}
    owner = participant(session, person.participant_id)
    rows = [_row(pull, names[pull.bank_id]) for pull in found]
    return render("pulls.html", person=person, owner=owner.name, pulls=rows, more=len(found) == SHOWN)


def _row(pull: Pull, bank: str) -> dict[str, Any]:
    return {
        "bank": bank,
        "at": words.moment(pull.at),
        "consent": pull.consent_id,
        "version": pull.version,
        "may_see": ", ".join(words.product(name) for name in pull.may_see),
        "records": pull.records,
        "omitted": [words.omission(each) for each in pull.omitted],
        "receipt": pull.receipt,
        "height": pull.height,
    }


@router.get("/log", response_class=Response, responses=LOG)
def save_log(
    person: SignedIn,
    session: DbSession,
    settings: CurrentSettings,
    keyring: CurrentKeys,
    now: Now,
    first: Annotated[date | None, Query(description="The first day, UTC; without it, from the beginning.")] = None,
    last: Annotated[date | None, Query(description="The last day, UTC; without it, until now.")] = None,
) -> Response:
    """Give the owner the receipts of all pulls, with proofs that they are on the ledger: a file that anybody verifies.

    The days bound which pulls are in it: one file holds 5,000.
    """
    begins = _midnight(first) if first else BEGINNING
    until = _midnight(last) + timedelta(days=1) if last and last < now.date() else None
    if begins > now or (until and until <= begins):
        raise InvalidError("choose a first day that is not to come, and a last day that does not lie before it")
    data = access_log.write(session, settings, keyring, person.participant_id, begins=begins, until=until, now=now)
    headers = {"Content-Disposition": f'attachment; filename="pulls-{now:%Y-%m-%d}.json"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/json", headers=headers)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
