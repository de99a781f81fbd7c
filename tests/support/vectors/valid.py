"""Evidences that verify."""

from dataclasses import replace
from typing import Any

from tests.support.vectors.agreement import CARRIER, LINER
from tests.support.vectors.keys import ed25519
from tests.support.vectors.rows import Row, Told, granted, pull
from tests.support.vectors.story import Story

FIRST, SECOND, THIRD = (("first", "second", "third"), ("fourth", "fifth"), ("sixth",))
EVENT: dict[str, Any] = {
    "classifier": "actual",
    "type": "vessel_departure",
    "occurred_at": "2026-11-24T08:00:00Z",
    "place": {"name": "H\u00e4fen \u6e2f \U0001f6a2", "latitude": 1.5e-7, "longitude": -0.0, "draft": 1e21},
}


def of_all_kinds() -> Told:
    """Three batches; attested and sealed by their providers, with Ed25519 and P-256; cut, and whole."""
    story = Story()
    story.data["products"] = ["bill_of_lading", "transport_event"]
    story.register(CARRIER)
    story.register(LINER)
    story.enrol()
    story.activate(story.agreed())
    attested = [story.seal(number) for number in range(5)]
    story.anchor(attested, shown=(0, 3, 4))
    own = [story.seal(number, provider=CARRIER, issuer=CARRIER) for number in range(2)]
    event = story.seal(0, provider=LINER, issuer=LINER, product="transport_event", document=EVENT)
    story.anchor([*own, event], shown=(1,))
    story.show(story.anchor([event], shown=()), [event], 0, whole=True)
    omitted = [{"count": 2, "product": "transport_event", "reason": "pending"}]
    return Told(story.told(omitted=omitted), story.trust())


def sealed_by(provider: str) -> Told:
    """A record that its provider sealed under its own registered key."""
    story = Story()
    story.register(provider)
    story.enrol()
    story.activate(story.agreed())
    story.anchor([story.seal(7, provider=provider, issuer=provider)], shown=(0,))
    return Told(story.told(), story.trust())


def amended() -> Told:
    """The second version of a consent, which covers more than the first."""
    story = Story()
    story.data["fields"] = {"bill_of_lading": ["/document"]}
    granted(story)
    story.data["fields"] = {"bill_of_lading": ["/document", "/parties"]}
    story.data["personal"] = {"bill_of_lading": ["/parties/contacts"]}
    story.activate(story.agreed(version=2), "consent.amended")
    story.anchor([story.seal(0)], shown=(0,))
    return Told(story.told(), story.trust())


def handed_over(times: int, *, newer_trust: bool = False) -> Told:
    """Validators change after the consent was activated; the trust file is of before, or of after."""
    story = granted(Story(FIRST))
    trust = story.trust()
    former = [(1, story.chain.validators)]
    for names in (SECOND, THIRD)[:times]:
        story.handovers.append(story.chain.hand_over([ed25519(f"validator {name}") for name in names]))
        former.append((story.chain.height + 1, story.chain.validators))
    story.anchor([story.seal(number) for number in range(2)], shown=(1,))
    data = story.told()
    if newer_trust:
        *before, (first, _) = former
        trust = story.trust(story.chain.statement(pinned=first, former=before))
    return Told(data, trust)


def of_a_former_set() -> Told:
    """An evidence of before a change of validators, with a trust file of after it."""
    story = granted(Story(FIRST))
    story.anchor([story.seal(0)], shown=(0,))
    data, former = story.told(), [(1, story.chain.validators)]
    story.chain.hand_over([ed25519(f"validator {name}") for name in SECOND])
    story.chain.add()
    return Told(data, story.trust(story.chain.statement(pinned=story.chain.height, former=former)))


