"""`GET /consents/{consent_id}/history`: every record of a consent, for its bank, to be verified offline."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.consent import store
from gateway.consent.tables import Consent
from gateway.db import DbSession
from gateway.errors import ForbiddenError, NotFoundError, UnauthenticatedError, documented
from gateway.oauth.clients import EVENTS
from gateway.oauth.resource import Caller, caller

router = APIRouter(tags=["pull"])
Reader = Annotated[Caller, Depends(caller(EVENTS))]
ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A history, as docs/consent.md describes it: keep it byte by byte.",
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
    consent = session.get(Consent, consent_id) if store.is_id(consent_id) else None
    if consent is None or consent.bank_id != reader.client_id:
        raise NotFoundError(f"no consent {consent_id!r}")
    data = store.history(session, consent)
    return Response(data, media_type="application/json", headers={"Cache-Control": "no-store"})
