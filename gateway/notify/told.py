"""An event as a bank sees it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.clock import rfc3339
from ledger.codec import canonical


@dataclass(frozen=True, slots=True)
class Told:
    """An event; the bank's own, under its number."""

    bank_id: str
    number: int
    id: str
    type: str
    consent_id: str
    version: int
    data: Mapping[str, Any]
    happened_at: datetime

    def body(self) -> bytes:
        """Return the event's canonical JSON, the same by each of the three ways."""
        return canonical(
            {
                "id": self.id,
                "number": self.number,
                "type": self.type,
                "timestamp": rfc3339(self.happened_at),
                "data": {"consent": self.consent_id, "version": self.version, **self.data},
            }
        )