def rotated() -> Told:
    """Keys that ended, or were compromised, after they had signed."""
    story = granted()
    story.anchor([story.seal(0)], shown=(0,))
    old, story.sealing["tidegate"] = story.sealing["tidegate"], ed25519("tidegate sealing 2")
    height = story.chain.height + 1
    new = [story.sealing["tidegate"].registered("sealing")]
    body = {"org": "tidegate", "remove": old.kid, "compromised_since": height, "add": new}
    story.submit(story.entry("org.rotate_key", body))
    story.submit(story.entry("owner.credential_removed", {"commitment": story.credential}))
    story.anchor([story.seal(1)], shown=(0,))
    return Told(story.told(), story.trust())


def told_in_many_tongues() -> Told:
    """Names and numbers that canonical JSON must write just so (RFC 8785)."""

    def change(signed: dict[str, Any]) -> None:
        signed["purpose"] = {
            "\u20ac": "Euro",
            "\r": '\u0001\u001f\t"\\/\u007f',
            "\ufb33": "Hebrew",
            "1": "One",
            "\U0001f600": "above U+FFFF, but below U+FB33 as UTF-16",
            "\u00f6": [0, 1e21, 1e-7, 4.5, 2e-3, 1e23, 5e-324, -1.5, 9007199254740991, 333333333.3333333],
            "__proto__": {"constructor": None, "toString": True},
            "text": "\u6d41\u901a\u63d0\u5355 \u062d\u0645\u0648\u0644\u0629 \U0001f6a2",
        }

    return pull(agreed={"signed": change})


def nothing_found() -> Told:
    """An answer without records: the receipt still says who asked what under which consent."""
    story = granted()
    omitted = [{"count": 1, "product": "bill_of_lading", "reason": "erased"}]
    return Told(story.told(omitted=omitted), story.trust())


def whole_record() -> Told:
    """A record of which nothing is withheld: it comes with the digest of what the provider sent."""
    story = Story()
    story.data |= {"fields": {}, "personal": {"bill_of_lading": ["/parties/contacts"]}}
    return pull(story)


def limited() -> Told:
    """A consent that names documents and days: that the records are of these is the gateway's word."""
    story = Story()
    story.data |= {
        "identifiers": [{"scheme": "transport_document", "value": "OCLN118"}],
        "period": {"from": "2026-01-01", "to": "2026-12-31"},
    }
    return pull(story)


ROWS = (
    Row("valid", None, "two records of one batch, attested by the gateway", pull),
    Row("valid-without-audience", None, "the same, for whichever bank", lambda: replace(pull(), audience=None)),
    Row("valid-provider-sealed", None, "a record sealed by its provider, Ed25519", lambda: sealed_by(CARRIER)),
    Row("valid-provider-sealed-p256", None, "a record sealed by its provider, P-256", lambda: sealed_by(LINER)),
    Row("valid-of-all-kinds", None, "five records over three batches, of both levels and curves", of_all_kinds),
    Row("valid-whole-record", None, "whole records, with the digest of the original", whole_record),
    Row("valid-amended", None, "version 2 of a consent, with personal fields", amended),
    Row("valid-hand-over", None, "the validators changed since the trust file", lambda: handed_over(1)),
    Row("valid-two-hand-overs", None, "they changed twice", lambda: handed_over(2)),
    Row(
        "valid-hand-over-known",
        None,
        "a hand-over that the trust file knows by now",
        lambda: handed_over(2, newer_trust=True),
    ),
    Row("valid-former-set", None, "blocks of a former set of validators", of_a_former_set),
    Row("valid-rotated-keys", None, "keys that ended after they signed", rotated),
    Row(
        "valid-ed25519-passkey",
        None,
        "a passkey of EdDSA",
        lambda: pull(passkey={"key": ed25519("passkey")}),
    ),
    Row(
        "valid-subdomain",
        None,
        "a passkey used on a page below its domain, at a port",
        lambda: pull(passkey={"origin": "https://portal.gateway.example:8443"}),
    ),
    Row("valid-canonical-json", None, "names and numbers of RFC 8785", told_in_many_tongues),
    Row("valid-nothing-found", None, "no record, two omitted", nothing_found),
    Row("valid-limited-consent", None, "a consent that names documents and days", limited),
)
