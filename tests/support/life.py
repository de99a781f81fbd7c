"""The life of consents as a model: what a bank may be given at a moment, said without any of the gateway's code."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.client.dialogue import Tokens

GIVEN, ENDED, PAUSED, TOO_WIDE, NOT_FINAL, TOO_OFTEN = "given", "ended", "paused", "too wide", "not final", "too often"
"""What a pull comes to."""
Record = tuple[str, str]
"""Data product and bill of lading."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """A record that is final: whose it is, and its day."""

    product: str
    bill: str
    day: str
    owner: str


@dataclass
class Life:
    """One consent: what was signed, and what has become of it."""

    id: str
    owner: str
    terms: dict[str, Any]
    expires_at: datetime
    refresh_token: str
    tokens: Tokens
    version: int = 1
    state: str = "active"
    final: bool = False
    pulled: list[datetime] = field(default_factory=list)

    def stands(self, now: datetime) -> str:
        """Return its state at a moment: time and uses end it too."""
        if self.state in ("active", "paused"):
            if now >= self.expires_at:
                return "expired"
            if len(self.pulled) >= self.terms["maximum_pulls"]:
                return "exhausted"
        return self.state

    def verdict(self, products: tuple[str, ...], bills: tuple[str, ...], now: datetime) -> str:
        """Return what a pull comes to that asks for these; nothing named is all.

        Until the worker has ended a consent whose uses are exhausted, that is seen last, when a use is counted.
        """
        state = self.stands(now)
        used_up = state == "exhausted" and self.state != state
        if used_up:
            state = self.state
        if state not in ("active", "paused"):
            return ENDED
        if state == "paused":
            return PAUSED
        granted = self.bills()
        if set(products) - set(self.terms["products"]) or (granted and set(bills) - granted):
            return TOO_WIDE
        if not self.final:
            return NOT_FINAL
        if used_up:
            return ENDED
        since = now - timedelta(hours=1)
        return TOO_OFTEN if sum(at > since for at in self.pulled) >= self.terms["frequency"]["max"] else GIVEN

    def covered(self, products: tuple[str, ...], bills: tuple[str, ...], pushed: list[Pushed]) -> list[Record]:
        """Return the records that it covers, of what was asked for."""
        period, wanted = self.terms["period"], set(bills) or self.bills()
        return sorted(
            (each.product, each.bill)
            for each in pushed
            if each.owner == self.owner
            and each.product in (products or self.terms["products"])
            and (not wanted or each.bill in wanted)
            and period["from"] <= each.day <= period["to"]
        )

    def bills(self) -> set[str]:
        """Return the bills that it names; none is all."""
        return {each["value"] for each in self.terms.get("identifiers", [])}
