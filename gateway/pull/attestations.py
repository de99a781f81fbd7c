"""`/consents/{consent_id}/attestations`: a bank says, signed, what became of what it pulled; and keeps what it said."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Self

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from gateway.anchoring import own
from gateway.bodies import JsonRoute
from gateway.clock import Now
from gateway.consent import store
from gateway.db import DbSession
from gateway.deletion import attesting
from gateway.deletion.attesting import Pulls
from gateway.deletion.tables import Attestation
from gateway.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    NotYetError,
    TooLargeError,
    UnauthenticatedError,
    UnsupportedMediaError,
    documented,
)
from gateway.keys import CurrentKeys
from gateway.oauth.clients import EVENTS
from gateway.oauth.resource import Caller, caller
from gateway.pull import attested
from gateway.pull.receipts import first_pull, last_pull
from gateway.settings import CurrentSettings
from ledger.attestation import MOST_BYTES

router = APIRouter(tags=["pull"], responses=documented(UnauthenticatedError, ForbiddenError, NotFoundError))
models = APIRouter(route_class=JsonRoute)
Reader = Annotated[Caller, Depends(caller(EVENTS))]
NO_STORE = {"Cache-Control": "no-store"}
FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "All that was attested, as docs/evidence.md describes it: keep it byte by byte.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


class AttestationRequest(BaseModel):
    """What a bank attests: a compact JWS of typ tidegate-deletion+jwt (schemas/deletion_attestation)."""

    model_config = ConfigDict(extra="forbid")
    attestation: str = Field(max_length=MOST_BYTES)


class RetainedView(BaseModel):
    """The law that makes a bank keep what it pulled, and until when."""

    law: str
    until: datetime


class AttestationView(BaseModel):
    """An attestation as it is kept: `id` is SHA-256 of its text, base64url.

    `acknowledgement` is a JWS of typ tidegate-deletion-receipt+jwt by the gateway's receipts key.
    """

    id: str
    consent: str
    version: int
    pulled_until: datetime
    deleted_at: datetime | None
    retained_under: RetainedView | None
    received_at: datetime
    acknowledgement: str

    @classmethod
    def of(cls, row: Attestation, acknowledgement: str) -> Self:
        """Return the view of an attestation with its acknowledgement."""
        kept = row.law is not None and row.retained_until is not None
        return cls(
            id=row.id,
            consent=row.consent_id,
            version=row.version,
            pulled_until=row.pulled_until,
            deleted_at=row.deleted_at,
            retained_under=RetainedView(law=row.law, until=row.retained_until) if kept else None,
            received_at=row.received_at,
            acknowledgement=acknowledgement,
        )


@models.post(
    "/consents/{consent_id}/attestations",
    status_code=HTTPStatus.CREATED,
    response_model=AttestationView,
    responses={
        200: {"model": AttestationView, "description": "The very same was attested before; nothing changed."},
        **documented(ConflictError, InvalidError, TooLargeError, UnsupportedMediaError),
    },
)
def attest_deletion(
    consent_id: str,
    said: AttestationRequest,
    reader: Reader,
    session: DbSession,
    settings: CurrentSettings,
    keyring: CurrentKeys,
    now: Now,
) -> Response:
    """Take the bank's signed word that it deleted what it pulled, or which law makes it keep that, and until when.

    Signed by a key that the bank registered as a client. Asked for with a token of the bank's own (scope `events`),
    also once the consent has ended. The same again is answered 200.
    """
    consent = store.find(session, consent_id, bank_id=reader.client_id)
    pulls = Pulls(first_pull, last_pull)
    row, is_new = attesting.attest(session, settings, consent, said.attestation, pulls, now=now)
    key = own.in_use(session, keyring, settings.gateway_id, "receipts")
    view = AttestationView.of(row, attested.acknowledged(settings, consent, row, key, now=now))
    status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return JSONResponse(view.model_dump(mode="json"), status, headers=NO_STORE)


@router.get(
    "/consents/{consent_id}/attestations", response_class=Response, responses={**FILE, **documented(NotYetError)}
)
def show_attestations(
    consent_id: str, reader: Reader, session: DbSession, settings: CurrentSettings, keyring: CurrentKeys, now: Now
) -> Response:
    """Return all that was attested of a consent, each with the gateway's acknowledgement and its place on the ledger.

    Asked for with a token of the bank's own (scope `events`): also once the consent has ended.
    """
    consent = store.find(session, consent_id, bank_id=reader.client_id)
    data = attested.write(session, settings, keyring, consent, now=now)
    return Response(data, media_type="application/json", headers=NO_STORE)


router.include_router(models)
