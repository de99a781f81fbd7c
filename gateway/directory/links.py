"""Who is whose customer: asked for by the provider, confirmed by the owner (no data flows before)."""

from datetime import datetime

from sqlmodel import Session, select

from gateway.directory.participants import ID, participant
from gateway.directory.tables import Link
from gateway.errors import ForbiddenError, NotFoundError


def request_link(session: Session, *, provider_id: str, owner_id: str, now: datetime) -> Link:
    """Ask `owner_id` to confirm that it is a customer of `provider_id`. Asking again changes nothing."""
    participant(session, provider_id, role="provider")
    participant(session, owner_id, role="owner")
    found = session.get(Link, (provider_id, owner_id))
    if found is None:
        found = Link(provider_id=provider_id, owner_id=owner_id, requested_at=now, confirmed_at=None)
        session.add(found)
        session.flush()
    return found


def confirm_link(session: Session, *, provider_id: str, owner_id: str, now: datetime) -> Link:
    """Record the owner's word that it is a customer of `provider_id`. Raises `NotFoundError` if nobody asked."""
    found = _link(session, provider_id, owner_id)
    if found is None:
        raise NotFoundError(f"{provider_id!r} has not asked to be linked")
    found.confirmed_at = found.confirmed_at or now
    session.add(found)
    return found


def require_link(session: Session, *, provider_id: str, owner_id: str) -> None:
    """Raise `ForbiddenError` unless the owner has confirmed to be a customer of the provider.

    An owner who does not exist gets the same answer as one who is not linked: a provider cannot probe who is here.
    """
    found = _link(session, provider_id, owner_id)
    if found is None or found.confirmed_at is None:
        raise ForbiddenError(f"owner {owner_id!r} has not confirmed to be a customer of {provider_id!r}")


def links_of_owner(session: Session, owner_id: str) -> list[Link]:
    """Return every link asked of an owner, oldest first."""
    return list(session.exec(select(Link).where(Link.owner_id == owner_id).order_by(Link.requested_at)))  # type: ignore[arg-type]


def _link(session: Session, provider_id: str, owner_id: str) -> Link | None:
    """Return the link, if both are ids at all: the text may be anything that a request brought."""
    return session.get(Link, (provider_id, owner_id)) if ID.fullmatch(provider_id) and ID.fullmatch(owner_id) else None


def links_of_provider(session: Session, provider_id: str) -> list[Link]:
    """Return every link that a provider asked for, oldest first."""
    statement = select(Link).where(Link.provider_id == provider_id).order_by(Link.requested_at)  # type: ignore[arg-type]
    return list(session.exec(statement))
