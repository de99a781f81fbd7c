"""From a pushed request to a code: what the portal calls when the owner has decided."""

import hmac
import secrets
from datetime import datetime, timedelta
from urllib.parse import urlencode

from sqlalchemy import update
from sqlmodel import Session, col, select

from gateway.consent import lifecycle, store
from gateway.consent.rules import LIVING
from gateway.consent.tables import Consent
from gateway.directory.tables import Participant, Person
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.keys import Keyring
from gateway.oauth import jarm
from gateway.oauth.asked import Asked
from gateway.oauth.checks import SCOPE
from gateway.oauth.errors import InvalidDetailsError, plain
from gateway.oauth.repeated import Key
from gateway.oauth.store import revoke_grant
from gateway.oauth.tables import Code, PushedRequest
from gateway.settings import Settings
from ledger.codec import b64u, sha256

PREFIX = "urn:ietf:params:oauth:request_uri:"
CODE_LIFE = timedelta(seconds=60)
RANDOM_BYTES = 32


def standing_grant(session: Session, grant_id: str, *, client_id: str, now: datetime) -> Consent | None:
    """Return a consent by its id if it was given to this client and is in force or paused."""
    found = session.get(Consent, grant_id) if store.is_id(grant_id) else None
    if found is None or found.bank_id != client_id or store.standing(found, now=now).state not in LIVING:
        return None
    return found


def resources(session: Session, issuer: str) -> list[str]:
    """Return the resources that tokens are given for: the gateway's, then those of other resource servers."""
    servers = select(Participant).where(col(Participant.roles).contains(["resource_server"]))
    return [issuer, *sorted(str(each.client.resource) for each in session.exec(servers))]


def push(
    session: Session, asked: Asked, *, keyring: Keyring, key: Key | None, life: timedelta, now: datetime
) -> PushedRequest:
    """Store a checked request and the consent it asks for, unless it is about one there is.

    `key`: under which it may come again. Raises `InvalidDetailsError` if the owner is not registered, or the consent
    would last too long.
    """
    try:
        consent = asked.replaces or asked.resumes
        if consent is None:
            consent = lifecycle.request(session, asked.details, bank_id=asked.client.id, now=now)
        else:
            lifecycle.check_end(asked.details, now=now)
    except (InvalidError, NotFoundError) as error:
        raise InvalidDetailsError(plain(error.detail)) from None
    number = b64u(secrets.token_bytes(RANDOM_BYTES))
    pushed = PushedRequest(
        id=number,
        uri_hash=sha256(request_uri(number, keyring).encode()),
        client_id=asked.client.id,
        redirect_uri=asked.parameters["redirect_uri"],
        scope=SCOPE,
        state=asked.parameters.get("state"),
        response_mode=asked.response_mode,
        resource=asked.resource,
        code_challenge=asked.parameters["code_challenge"],
        jkt=asked.jkt,
        replaces=asked.replaces is not None,
        resumes=asked.resumes is not None,
        details=asked.details.as_json(),
        consent_id=consent.id,
        expires_at=now + life,
        idempotency_key=key.text if key else None,
        fingerprint=key.fingerprint if key else None,
    )
    session.add(pushed)
    session.flush()
    return pushed


def request_uri(request_id: str, keyring: Keyring) -> str:
    """Return the request_uri of a request: an HMAC of its id, which this gateway alone can make, at any time."""
    return PREFIX + b64u(hmac.new(keyring.nonce, b"tidegate/request-uri/1\0" + request_id.encode(), "sha256").digest())


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


def approve(session: Session, request: PushedRequest, *, settings: Settings, keyring: Keyring, now: datetime) -> str:
    """Complete a request whose consent is granted: return the URL that takes a code to the bank.

    Tokens of an agreement that was replaced say what no longer holds, and are revoked. Raises `ConflictError` if the
    request is completed already.
    """
    _complete(session, request, now=now)
    if request.replaces:
        revoke_grant(session, request.consent_id, now=now)
    return _redirect(request, {"code": _code(session, request, now=now)}, settings, keyring, now)


def resume(session: Session, request: PushedRequest, *, settings: Settings, keyring: Keyring, now: datetime) -> str:
    """Complete a request for a consent that was given before: return the URL that takes a code to the bank.

    Its owner is signed in, and decides nothing more. What has ended since, or is another by now, is denied. Raises
    `ConflictError` if the request is completed already.
    """
    _complete(session, request, now=now)
    consent = standing_grant(session, request.consent_id, client_id=request.client_id, now=now)
    if consent is None or consent.asked != request.details:
        answer = {"error": "access_denied", "error_description": "the consent has ended or was changed since"}
    else:
        answer = {"code": _code(session, request, now=now)}
    return _redirect(request, answer, settings, keyring, now)


def wait(session: Session, request: PushedRequest, *, settings: Settings, keyring: Keyring, now: datetime) -> str:
    """Complete a request that one of two people approved: return the URL that tells the bank which consent waits."""
    _complete(session, request, now=now)
    answer = {
        "error": "access_denied",
        "error_description": f"consent {request.consent_id} waits for a second person of its owner",
        "consent": request.consent_id,
    }
    return _redirect(request, answer, settings, keyring, now)


def _code(session: Session, request: PushedRequest, *, now: datetime) -> str:
    code, family = b64u(secrets.token_bytes(RANDOM_BYTES)), b64u(secrets.token_bytes(RANDOM_BYTES))
    session.add(
        Code(
            code_hash=sha256(code.encode()),
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            scope=request.scope,
            resource=request.resource,
            code_challenge=request.code_challenge,
            jkt=request.jkt,
            consent_id=request.consent_id,
            family=family,
            expires_at=now + CODE_LIFE,
        )
    )
    session.flush()
    return code


def refuse(
    session: Session, request: PushedRequest, *, person: Person, settings: Settings, keyring: Keyring, now: datetime
) -> str:
    """Refuse what a request asks: return the URL that tells the bank (RFC 6749 section 4.1.2.1).

    An agreement that was to be replaced stands as it did.
    """
    if request.replaces:
        store.find(session, request.consent_id, owner_id=person.participant_id)
    else:
        lifecycle.refuse(session, request.consent_id, person=person, now=now)
    _complete(session, request, now=now)
    answer = {"error": "access_denied", "error_description": "the owner refused"}
    return _redirect(request, answer, settings, keyring, now)


def _complete(session: Session, request: PushedRequest, *, now: datetime) -> None:
    statement = (
        update(PushedRequest)
        .where(col(PushedRequest.id) == request.id, col(PushedRequest.completed_at).is_(None))
        .values(completed_at=now)
        .returning(col(PushedRequest.id))
    )
    if session.execute(statement).one_or_none() is None:
        raise ConflictError("this request is completed already")


def _redirect(
    request: PushedRequest, answer: dict[str, str], settings: Settings, keyring: Keyring, now: datetime
) -> str:
    """Return the redirect URI with the answer and `state` as it came: signed (JARM), or beside `iss` (RFC 9207)."""
    told = {**answer, **({"state": request.state} if request.state else {})}
    if request.response_mode in jarm.MODES:
        key, client_id = keyring.oauth.signing(now), request.client_id
        parameters = {"response": jarm.sign(told, client_id=client_id, issuer=settings.issuer, key=key, now=now)}
    else:
        parameters = {**told, "iss": settings.issuer}
    separator = "&" if "?" in request.redirect_uri else "?"
    return f"{request.redirect_uri}{separator}{urlencode(parameters)}"
