"""From a pushed request to a code: what the portal calls when the owner has decided."""

import secrets
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import update
from sqlmodel import Session, col, select

from gateway.consent import lifecycle
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.oauth.checks import SCOPE, Asked
from gateway.oauth.errors import InvalidDetailsError, plain
from gateway.oauth.tables import Code, PushedRequest
from ledger.codec import b64u, sha256

PREFIX = "urn:ietf:params:oauth:request_uri:"
REQUEST_LIFE = timedelta(minutes=9)
"""FAPI 2.0 section 5.3.2.2: request_uri lives for less than ten minutes."""
CODE_LIFE = timedelta(seconds=60)
RANDOM_BYTES = 32


def push(session: Session, asked: Asked, *, now: datetime) -> str:
    """Store a checked request and the consent it asks for; return its request_uri.

    Raises `InvalidDetailsError` if the owner is not registered, or the consent would last too long.
    """
    try:
        consent = lifecycle.request(session, asked.details, bank_id=asked.client.id, now=now)
    except (InvalidError, NotFoundError) as error:
        raise InvalidDetailsError(plain(error.detail)) from None
    uri = PREFIX + b64u(secrets.token_bytes(RANDOM_BYTES))
    pushed = PushedRequest(
        id=b64u(secrets.token_bytes(RANDOM_BYTES)),
        uri_hash=sha256(uri.encode()),
        client_id=asked.client.id,
        redirect_uri=asked.parameters["redirect_uri"],
        scope=SCOPE,
        state=asked.parameters.get("state"),
        code_challenge=asked.parameters["code_challenge"],
        jkt=asked.jkt,
        details=asked.details.as_json(),
        consent_id=consent.id,
        expires_at=now + REQUEST_LIFE,
    )
    session.add(pushed)
    session.flush()
    return uri


def by_uri(session: Session, *, client_id: str, request_uri: str, now: datetime) -> PushedRequest:
    """Return the request behind a request_uri of this client. Raises `NotFoundError` if it is not, or has ended."""
    found = session.exec(select(PushedRequest).where(PushedRequest.uri_hash == sha256(request_uri.encode()))).first()
    if found is None or found.client_id != client_id or now >= found.expires_at or found.completed_at is not None:
        raise NotFoundError("this request is unknown, has ended, or is completed: start again at the bank")
    return found


def pushed(session: Session, request_id: str, *, now: datetime) -> PushedRequest:
    """Return a request by the id in the portal's URL. Raises `NotFoundError` if it has ended or is completed."""
    found = session.get(PushedRequest, request_id)
    if found is None or now >= found.expires_at or found.completed_at is not None:
        raise NotFoundError("this request is unknown, has ended, or is completed: start again at the bank")
    return found


def approve(session: Session, request: PushedRequest, *, issuer: str, now: datetime) -> str:
    """Complete a request whose consent is granted: return the URL that takes a code to the bank.

    Raises `ConflictError` if the request is completed already.
    """
    _complete(session, request, now=now)
    code, family = b64u(secrets.token_bytes(RANDOM_BYTES)), b64u(secrets.token_bytes(RANDOM_BYTES))
    session.add(
        Code(
            code_hash=sha256(code.encode()),
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            scope=request.scope,
            code_challenge=request.code_challenge,
            jkt=request.jkt,
            consent_id=request.consent_id,
            family=family,
            expires_at=now + CODE_LIFE,
        )
    )
    session.flush()
    return _redirect(request, {"code": code}, issuer)


def refuse(session: Session, request: PushedRequest, *, issuer: str, now: datetime) -> str:
    """Complete a request that the owner refused: return the URL that tells the bank (RFC 6749 section 4.1.2.1)."""
    _complete(session, request, now=now)
    return _redirect(request, {"error": "access_denied", "error_description": "the owner refused"}, issuer)


def _complete(session: Session, request: PushedRequest, *, now: datetime) -> None:
    statement = (
        update(PushedRequest)
        .where(col(PushedRequest.id) == request.id, col(PushedRequest.completed_at).is_(None))
        .values(completed_at=now)
        .returning(col(PushedRequest.id))
    )
    if session.execute(statement).one_or_none() is None:
        raise ConflictError("this request is completed already")


def _redirect(request: PushedRequest, answer: dict[str, str], issuer: str) -> str:
    """Return the redirect URI with the answer, `state` as it came, and `iss` (RFC 9207)."""
    parameters = {**answer, **({"state": request.state} if request.state else {}), "iss": issuer}
    separator = "&" if "?" in request.redirect_uri else "?"
    return f"{request.redirect_uri}{separator}{urlencode(parameters)}"
