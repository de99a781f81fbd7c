"""An owner may narrow what a bank asks, never widen it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from pydantic import ValidationError

from gateway.consent.details import Frequency, Identifier, Period, TradeData, faults
from gateway.consent.purposes import PURPOSES
from gateway.consent.values import DetailsError, duration

RETENTIONS = ("view", "store")
ON_TITLE_CHANGE = ("end", "ask", "continue")
"""Each from the narrowest to the widest."""

Pointers = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the owner lets stand of a request; None leaves that member as it was asked."""

    products: tuple[str, ...] | None = None
    identifiers: tuple[Identifier, ...] | None = None
    fields: Pointers | None = None
    personal: Pointers | None = None
    period: Period | None = None
    expires_at: str | None = None
    frequency: Frequency | None = None
    maximum_pulls: int | None = None
    data_life: str | None = None


def narrow(terms: TradeData, choice: Choice) -> TradeData:
    """Return `terms` with what the owner chose. Raises `DetailsError` if that is not within `terms`, or is nothing."""
    chosen = {field.name: getattr(choice, field.name) for field in fields(choice)}
    changed = {member: value for member, value in chosen.items() if value is not None}
    products = changed.get("products", terms.products)
    kept = {
        member: {product: pointers for product, pointers in getattr(terms, member).items() if product in products}
        for member in ("fields", "personal")
    }
    members = {name: getattr(terms, name) for name in TradeData.model_fields}
    try:
        narrowed = TradeData.model_validate({**members, **kept, **changed})
    except ValidationError as error:
        raise DetailsError(f"the choice is not possible: {faults(error)}") from None
    if wider := widened(terms, narrowed):
        raise DetailsError(f"the choice goes beyond what was asked: {', '.join(wider)}")
    return narrowed


def covers(wide: TradeData, narrow: TradeData) -> bool:
    """Say whether everything that `narrow` permits, `wide` permits."""
    return not widened(wide, narrow)


def widened(wide: TradeData, narrow: TradeData) -> list[str]:
    """Return the members of `narrow` that permit more than `wide`, in their order."""
    within = {
        "owner": wide.owner == narrow.owner,
        "products": set(narrow.products) <= set(wide.products),
        "identifiers": _subset(wide.identifiers, narrow.identifiers),
        "fields": all(_fields_within(wide, narrow, product) for product in narrow.products),
        "personal": all(_reached(wide.personal.get(product, ()), some) for product, some in narrow.personal.items()),
        "period": _period_within(wide.period, narrow.period),
        "expires_at": narrow.expires_at <= wide.expires_at,
        "purpose": narrow.purpose == wide.purpose,
        "frequency": _frequency_within(wide.frequency, narrow.frequency),
        "maximum_pulls": _at_most(wide.maximum_pulls, narrow.maximum_pulls),
        "data_life": duration(narrow.data_life) <= duration(wide.data_life),
        "retention": RETENTIONS.index(narrow.retention) <= RETENTIONS.index(wide.retention),
        "on_title_change": ON_TITLE_CHANGE.index(narrow.on_title_change) <= ON_TITLE_CHANGE.index(wide.on_title_change),
        "jurisdictions": set(narrow.jurisdictions) <= set(wide.jurisdictions),
        "transfer_mechanism": narrow.transfer_mechanism == wide.transfer_mechanism,
        "onward_sharing": wide.onward_sharing or not narrow.onward_sharing,
    }
    return [member for member, holds in within.items() if not holds]


def beyond_template(terms: TradeData, *, now: datetime) -> list[str]:
    """Return the members that ask for more than is usual for the purpose, if granted at `now`; the page says so."""
    template = PURPOSES[terms.purpose.code]
    usual = {
        "products": set(terms.products) <= template.products,
        "personal": template.personal or not terms.personal,
        "expires_at": terms.expires - now <= template.longest_consent,
        "frequency": terms.frequency is not None and _pulls_a_day(terms.frequency) <= template.most_pulls_a_day,
        "data_life": duration(terms.data_life) <= template.longest_data_life,
        "onward_sharing": template.onward_sharing or not terms.onward_sharing,
    }
    return [member for member, holds in usual.items() if not holds]


def _pulls_a_day(frequency: Frequency) -> float:
    return frequency.max * (timedelta(days=1) / duration(frequency.per))


def _subset(wide: Sequence[Identifier] | None, narrow: Sequence[Identifier] | None) -> bool:
    if wide is None:
        return True
    return narrow is not None and all(identifier in wide for identifier in narrow)


def _fields_within(wide: TradeData, narrow: TradeData, product: str) -> bool:
    if product not in wide.fields:
        return True
    return product in narrow.fields and _reached(wide.fields[product], narrow.fields[product])


def _reached(wide: Sequence[str], narrow: Sequence[str]) -> bool:
    return all(any(f"{pointer}/".startswith(f"{above}/") for above in wide) for pointer in narrow)


def _period_within(wide: Period | None, narrow: Period | None) -> bool:
    if wide is None:
        return True
    return narrow is not None and wide.first <= narrow.first and narrow.last <= wide.last


def _frequency_within(wide: Frequency | None, narrow: Frequency | None) -> bool:
    """A window slides, so fewer uses in a longer window is never more; other comparisons are not attempted."""
    if wide is None:
        return True
    return narrow is not None and narrow.max <= wide.max and duration(narrow.per) >= duration(wide.per)


def _at_most(wide: int | None, narrow: int | None) -> bool:
    return wide is None or (narrow is not None and narrow <= wide)
