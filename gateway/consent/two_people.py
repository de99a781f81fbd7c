"""Where two people must approve: who may sign what, the maker first, then a checker. Pure.

The maker narrows and signs; the consent stays as it is. A checker, another person of the same owner, then signs exactly
that, or refuses. What waits ends when its time is over, when the consent is another by then, or when another draft was
signed in its place.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.consent.rules import Denied

LASTS = timedelta(days=14)
"""How long a maker's signature waits for a checker's, at most; a request that lapses earlier takes it along."""
GONE = "nothing waits for a second signature here: it was decided, has ended, or is no longer what the bank asks"
REPLACED = "another draft was signed since: open it again"
OWN = "you signed first: another person must check it"
STRANGER = "only a person of the same owner may check it"
CHANGED = "how many people must approve was changed since: open the request again"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a maker signed: which draft, who, for which owner, and until when it waits."""

    draft_id: str
    maker_id: str
    owner_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Signer:
    """A person who is about to sign, or refuse."""

    person_id: str
    owner_id: str


def waits_until(signed_at: datetime, consent_ends: datetime) -> datetime:
    """Return until when what was signed first waits: `LASTS`, or until the request or consent that it is of ends."""
    return min(consent_ends, signed_at + LASTS)


def drafted_rightly(*, for_people: int, required: int) -> Denied | None:
    """Say why a draft cannot be signed: it was drawn up for another number of people than must approve now."""
    return None if for_people == required else Denied(CHANGED)


def may_decide(waiting: Waiting | None, draft_id: str, by: Signer, *, now: datetime) -> Denied | None:
    """Say why a person may not refuse what waits; its maker may, and so take it back."""
    if waiting is None or now >= waiting.expires_at:
        return Denied(GONE)
    if waiting.draft_id != draft_id:
        return Denied(REPLACED)
    return None if by.owner_id == waiting.owner_id else Denied(STRANGER)


def may_check(waiting: Waiting | None, draft_id: str, by: Signer, *, now: datetime) -> Denied | None:
    """Say why a person may not sign second: never who signed first."""
    if denied := may_decide(waiting, draft_id, by, now=now):
        return denied
    return Denied(OWN) if waiting is not None and by.person_id == waiting.maker_id else None
