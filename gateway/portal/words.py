"""A request or consent in plain words: the very sentences that a person reads, signs over, and finds again later."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gateway.access.parties import NOT_CONSENTED
from gateway.consent.details import Identifier, TradeData
from gateway.consent.narrowing import beyond_template
from gateway.consent.purposes import PURPOSES
from gateway.consent.title_rules import SCHEME
from gateway.consent.values import duration
from gateway.portal.pages import _
from gateway.portal.terms import BEYOND, EVENTS, OMISSIONS, PRODUCTS, SCHEMES, STATES, WHOLE

ON_TITLE_CHANGE = {
    "end": _("Sharing ends"),
    "ask": _("Sharing rests until you decide"),
    "continue": _("Sharing goes on"),
}
TITLE = {
    "transferred": _("Title to %(document)s was transferred on %(when)s."),
    "surrendered": _("%(document)s was surrendered on %(when)s."),
}
SINCE_TITLE = {
    "end": _("As you signed, sharing ended with that."),
    "ask": _("As you signed, it is then for you to decide whether sharing goes on."),
    "continue": _("As you signed, sharing goes on all the same."),
}

NOTHING_CHOSEN = _("Choose at least one kind of data, or refuse the request.")
NO_SHIPMENT_CHOSEN = _("Choose at least one shipment, or refuse the request.")


@dataclass(frozen=True, slots=True)
class Line:
    """One fact about a request: a name and what to say of it, in one or more lines."""

    name: str
    values: tuple[str, ...]


def summary(terms: TradeData, *, bank: str) -> list[Line]:
    """Return what the bank would get, in the order in which a person asks."""
    return [
        Line(_("Who asks"), (bank,)),
        Line(_("What for"), (PURPOSES[terms.purpose.code].title, terms.purpose.text)),
        Line(_("What they would see"), tuple(_products(terms))),
        Line(_("Which shipments"), shipments(terms)),
        Line(_("Names and contacts of people"), tuple(_personal(terms))),
        Line(_("Data dated"), (_period(terms),)),
        Line(_("How often"), (_frequency(terms),)),
        Line(_("Until"), (moment(terms.expires),)),
        *([title(terms)] if _names_a_bill(terms) else []),
        Line(_("What concerns another party to the cargo"), (_("Only if that party consents too"),)),
        Line(_("They must delete it after"), (length(duration(terms.data_life)),)),
        Line(_("Shared with others"), (_("Yes, they may pass it on") if terms.onward_sharing else _("No"),)),
    ]


def title(terms: TradeData) -> Line:
    """Return what happens when title to a bill of lading passes on."""
    return Line(_("If a bill of lading changes hands"), (ON_TITLE_CHANGE[terms.on_title_change],))


def notice_text(lines: list[Line]) -> str:
    """Return the summary as text: what the owner's signature covers the digest of."""
    told = [f"{line.name}: {'; '.join(line.values)}" for line in lines]
    return "\n".join(
        [*told, _("Stopping ends what they can get from then on. It does not recall what they already have.")]
    )


def warnings(terms: TradeData, *, now: datetime) -> list[str]:
    """Return what the request asks beyond its purpose's template."""
    return [BEYOND[member] for member in beyond_template(terms, now=now)]


def shipments(terms: TradeData) -> tuple[str, ...]:
    """Return the shipments that a request names, or that it names none."""
    if terms.identifiers is None:
        return (_("All your shipments"),)
    return tuple(shipment(each) for each in terms.identifiers)


def shipment(identifier: Identifier) -> str:
    """Return one identifier in words, such as "Bill of lading OCL71800000 (OCLN)"."""
    issuer = f" ({identifier.issuer.code})" if identifier.issuer else ""
    return f"{SCHEMES.get(identifier.scheme, identifier.scheme)} {identifier.value}{issuer}"


