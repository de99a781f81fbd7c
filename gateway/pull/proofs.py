"""`GET /consents/{consent_id}/proof`: how a consent stands on the ledger, for its bank, to be verified offline."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from gateway.anchoring.answers import fresh
from gateway.clock import Now
from gateway.consent.store import find
from gateway.db import DbSession
from gateway.errors import ForbiddenError, NotFoundError, NotYetError, UnauthenticatedError, documented
from gateway.oauth.checks import PROOFS
from gateway.oauth.resource import Caller, caller
from gateway.pull.refusals import SOON

router = APIRouter(tags=["pull"])
Prover = Annotated[Caller, Depends(caller(PROOFS))]
ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A state proof, as docs/evidence.md describes it: keep it byte by byte.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.get(
    "/consents/{consent_id}/proof",
    response_class=Response,
    responses={**ANSWER, **documented(UnauthenticatedError, ForbiddenError, NotFoundError, NotYetError)},
)
def prove_consent(consent_id: str, prover: Prover, session: DbSession, now: Now) -> Response:
    """Prove how a consent stands on the ledger: in force, paused, ended, or never granted.

    It is proved under the ledger's newest header, and of what becomes of the consent afterwards it says nothing. Asked
    for with a token of the bank's own (client_credentials), for a consent that has ended gives none any more. The
    first question is usually answered 503, and every one while a change of the consent is not final on the ledger: ask
    again when Retry-After says.
    """
    consent = find(session, consent_id, bank_id=prover.client_id)
    document = fresh(session, f"consent/{consent.id}", subject=consent.id, now=now)
    if document is None:
        session.commit()  # the question itself: the worker answers it
        raise NotYetError("the worker is asked to prove how the consent stands: ask again", headers=SOON)
    return Response(document, media_type="application/json", headers={"Cache-Control": "no-store"})
