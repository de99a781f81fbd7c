"""What is audited, from when on, and how far the audit is."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.audit.reads import BEGINNING
from gateway.audit.rules.documents import Limits
from ledger.audit.chain import Source
from ledger.trust import Trust


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is: so many done of so many."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Scope:
    """The ledger, the genesis that it must have begun with, the trust file if there is one, and the gateway's keys.

    `master` is the master key of stored records; `since`: what is older is not looked at, but for the ledger's state;
    `grace`: how long something may wait for the ledger.
    """

    source: Source
    genesis: Mapping[str, Any]
    trust: Trust | None
    gateway_id: str
    master: bytes
    now: datetime
    grace: timedelta
    since: datetime = BEGINNING
    counts: Counter[str] = field(default_factory=Counter)
    """How many were looked at, by name; counted while the audit goes on."""

    @property
    def partial(self) -> bool:
        """Whether it begins later than everything."""
        return self.since > BEGINNING

    @property
    def limits(self) -> Limits:
        """What the rules judge by."""
        return Limits(self.gateway_id, self.now, self.grace)
