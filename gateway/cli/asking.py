"""What a bank asks for, put together from options of the command line: a `trade_data` object (RFC 9396)."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.cli.faults import USAGE, CommandError
from gateway.cli.values import duration, identifier


@dataclass(frozen=True, slots=True)
class Asked:
    """The options; texts as they were written."""

    owner: str | None
    products: list[str]
    purpose: str
    text: str | None
    lasts: str
    data_life: str
    jurisdictions: list[str]
    identifiers: list[str] = field(default_factory=list)

    def details(self) -> dict[str, Any]:
        """Return the `trade_data` object. Raises `CommandError` if something that is needed was not given."""
        if not self.owner or not self.products or not self.text:
            raise CommandError("--owner, --product and --text are needed, or --details", code=USAGE)
        scheme, _, value = self.owner.partition(":")
        ends = datetime.now(UTC) + duration(self.lasts) + timedelta(seconds=1)
        asked: dict[str, Any] = {
            "type": "trade_data",
            "owner": {"scheme": scheme, "value": value},
            "products": self.products,
            "expires_at": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "purpose": {"code": self.purpose, "text": self.text},
            "data_life": f"P{max(1, duration(self.data_life).days)}D",
            "retention": "view",
            "on_title_change": "ask",
            "jurisdictions": self.jurisdictions,
        }
        narrowed = [identifier(each) for each in self.identifiers]
        return {**asked, "identifiers": narrowed} if narrowed else asked
