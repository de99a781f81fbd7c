"""The people of an owner: invited once by the operator, enrolled with a passkey, signed in with it.

That a person is who the invitation says rests on the operator's word; from then on nobody can sign for the owner
without the passkey, for its commitment is on the ledger.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col

from gateway import journal
from gateway.directory import passkeys, sessions
from gateway.directory.participants import participant
from gateway.directory.sessions import Ceremony, Purpose
from gateway.directory.tables import Invitation, Passkey, Person
from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.settings import Settings
from ledger.codec import b64u
from ledger.consent_record import credential_commitment

INVITATION_LASTS = timedelta(days=7)
PERSON_ID_BYTES = 16
SALT_BYTES = 32
LONGEST_NAME = 100


def invite(session: Session, owner_id: str, *, name: str, authority: str, now: datetime) -> str:
    """Let somebody enrol a passkey for an owner, once, within seven days: return the secret of the invitation.

    `authority` is in what capacity the person signs, such as "Director"; it stands in consent records, `name` does
    not. Raises `NotFoundError` if there is no such owner, `InvalidError` for a name that cannot be shown.
    """
    participant(session, owner_id, role="owner")
    for member, text in (("name", name), ("authority", authority)):
        if not 0 < len(text) <= LONGEST_NAME or not text.isprintable():
            raise InvalidError(f"{member}: expected printable text of 1 to {LONGEST_NAME} characters")
    token = sessions.new_token()
    session.add(
        Invitation(
            token_hash=sessions.token_hash(token),
            participant_id=owner_id,
            name=name,
            authority=authority,
            expires_at=now + INVITATION_LASTS,
            used_at=None,
        )
    )
    session.flush()
    return token


def invitation(session: Session, token: str, *, now: datetime) -> Invitation:
    """Return an invitation that can be used now. Raises `NotFoundError`, or `ConflictError` if used or too old."""
    found = session.get(Invitation, sessions.token_hash(token))
    if found is None:
        raise NotFoundError("there is no such invitation: check the link, or ask for a new one")
    if found.used_at is not None:
        raise ConflictError("this invitation was used before: sign in, or ask for a new one")
    if now >= found.expires_at:
        raise ConflictError("this invitation is older than seven days: ask for a new one")
    return found


def begin_enrolment(session: Session, settings: Settings, invitation_token: str, *, now: datetime) -> Ceremony:
    """Ask the browser for a new passkey. Raises as `invitation` does."""
    invited = invitation(session, invitation_token, now=now)
    person_id = b64u(secrets.token_bytes(PERSON_ID_BYTES))
    token, challenge = sessions.open_challenge(session, Purpose.ENROL, subject=person_id, now=now)
    options = passkeys.creation_options(settings, person_id=person_id, name=invited.name, challenge=challenge)
    return Ceremony(options, token)


def enrol(
    session: Session, settings: Settings, invitation_token: str, *, token: str, answer: str, now: datetime
) -> Person:
    """Use the invitation up: store the person and the passkey, and queue its commitment for the ledger.

    `token` is the ceremony's, `answer` the browser's JSON. Raises as `invitation` and `passkeys.verify_creation` do,
    `UnauthenticatedError` if the ceremony is over, and `ConflictError` for a passkey enrolled before.
    """
    invited = invitation(session, invitation_token, now=now)
    challenge, person_id = sessions.take_challenge(session, Purpose.ENROL, token, now=now)
    made = passkeys.verify_creation(settings, answer, challenge=challenge)
    _use_up(session, invited, now=now)
    person = Person(
        id=person_id,
        participant_id=invited.participant_id,
        name=invited.name,
        authority=invited.authority,
        created_at=now,
    )
    session.add(person)
    session.flush()
    _keep(session, person, made, now=now)
    return person


def begin_sign_in(session: Session, settings: Settings, *, now: datetime) -> Ceremony:
    """Ask the browser for any passkey of this gateway."""
    token, challenge = sessions.open_challenge(session, Purpose.SIGN_IN, now=now)
    return Ceremony(passkeys.request_options(settings, challenge=challenge), token)


def sign_in(session: Session, settings: Settings, *, token: str, answer: str, now: datetime) -> Person:
    """Return who signed the ceremony's challenge; `sessions.start` then makes the session.

    Raises `InvalidError` or `UnauthenticatedError`.
    """
    challenge, _ = sessions.take_challenge(session, Purpose.SIGN_IN, token, now=now)
    passkey, _ = passkeys.verify_use(session, settings, answer, challenge=challenge)
    return passkeys.owner_of(session, passkey)


def _use_up(session: Session, invited: Invitation, *, now: datetime) -> None:
    """One conditional update: of two who hold the same link, one gets in."""
    statement = (
        update(Invitation)
        .where(col(Invitation.token_hash) == invited.token_hash, col(Invitation.used_at).is_(None))
        .values(used_at=now)
        .returning(col(Invitation.token_hash))
    )
    if session.execute(statement).one_or_none() is None:
        raise ConflictError("this invitation was used before: sign in, or ask for a new one")


def _keep(session: Session, person: Person, made: passkeys.NewPasskey, *, now: datetime) -> None:
    salt = secrets.token_bytes(SALT_BYTES)
    commitment = credential_commitment(owner=person.participant_id, public_key=made.public_key, salt=salt)
    session.add(
        Passkey(
            credential_id=made.credential_id,
            person_id=person.id,
            public_key=made.public_key,
            sign_count=made.sign_count,
            salt=salt,
            commitment=commitment,
            created_at=now,
        )
    )
    try:
        session.flush()
    except IntegrityError:
        raise ConflictError("this passkey is enrolled already: sign in with it") from None
    committed = b64u(commitment)
    journal.queue_entry(
        session, type="owner.credential_added", body={"commitment": committed}, subject=committed, now=now
    )
