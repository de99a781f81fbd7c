"""What each purpose may ask: published templates. Asking for more is allowed, and the owner is told so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Template:
    """The usual extent of a request for one purpose, and the ground in law it stands on."""

    title: str
    lawful_basis: str
    products: frozenset[str]
    longest_consent: timedelta
    longest_data_life: timedelta
    most_pulls_a_day: int
    personal: bool = False
    onward_sharing: bool = False


DOCUMENTS = frozenset({"air_waybill", "bill_of_lading", "road_consignment_note"})
TRADE = DOCUMENTS | {"transport_event"}

PURPOSES: Mapping[str, Template] = {
    "trade_finance_underwriting": Template(
        title="Decide on trade finance",
        lawful_basis="consent",
        products=TRADE,
        longest_consent=timedelta(days=366),
        longest_data_life=timedelta(days=366),
        most_pulls_a_day=48,
    ),
    "trade_finance_monitoring": Template(
        title="Watch over goods that are financed",
        lawful_basis="consent",
        products=TRADE,
        longest_consent=timedelta(days=366),
        longest_data_life=timedelta(days=366),
        most_pulls_a_day=288,
    ),
    "know_your_customer": Template(
        title="Know the customer",
        lawful_basis="consent",
        products=DOCUMENTS,
        longest_consent=timedelta(days=92),
        longest_data_life=timedelta(days=92),
        most_pulls_a_day=4,
        personal=True,
    ),
}
"""By purpose code."""
