"""What is used once, and what is revoked: each a single statement that two requests cannot both win."""

from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from gateway.oauth.assertions import Assertion
from gateway.oauth.dpop import Proof
from gateway.oauth.errors import InvalidClientError, InvalidProofError
from gateway.oauth.tables import RefreshToken, RevokedToken, UsedAssertion, UsedProof
from gateway.oauth.tokens import Token

LONGEST_TOKEN = timedelta(minutes=15)
REPLAYED_PROOF = "the DPoP proof was used before"
REPLAYED_ASSERTION = "the client assertion was used before"


def use_proof(session: Session, proof: Proof) -> None:
    """Record that a proof is used. Raises `InvalidProofError` if it was before, by whichever process."""
    statement = insert(UsedProof).values(jkt=proof.jkt, jti=proof.jti, expires_at=proof.expires_at)
    if session.execute(statement.on_conflict_do_nothing().returning(col(UsedProof.jti))).one_or_none() is None:
        raise InvalidProofError(REPLAYED_PROOF)


def use_assertion(session: Session, assertion: Assertion) -> None:
    """Record that a client assertion is used. Raises `InvalidClientError` if it was before."""
    statement = insert(UsedAssertion).values(
        client_id=assertion.client_id, jti=assertion.jti, expires_at=assertion.expires_at
    )
    if session.execute(statement.on_conflict_do_nothing().returning(col(UsedAssertion.jti))).one_or_none() is None:
        raise InvalidClientError(REPLAYED_ASSERTION, status_code=401)


def revoke_family(session: Session, family: str, *, now: datetime) -> None:
    """Revoke all tokens that came of one code."""
    session.execute(
        update(RefreshToken)
        .where(col(RefreshToken.family) == family, col(RefreshToken.revoked_at).is_(None))
        .values(revoked_at=now)
    )
    revoke(session, family, expires_at=now + LONGEST_TOKEN)


def revoke_grant(session: Session, consent_id: str, *, now: datetime) -> None:
    """Revoke all tokens of a consent."""
    living = select(RefreshToken.family).where(
        RefreshToken.consent_id == consent_id, col(RefreshToken.revoked_at).is_(None)
    )
    for family in session.exec(living).all():
        revoke_family(session, family, now=now)


def resources_of_grant(session: Session, consent_id: str, *, gateway: str) -> list[str]:
    """Return the resources that the living refresh tokens of a consent are for; the gateway's if there is none."""
    found = select(RefreshToken.resource).where(
        RefreshToken.consent_id == consent_id, col(RefreshToken.revoked_at).is_(None)
    )
    return sorted({each or gateway for each in session.exec(found)} or {gateway})


def was_fetched(session: Session, consent_id: str, *, since: datetime) -> bool:
    """Say whether the bank has had tokens of a consent since an instant."""
    found = select(RefreshToken.family).where(RefreshToken.consent_id == consent_id, RefreshToken.created_at >= since)
    return session.exec(found).first() is not None


def revoke(session: Session, identifier: str, *, expires_at: datetime) -> None:
    """Revoke an access token by its jti, or a family, until `expires_at`."""
    statement = insert(RevokedToken).values(id=identifier, expires_at=expires_at)
    session.execute(statement.on_conflict_do_nothing())


def is_revoked(session: Session, token: Token) -> bool:
    """Say whether an access token, or its family, is revoked."""
    found = select(RevokedToken.id).where(col(RevokedToken.id).in_((token.jti, token.family)))
    return session.exec(found).first() is not None


def forget(session: Session, *, now: datetime) -> None:
    """Delete what is over: proofs, assertions and revocations whose time would refuse them anyway."""
    for table in (UsedProof, UsedAssertion, RevokedToken):
        session.execute(delete(table).where(col(table.expires_at) <= now))
