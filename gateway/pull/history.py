"""What became of a consent, for its bank, to be verified offline: `GET /consents/{consent_id}/history`, `/receipts`."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.clock import Now
from gateway.consent import store
from gateway.db import DbSession
from gateway.errors import ForbiddenError, NotFoundError, NotYetError, UnauthenticatedError, documented
from gateway.keys import CurrentKeys
from gateway.oauth.clients import EVENTS
from gateway.oauth.resource import Caller, caller
from gateway.pull import consent_receipts
from gateway.settings import CurrentSettings

router = APIRouter(tags=["pull"])
Reader = Annotated[Caller, Depends(caller(EVENTS))]
ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A history, as docs/consent.md describes it: keep it byte by byte.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}

RECEIPTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Receipts, as docs/evidence.md describes them: keep them byte by byte.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.get(
    "/consents/{consent_id}/history",
    response_class=Response,
    responses={**ANSWER, **documented(UnauthenticatedError, ForbiddenError, NotFoundError)},
)
def show_history(consent_id: str, reader: Reader, session: DbSession) -> Response:
    """Return each record of a consent in order, as signed and as changed since, with what opens its commitment.

    Asked for with a token of the bank's own (scope `events`): also once the consent has ended.
    """
    consent = store.find(session, consent_id, bank_id=reader.client_id)
    data = store.history(session, consent)
    return Response(data, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get(
    "/consents/{consent_id}/receipts",
    response_class=Response,
    responses={**RECEIPTS, **documented(UnauthenticatedError, ForbiddenError, NotFoundError, NotYetError)},
)
def show_receipts(
    consent_id: str, reader: Reader, session: DbSession, settings: CurrentSettings, keyring: CurrentKeys, now: Now
) -> Response:
    """Return a signed receipt of each thing that happened to a consent, with the ledger's entry where it is final.

    Asked for with a token of the bank's own (scope `events`): also once the consent has ended, or was refused.
    """
    consent = store.find(session, consent_id, bank_id=reader.client_id)
    data = consent_receipts.write(session, settings, keyring, consent, now=now)
    return Response(data, media_type="application/json", headers={"Cache-Control": "no-store"})
