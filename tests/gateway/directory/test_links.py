from datetime import timedelta

import pytest
from sqlmodel import Session

from gateway.directory import links
from gateway.errors import ForbiddenError, NotFoundError
from tests.support import builders
from tests.support.builders import CARRIER, NOW, OWNER

LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _carrier_and_owner(session: Session) -> None:
    builders.carrier(session)
    builders.owner(session)


def require(session: Session) -> None:
    links.require_link(session, provider_id=CARRIER, owner_id=OWNER)


def test_a_link_is_in_force_once_the_owner_has_confirmed_it(session: Session) -> None:
    message = r"^owner 'harbour-trading' has not confirmed to be a customer of 'oceanline'$"
    with pytest.raises(ForbiddenError, match=message):
        require(session)
    links.request_link(session, provider_id=CARRIER, owner_id=OWNER, now=NOW)
    with pytest.raises(ForbiddenError, match=message):
        require(session)
    links.confirm_link(session, provider_id=CARRIER, owner_id=OWNER, now=NOW)
    require(session)


def test_asking_and_confirming_again_changes_nothing(session: Session) -> None:
    for at in (NOW, LATER):
        links.request_link(session, provider_id=CARRIER, owner_id=OWNER, now=at)
    for at in (NOW, LATER):
        links.confirm_link(session, provider_id=CARRIER, owner_id=OWNER, now=at)
    (link,) = links.links_of_owner(session, OWNER)
    assert (link.requested_at, link.confirmed_at) == (NOW, NOW)


def test_only_a_provider_asks_and_only_of_an_owner(session: Session) -> None:
    with pytest.raises(NotFoundError, match=r"^no provider 'harbour-trading' is registered$"):
        links.request_link(session, provider_id=OWNER, owner_id=OWNER, now=NOW)
    with pytest.raises(NotFoundError, match=r"^no owner 'oceanline' is registered$"):
        links.request_link(session, provider_id=CARRIER, owner_id=CARRIER, now=NOW)


def test_what_nobody_asked_cannot_be_confirmed(session: Session) -> None:
    with pytest.raises(NotFoundError, match=r"^'oceanline' has not asked to be linked$"):
        links.confirm_link(session, provider_id=CARRIER, owner_id=OWNER, now=NOW)


def test_an_owner_who_does_not_exist_looks_like_one_who_is_not_linked(session: Session) -> None:
    with pytest.raises(ForbiddenError, match=r"^owner 'nobody' has not confirmed to be a customer of 'oceanline'$"):
        links.require_link(session, provider_id=CARRIER, owner_id="nobody")


@pytest.mark.parametrize("text", ["\x00", "\ud800", "x" * 100, ""])
def test_what_is_no_id_is_nobody(session: Session, text: str) -> None:
    with pytest.raises(ForbiddenError):
        links.require_link(session, provider_id=CARRIER, owner_id=text)
    with pytest.raises(NotFoundError):
        links.confirm_link(session, provider_id=text, owner_id=OWNER, now=NOW)
    with pytest.raises(NotFoundError):
        links.request_link(session, provider_id=CARRIER, owner_id=text, now=NOW)


def test_the_links_of_an_owner_are_listed_oldest_first(session: Session) -> None:
    builders.carrier(session, "aircargo")
    links.request_link(session, provider_id=CARRIER, owner_id=OWNER, now=NOW)
    links.request_link(session, provider_id="aircargo", owner_id=OWNER, now=LATER)
    assert [link.provider_id for link in links.links_of_owner(session, OWNER)] == [CARRIER, "aircargo"]
