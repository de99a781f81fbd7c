"""Webhooks of a bank: made, changed, given new secrets, deleted; their deliveries, and these once more."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from gateway.errors import ConflictError, InvalidError, NotFoundError
from gateway.notify.rules import State
from gateway.notify.signing import Secrets
from gateway.notify.tables import Attempt, Delivery, Webhook
from gateway.outbound import OutboundError, check_url

MOST = 10
"""Webhooks of one bank."""
MOST_REPLAYED = 10_000

REPLAY = text("""
INSERT INTO delivery (bank_id, webhook, number, state, attempts, replays, next_at)
SELECT e.bank_id, :webhook, e.number, 'pending', 0, 0, :now
FROM event e WHERE e.bank_id = :bank AND e.number > :after AND (CAST(:until AS int) IS NULL OR e.number <= :until)
ORDER BY e.number LIMIT :most
ON CONFLICT (bank_id, webhook, number) DO UPDATE
    SET state = 'pending', attempts = 0, replays = delivery.replays + 1, next_at = excluded.next_at
""")


@dataclass(frozen=True, slots=True)
class Kept:
    """A webhook as it is after a change; `secret` is a new one, told this once."""

    webhook: Webhook
    secret: str | None
    new: bool


def put(session: Session, master: bytes, *, bank_id: str, name: str, url: str, now: datetime) -> Kept:
    """Have a bank's events from now on sent to a URL, or those of a webhook that is there to another URL.

    That also takes one up again whose receiver had said that it is gone. Raises `InvalidError`, `ConflictError`.
    """
    try:
        check_url(url)
    except OutboundError as error:
        raise InvalidError(f"url: {error}") from None
    found = session.get(Webhook, (bank_id, name))
    if found is not None:
        found.url, found.gone_at = url, None
        session.add(found)
        return Kept(found, None, new=False)
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"webhooks of {bank_id}"))))
    if len(of_bank(session, bank_id)) >= MOST:
        raise ConflictError(f"there are {MOST} webhooks already: delete one first")
    made = Secrets.new()
    sealed = made.sealed(master, bank_id=bank_id, name=name)
    webhook = Webhook(bank_id=bank_id, name=name, url=url, secrets=sealed, created_at=now)
    session.add(webhook)
    session.flush()
    return Kept(webhook, made.current, new=True)


def of_bank(session: Session, bank_id: str) -> list[Webhook]:
    """Return a bank's webhooks by name."""
    return list(session.exec(select(Webhook).where(Webhook.bank_id == bank_id).order_by(Webhook.name)))


def find(session: Session, bank_id: str, name: str) -> Webhook:
    """Return a bank's webhook. Raises `NotFoundError`."""
    found = session.get(Webhook, (bank_id, name))
    if found is None:
        raise NotFoundError(f"no webhook {name!r}")
    return found


def rotate(session: Session, master: bytes, *, bank_id: str, name: str, now: datetime) -> Secrets:
    """Give a webhook a new secret; the one before signs too for a day. Raises `NotFoundError`."""
    webhook = find(session, bank_id, name)
    session.refresh(webhook, with_for_update=True)
    made = Secrets.opened(master, webhook.secrets, bank_id=bank_id, name=name).rotated(now=now)
    webhook.secrets = made.sealed(master, bank_id=bank_id, name=name)
    session.add(webhook)
    return made


def delete(session: Session, *, bank_id: str, name: str) -> None:
    """Send nothing more to a webhook, and forget it with its log. Raises `NotFoundError`."""
    session.delete(find(session, bank_id, name))


def replay(session: Session, *, bank_id: str, name: str, after: int, until: int | None, now: datetime) -> int:
    """Send events after one number, up to another, once more; return how many. Raises `NotFoundError`."""
    find(session, bank_id, name)
    parameters = {
        "bank": bank_id,
        "webhook": name,
        "after": after,
        "until": until,
        "now": now,
        "most": MOST_REPLAYED,
    }
    result = session.connection().execute(REPLAY, parameters)
    return int(result.rowcount)


def log(
    session: Session, *, bank_id: str, name: str, after: int, state: State | None, limit: int
) -> list[tuple[Delivery, list[Attempt]]]:
    """Return a webhook's deliveries after an event's number, each with its attempts. Raises `NotFoundError`."""
    find(session, bank_id, name)
    statement = select(Delivery).where(
        Delivery.bank_id == bank_id, Delivery.webhook == name, col(Delivery.number) > after
    )
    if state is not None:
        statement = statement.where(Delivery.state == state)
    deliveries = list(session.exec(statement.order_by(col(Delivery.number)).limit(limit)))
    numbers = [each.number for each in deliveries]
    attempts = session.exec(
        select(Attempt)
        .where(Attempt.bank_id == bank_id, Attempt.webhook == name, col(Attempt.number).in_(numbers))
        .order_by(col(Attempt.id))
    ).all()
    return [(each, [one for one in attempts if one.number == each.number]) for each in deliveries]
