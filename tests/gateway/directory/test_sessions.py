from datetime import timedelta

import pytest
from sqlmodel import Session, select

from gateway.directory import sessions
from gateway.directory.sessions import Purpose
from gateway.directory.tables import Challenge, Person, PortalSession
from gateway.errors import UnauthenticatedError
from ledger.codec import unb64u
from tests.support import builders
from tests.support.builders import NOW

MINUTE = timedelta(minutes=1)
OVER = r"^this took longer than five minutes, or was answered before: start again$"


@pytest.fixture
def person(session: Session) -> Person:
    builders.owner(session)
    return builders.enrolled(session).person


def test_a_signed_in_browser_is_known_by_its_token_of_which_only_the_hash_is_kept(
    session: Session, person: Person
) -> None:
    token = sessions.start(session, person, now=NOW)
    assert len(unb64u(token)) == 32
    assert sessions.find(session, token, now=NOW) == person
    stored = session.exec(select(PortalSession)).one()
    assert token.encode() not in stored.token_hash
    assert stored.token_hash == sessions.token_hash(token)


@pytest.mark.parametrize("token", ["", "nope", "\ud800", "\x00"])
def test_an_unknown_token_is_nobody(session: Session, person: Person, token: str) -> None:
    sessions.start(session, person, now=NOW)
    assert sessions.find(session, token, now=NOW) is None


def test_a_session_ends_after_half_an_hour_without_use(session: Session, person: Person) -> None:
    token = sessions.start(session, person, now=NOW)
    assert sessions.find(session, token, now=NOW + 29 * MINUTE) == person
    assert sessions.find(session, token, now=NOW + 58 * MINUTE) == person
    assert sessions.find(session, token, now=NOW + 88 * MINUTE) is None


def test_a_session_ends_after_twelve_hours_whatever_its_use(session: Session, person: Person) -> None:
    token = sessions.start(session, person, now=NOW)
    used = [sessions.find(session, token, now=NOW + number * 20 * MINUTE) for number in range(1, 40)]
    assert [each is not None for each in used] == [number < 36 for number in range(1, 40)]


def test_reading_pages_in_quick_succession_writes_nothing(session: Session, person: Person) -> None:
    token = sessions.start(session, person, now=NOW)
    session.flush()
    sessions.find(session, token, now=NOW + timedelta(seconds=59))
    assert not session.dirty


def test_signing_out_ends_the_session(session: Session, person: Person) -> None:
    token, other = (sessions.start(session, person, now=NOW) for _ in range(2))
    sessions.end(session, token)
    sessions.end(session, "nope")
    assert sessions.find(session, token, now=NOW) is None
    assert sessions.find(session, other, now=NOW) == person


def test_a_challenge_is_taken_once(session: Session) -> None:
    token, challenge = sessions.open_challenge(session, Purpose.ENROL, subject="somebody", now=NOW)
    assert sessions.take_challenge(session, Purpose.ENROL, token, now=NOW) == (challenge, "somebody")
    with pytest.raises(UnauthenticatedError, match=OVER):
        sessions.take_challenge(session, Purpose.ENROL, token, now=NOW)


def test_a_challenge_serves_its_purpose_alone(session: Session) -> None:
    token, _ = sessions.open_challenge(session, Purpose.ENROL, now=NOW)
    with pytest.raises(UnauthenticatedError, match=OVER):
        sessions.take_challenge(session, Purpose.SIGN_IN, token, now=NOW)


def test_a_challenge_lasts_five_minutes(session: Session) -> None:
    token, _ = sessions.open_challenge(session, Purpose.SIGN_IN, now=NOW)
    with pytest.raises(UnauthenticatedError, match=OVER):
        sessions.take_challenge(session, Purpose.SIGN_IN, token, now=NOW + 5 * MINUTE)


def test_what_is_over_is_forgotten(session: Session, person: Person) -> None:
    sessions.open_challenge(session, Purpose.SIGN_IN, now=NOW)
    sessions.start(session, person, now=NOW)
    sessions.open_challenge(session, Purpose.SIGN_IN, now=NOW + 5 * MINUTE)
    sessions.start(session, person, now=NOW + 30 * MINUTE)
    assert len(session.exec(select(Challenge)).all()) == 1
    assert len(session.exec(select(PortalSession)).all()) == 1
