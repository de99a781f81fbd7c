"""What new terms would change of a consent, line by line: nothing is kept from who signs them."""

from dataclasses import dataclass

from gateway.consent.details import TradeData
from gateway.portal.pages import _
from gateway.portal.words import Line, summary, title

RETENTIONS = {
    "view": _("They may only look at it"),
    "store": _("They may store it"),
}


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that new terms would make another: what is said of it now, and what would be."""

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]


def changes(present: TradeData, new: TradeData, *, bank: str) -> list[Change]:
    """Return what new terms would change of the present ones, in the order of the summary; nothing is left out."""
    before, after = (
        {line.name: line.values for line in (*summary(terms, bank=bank), *_besides(terms))} for terms in (present, new)
    )
    return [Change(name, values, after[name]) for name, values in before.items() if values != after[name]]


def _besides(terms: TradeData) -> list[Line]:
    """Return what the summary does not say, or not always."""
    return [
        title(terms),
        Line(_("How they keep it"), (RETENTIONS[terms.retention],)),
        Line(_("Where they may keep it"), terms.jurisdictions),
        Line(_("By what rule it may leave the country"), (terms.transfer_mechanism or _("None is named"),)),
    ]
