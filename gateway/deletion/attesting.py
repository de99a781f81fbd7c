"""What a bank attests of what it pulled: judged by what was pulled and attested before, and kept as it was signed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, select

from gateway import journal
from gateway.clock import rfc3339
from gateway.consent import store
from gateway.consent.tables import Consent, ConsentVersion
from gateway.deletion import duties, rules, signed
from gateway.deletion.duties import FirstPull
from gateway.deletion.tables import Attestation
from gateway.errors import ConflictError, InvalidError
from gateway.settings import Settings
from ledger import attestation
from ledger.attestation import Attestation as Said
from ledger.record import leaf

AHEAD = timedelta(seconds=60)
"""How far a bank's clock may be ahead."""
LastPull = Callable[[Session, str, int, datetime], datetime | None]
"""Gives in which second something was last pulled under a consent (id, version) up to an instant."""


@dataclass(frozen=True, slots=True)
class Pulls:
    """What is asked about pulls, which lie above."""

    first: FirstPull
    last: LastPull


@dataclass(frozen=True, slots=True)
class Instants:
    """The instants that an attestation says."""

    pulled_until: datetime
    deleted_at: datetime | None
    retained_until: datetime | None


def attest(
    session: Session, settings: Settings, consent: Consent, text: str, pulls: Pulls, *, now: datetime
) -> tuple[Attestation, bool]:
    """Keep what the bank of a consent attests, and have it anchored; return it, and whether it is new.

    Raises `InvalidError` if it is not what it should be or cannot be true, `ConflictError` if nothing is left to be
    attested or its `jti` was used. The very same again changes nothing.
    """
    if known := _known(session, consent, text):
        return known, False
    said, key = signed.read(session, settings, consent, text, now=now)
    store.locked(session, consent.id)
    if known := _known(session, consent, text):
        return known, False
    if len(of_consent(session, consent.id)) >= attestation.MOST_OF_CONSENT:
        raise ConflictError(f"{attestation.MOST_OF_CONSENT} attestations of the consent are kept already")
    agreed = session.get(ConsentVersion, (consent.id, said.version))
    if agreed is None:
        raise InvalidError(f"the consent has no version {said.version}; its last is {consent.version}")
    times = _times(said)
    _check_times(said, times, now)
    _check_pulls(session, said, times, pulls, duties.of_version(session, consent.id, said.version))
    row = _kept(session, consent, said, text, key, now=now)
    journal.queue_leaf(session, "attestations", leaf=leaf(text), subject=row.id, now=now)
    duties.look(session, pulls.first, consent.id, said.version, now=now)
    return row, True


def of_consent(session: Session, consent_id: str) -> list[Attestation]:
    """Return what was attested of a consent, in order of arrival."""
    found = select(Attestation).where(Attestation.consent_id == consent_id)
    return sorted(session.exec(found), key=lambda each: each.number)


def _known(session: Session, consent: Consent, text: str) -> Attestation | None:
    if not text.isascii():
        return None
    found = select(Attestation).where(Attestation.id == attestation.hash_of(text), Attestation.consent_id == consent.id)
    return session.exec(found).one_or_none()


def _kept(
    session: Session, consent: Consent, said: Said, text: str, key: dict[str, str], *, now: datetime
) -> Attestation:
    """Store an attestation. Raises `ConflictError` if its `jti` was used, by whichever request at whichever moment."""
    times = _times(said)
    statement = insert(Attestation).values(
        id=attestation.hash_of(text),
        consent_id=consent.id,
        version=said.version,
        bank_id=consent.bank_id,
        jti=said.jti,
        jws=text,
        key=key,
        pulled_until=min(times.pulled_until, now),
        deleted_at=times.deleted_at,
        law=said.law,
        retained_until=times.retained_until,
        received_at=now,
    )
    once = statement.on_conflict_do_nothing(index_elements=["bank_id", "jti"]).returning(Attestation)
    row = session.scalars(once).one_or_none()
    if row is None:
        raise ConflictError(
            f"jti {said.jti!r} is that of another attestation", consent=consent.id, version=said.version
        )
    return row


def _times(said: Said) -> Instants:
    until, deleted, retained = (
        None if each is None else datetime.fromisoformat(each)
        for each in (said.pulled_until, said.deleted_at, said.retained_until)
    )
    assert until is not None  # noqa: S101 - the schema requires it
    return Instants(until, deleted, retained)


def _check_times(said: Said, times: Instants, now: datetime) -> None:
    if said.iat > (now + AHEAD).timestamp():
        raise InvalidError(f"iat of the attestation, {said.iat}, lies more than 60 seconds ahead")
    if times.pulled_until > now + AHEAD:
        raise InvalidError(f"pulled_until {said.pulled_until} lies more than 60 seconds ahead")
    if times.deleted_at is not None and times.deleted_at > now + AHEAD:
        raise InvalidError(f"deleted_at {said.deleted_at} lies more than 60 seconds ahead")
    if times.retained_until is not None and not now < times.retained_until <= now + rules.LONGEST_RETENTION:
        raise InvalidError(
            f"retained_under.until {said.retained_until}: expected after now, and within"
            f" {rules.LONGEST_RETENTION.days} days"
        )


def _check_pulls(session: Session, said: Said, times: Instants, pulls: Pulls, before: Sequence[Attestation]) -> None:
    """Raise unless something was pulled that is not deleted yet, and the last of it before it is said to be deleted."""
    gone = rules.deleted_until([duties.attested(each) for each in before])
    about: dict[str, Any] = {"consent": said.consent, "version": said.version}
    last = pulls.last(session, said.consent, said.version, times.pulled_until)
    if last is None:
        raise ConflictError(f"nothing was pulled under version {said.version} up to {said.pulled_until}", **about)
    if last <= gone:
        raise ConflictError(
            f"all that was pulled under version {said.version} up to {said.pulled_until} is attested to be deleted",
            **about,
        )
    if times.deleted_at is not None and times.deleted_at < last:
        raise InvalidError(
            f"deleted_at {said.deleted_at} lies before the last pull that it is about, at {rfc3339(last)}"
        )
