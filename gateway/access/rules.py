"""Decide about a pull: token, consent and question in, `Permit` or `Refuse` out. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from gateway.consent.rules import Event, by_owner, told


class Refusal(StrEnum):
    """Why a pull is refused; each has one answer over HTTP."""

    ENDED = "ended"
    """The grant is revoked, expired, exhausted or refused, or was never this bank's: 401 `invalid_token`."""
    PAUSED = "paused"
    """The consent is paused: 403 `insufficient_scope`."""
    TOO_WIDE = "too_wide"
    """The question goes beyond the consent: 403 `insufficient_scope`."""
    TOO_OFTEN = "too_often"
    """The agreed frequency is used up for now: 429 with `Retry-After`."""
    NOT_FINAL = "not_final"
    """The grant is not yet final on the ledger: 503 with `Retry-After`."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """A pull that gets nothing, with the reason in words and, where known, since when it holds."""

    refusal: Refusal
    reason: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A consent as the database has it: its state, and whether the ledger has made its grant final.

    `reason`: why it is in that state; None where that is not asked for, or was its owner's will.
    """

    consent_id: str
    bank_id: str
    state: str
    state_since: datetime
    expires_at: datetime
    final: bool
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What the bank asks for; None means all that the consent covers."""

    products: tuple[str, ...] | None = None
    identifiers: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """What may be seen of one product: pointers of ordinary fields (None: all), and of fields that name a person."""

    fields: tuple[str, ...] | None
    personal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Permit:
    """What may be read: products with their cut, and the limits on records. None means without that limit."""

    products: Mapping[str, Cut]
    identifiers: tuple[Mapping[str, Any], ...] | None
    first_day: date | None
    last_day: date | None

    def covers(self, *, product: str, identifiers: Sequence[Mapping[str, Any]], day: date | None) -> bool:
        """Say whether a record of `product` with these identifiers and this day (UTC) is within the permit.

        A record without a day lies in no period.
        """
        return (
            product in self.products
            and (self.identifiers is None or any(wanted in identifiers for wanted in self.identifiers))
            and (self.first_day is None or (day is not None and day >= self.first_day))
            and (self.last_day is None or (day is not None and day <= self.last_day))
        )


def decide(
    standing: Standing, terms: Mapping[str, Any], question: Question, *, bank_id: str, now: datetime
) -> Permit | Refuse:
    """Say whether `bank_id` may have what `question` asks under `terms` (a `trade_data` object as granted) at `now`."""
    wanted = within(terms, question)
    too_wide = wanted if isinstance(wanted, Refuse) else None
    return _ended(standing, bank_id, now) or _paused(standing) or too_wide or _not_final(standing) or wanted


def within(terms: Mapping[str, Any], question: Question) -> Permit | Refuse:
    """Say what a question would get under `terms`, however the consent stands."""
    return _too_wide(terms, question) or _permit(terms, question)


def _ended(standing: Standing, bank_id: str, now: datetime) -> Refuse | None:
    if standing.bank_id != bank_id:
        return Refuse(Refusal.ENDED, "this consent was given to another participant")
    if standing.state not in ("active", "paused"):
        return Refuse(Refusal.ENDED, f"the consent is {told(standing.state)}", standing.state_since)
    if now >= standing.expires_at:
        return Refuse(Refusal.ENDED, "the consent is expired", standing.expires_at)
    return None


def _paused(standing: Standing) -> Refuse | None:
    if standing.state == "paused":
        by_its_owner = standing.reason in (None, by_owner(Event.PAUSED))
        why = "the owner paused the consent" if by_its_owner else f"the consent is paused: {standing.reason}"
        return Refuse(Refusal.PAUSED, why, standing.state_since)
    return None


def _too_wide(terms: Mapping[str, Any], question: Question) -> Refuse | None:
    for product in question.products or ():
        if product not in terms["products"]:
            covered = ", ".join(terms["products"])
            return Refuse(Refusal.TOO_WIDE, f"product {product!r} is not in the consent; it covers {covered}")
    granted = terms.get("identifiers")
    for place, identifier in enumerate(question.identifiers or ()):
        if granted and identifier not in granted:
            return Refuse(Refusal.TOO_WIDE, f"identifiers[{place}] is not in the consent")
    return None


def _not_final(standing: Standing) -> Refuse | None:
    if not standing.final:
        return Refuse(Refusal.NOT_FINAL, "the grant is not yet final on the ledger")
    return None


def _permit(terms: Mapping[str, Any], question: Question) -> Permit:
    fields, personal = terms.get("fields") or {}, terms.get("personal") or {}
    products = question.products or tuple(terms["products"])
    identifiers = question.identifiers or terms.get("identifiers") or None
    period = terms.get("period")
    return Permit(
        products={
            product: Cut(
                fields=tuple(fields[product]) if product in fields else None,
                personal=tuple(personal.get(product, ())),
            )
            for product in products
        },
        identifiers=tuple(identifiers) if identifiers else None,
        first_day=date.fromisoformat(period["from"]) if period else None,
        last_day=date.fromisoformat(period["to"]) if period else None,
    )