def title_change(document: Identifier, kind: str, at: datetime, on_title_change: str) -> str:
    """Return what happened to title of a document that a consent names, and what that did to the consent."""
    happened = TITLE[kind] % {"document": shipment(document), "when": moment(at)}
    return f"{happened} {SINCE_TITLE[on_title_change]}"


def product(name: str) -> str:
    """Return a product in words."""
    return PRODUCTS.get(name, name)


def omission(told: Mapping[str, Any]) -> str:
    """Return what an answer to a bank lacked, and why, in words."""
    if told["reason"].startswith(NOT_CONSENTED):
        role, pointer = told["reason"].removeprefix(NOT_CONSENTED).split(" ")
        return _(
            "Not given in %(count)s of %(product)s: %(part)s, which concerns the %(role)s, who has not consented"
        ) % {
            "count": told["count"],
            "product": product(told["product"]),
            "part": _listed([pointer]),
            "role": role.replace("_", " "),
        }
    why = OMISSIONS.get(told["reason"], told["reason"])
    return _("Not given: %(count)s of %(product)s, %(why)s") % {
        "count": told["count"],
        "product": product(told["product"]),
        "why": why,
    }


def state(name: str) -> str:
    """Return a consent's state in words."""
    return STATES.get(name, name)


def event(happened: Mapping[str, Any]) -> str:
    """Return one of the events of a consent record in words, with its time."""
    return f"{EVENTS.get(happened['event'], happened['event'])}: {moment(datetime.fromisoformat(happened['at']))}"


def day(instant: datetime) -> str:
    """Return a day as people write it, in UTC."""
    return f"{instant.day} {instant:%B %Y}"


def moment(instant: datetime | None) -> str:
    """Return an instant as people write it, in UTC; "never" for none."""
    return f"{day(instant)}, {instant:%H:%M} UTC" if instant else _("never")


def length(span: timedelta) -> str:
    """Return a span of time in words."""
    if span.days and not span.seconds:
        return _("one day") if span.days == 1 else _("%(days)s days") % {"days": span.days}
    return _("%(hours)s hours") % {"hours": round(span.total_seconds() / 3600, 1)}


def organisation(participant: Mapping[str, Any]) -> str:
    """Return an organisation of a consent record with its numbers."""
    numbers = ", ".join(f"{each['scheme']} {each['value']}" for each in participant.get("identifiers", []))
    return f"{participant['name']} ({numbers})" if numbers else str(participant["name"])


def _products(terms: TradeData) -> Iterator[str]:
    for name in terms.products:
        parts = terms.fields.get(name)
        told = _("only %(parts)s") % {"parts": _listed(parts)} if parts else WHOLE.get(name, _("all of them"))
        yield f"{product(name)}: {told}"


def _names_a_bill(terms: TradeData) -> bool:
    return any(each.scheme == SCHEME for each in terms.identifiers or ())


def _personal(terms: TradeData) -> Iterator[str]:
    asked = [part for parts in terms.personal.values() for part in parts]
    if not asked:
        yield _("Not shared")
    else:
        yield _("Shared: %(parts)s") % {"parts": _listed(asked)}


def _listed(pointers: Sequence[str]) -> str:
    return ", ".join(pointer.strip("/").replace("/", " > ").replace("_", " ") for pointer in pointers)


def _period(terms: TradeData) -> str:
    if terms.period is None:
        return _("Of any date")
    first, last = (day(datetime.fromisoformat(each)) for each in (terms.period.first, terms.period.last))
    return _("From %(first)s to %(last)s") % {"first": first, "last": last}


def _frequency(terms: TradeData) -> str:
    told = [_("As often as they like")]
    if terms.frequency:
        per = length(duration(terms.frequency.per))
        told = [_("At most %(times)s times within %(per)s") % {"times": terms.frequency.max, "per": per}]
    if terms.maximum_pulls:
        told.append(_("%(times)s times in all") % {"times": terms.maximum_pulls})
    return ", ".join(told)
