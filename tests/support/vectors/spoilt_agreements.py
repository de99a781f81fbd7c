"""Evidences that fail at steps 11 and 12: the consent, its passkey, what it covers; the receipt."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ledger import consent_record, sdjwt
from ledger.codec import b64u, sha256, unb64u
from tests.support.vectors.agreement import CARRIER, CONSENT, GATEWAY
from tests.support.vectors.keys import Impostor, ed25519
from tests.support.vectors.rows import Row, Told, changed, flipped, granted, pull, put
from tests.support.vectors.story import STRANGER, Change, Story

ELSEWHERE = b64u(sha256(b"elsewhere"))
EXPIRY = 1801353600
"""2027-01-31T00:00:00Z, when the consent of the vectors ends."""


def covering(**data: Any) -> Callable[[], Told]:
    """Return a story in which more is handed out than the owner's data terms, `data`, cover."""

    def told() -> Told:
        return pull(agreed={"signed": lambda signed: signed["data"].update(data)})

    return told


def signed_by(**spoilt: Any) -> Callable[[], Told]:
    """Return a story whose passkey signs something else, somewhere else, or without its user."""
    return lambda: pull(passkey=spoilt)


def afterwards(change: Change) -> Callable[[], Told]:
    """Return a story whose consent record is changed after the passkey signed, and before the ledger hears of it."""
    return lambda: pull(agreed={"after": change})


def activated(type: str = "consent.granted", **body: Any) -> Callable[[], Told]:  # noqa: A002 - the entry's own member
    """Return a story whose consent is activated by an entry that says something else."""
    return lambda: pull(activated={"type": type, "lie": True, **body})


def said(**receipt: Any) -> Callable[[], Told]:
    """Return a story whose receipt says something else, truly signed."""
    return lambda: pull(told=receipt)


def shown_whole(*, without: int = 0) -> Callable[[], Told]:
    """Return a story of a record shown with the digest of its original, all or all but the last disclosures."""

    def told() -> Told:
        story = Story()
        story.data["fields"] = {}
        granted(story)
        sealed = story.seal(0)
        shown = [each.encoded for each in sealed.disclosures if not _left_out(each.pointer, without)]
        entry_id = story.anchor([sealed], shown=())
        story.show(entry_id, [sealed], 0)
        story.handed = [replace(story.handed[0], presentation=sdjwt.combine(sealed.jwt, shown))]
        return Told(story.told(), story.trust())

    return told


def _left_out(pointer: str, level: int) -> bool:
    return level > 0 and pointer.startswith(("/cargo/", "/parties/contacts"))


def of_version(version: int) -> Told:
    """A record of a version of its product that nobody knows."""
    return pull(sealed={"version": version})


def of_another_gateway(*, enrolled_by: str, activated_by: str) -> Callable[[], Told]:
    """Return a story in which another organisation enrols the passkey, or activates the consent."""

    def told() -> Told:
        story = Story()
        story.register(CARRIER)
        story.enrol(by=enrolled_by)
        story.activate(story.agreed(), by=activated_by)
        story.anchor([story.seal(0)], shown=(0,))
        return Told(story.told(), story.trust())

    return told


def after_the_end() -> Told:
    """A pull whose receipt is back-dated, under a header of after the consent's end."""
    story = granted()
    story.anchor([story.seal(0)], shown=(0,))
    story.chain.seconds = 100 * 86_400
    return Told(story.told(), story.trust())


def receipt_forged() -> Told:
    """A receipt that somebody else signed in the gateway's name."""
    story = Story()
    forger = Impostor(story.receipts[GATEWAY], ed25519("somebody"))
    return pull(story, told={"key": forger})


def asked_by(audience: str) -> Callable[[], Told]:
    """Return the usual evidence, passed off by another bank."""
    return lambda: replace(pull(), audience=audience)


def misspelt(text: str) -> str:
    """Return a DER signature with a byte behind it."""
    return b64u(unb64u(text) + b"\0")


def swapped(value: dict[str, Any]) -> None:
    value["records"] = value["records"][::-1]


def cited(**members: Any) -> Callable[[], Told]:
    """Return a story whose receipt cites another consent, version or commitment."""

    def told() -> Told:
        story = Story()
        agreed = story.agreed()
        commitment = b64u(consent_record.record_commitment(agreed, sha256(b"salt")))
        return pull(story, told={"consent": {"id": CONSENT, "version": 1, "commitment": commitment, **members}})

    return told


ASSERTION = "proof/assertion"
HASHES = [ELSEWHERE, ELSEWHERE]

ROWS = (
    Row("consent-salt-changed", 11, "another opening of the commitment", changed(put("consent/salt", flipped))),
    Row(
        "consent-status-changed",
        11,
        "a member outside the signature",
        changed(put("consent/record/status/state", "paused")),
    ),
    Row("consent-of-another-version", 11, "an entry about another version", activated(version=2)),
    Row("consent-of-another-id", 11, "an entry about another consent", activated(consent=ELSEWHERE)),
    Row(
        "consent-of-another-commitment", 11, "an entry that commits to something else", activated(commitment=ELSEWHERE)
    ),
    Row("consent-of-another-expiry", 11, "an entry that expires later", activated(expires_at="2028-01-31T00:00:00Z")),
    Row("consent-not-activated", 11, "an entry that pauses", activated("consent.paused", expires_at=...)),
    Row(
        "consent-by-another-gateway",
        11,
        "activated by another organisation",
        of_another_gateway(enrolled_by=GATEWAY, activated_by=STRANGER),
    ),
    Row(
        "passkey-enrolled-by-another",
        11,
        "a passkey that another organisation enrolled",
        of_another_gateway(enrolled_by=STRANGER, activated_by=GATEWAY),
    ),
    Row(
        "terms-changed-after-signing",
        11,
        "an expiry changed after the passkey signed",
        afterwards(put("limits/expires_at", "2030-01-31T00:00:00Z")),
    ),
    Row("digest-changed", 11, "another digest in the proof", afterwards(put("proof/digest", ELSEWHERE))),
    Row(
        "passkey-signature-forged",
        11,
        "a passkey's signature over something else",
        afterwards(put(f"{ASSERTION}/authenticator_data", lambda text: f"{text[:-2]}QA")),
    ),
    Row(
        "passkey-signature-misspelt",
        11,
        "a byte after the signature's DER",
        afterwards(put(f"{ASSERTION}/signature", misspelt)),
    ),
    Row("passkey-signature-empty", 11, "no signature", afterwards(put(f"{ASSERTION}/signature", ""))),
    Row(
        "authenticator-data-short",
        11,
        "authenticator data of 36 bytes",
        afterwards(put(f"{ASSERTION}/authenticator_data", lambda text: b64u(unb64u(text)[:36]))),
    ),
    Row("user-not-verified", 11, "a passkey that did not verify its user", signed_by(flags=0x01)),
    Row("user-not-present", 11, "a passkey that nobody touched", signed_by(flags=0x04)),
    Row("passkey-of-another-domain", 11, "another relying party's hash", signed_by(rp_id="gateway.invalid")),
    Row(
        "page-of-another-origin",
        11,
        "a page that is not the gateway's",
        signed_by(origin="https://gateway.example.invalid"),
    ),
    Row("page-of-a-similar-origin", 11, "a host that ends alike", signed_by(origin="https://evilgateway.example")),
    Row("page-without-encryption", 11, "http", signed_by(origin="http://gateway.example")),
    Row("page-that-is-no-origin", 11, "an origin that cannot be read", signed_by(origin="https://[gateway.example")),
    Row("page-within-another", 11, "a page within another site's", signed_by(cross_origin=True)),
    Row("passkey-made-not-used", 11, "client data of a registration", signed_by(type="webauthn.create")),
    Row("another-challenge", 11, "another challenge", signed_by(challenge=sha256(b"other"))),
    Row(
        "product-not-consented", 11, "a product that the consent does not cover", covering(products=["transport_event"])
    ),
    Row("product-version-unknown", 11, "a version that nobody knows", lambda: of_version(99)),
    Row(
        "field-not-consented",
        11,
        "a field that the consent does not cover",
        covering(fields={"bill_of_lading": ["/cargo"]}),
    ),
    Row(
        "field-below-not-consented",
        11,
        "a field beside the one consented",
        covering(fields={"bill_of_lading": ["/cargo", "/document/number"]}),
    ),
    Row("personal-field-not-consented", 11, "a person's name", shown_whole()),
    Row("original-beside-withheld-fields", 11, "the original's digest beside withheld fields", shown_whole(without=1)),
    Row("receipt-forged", 12, "a receipt that somebody else signed", receipt_forged),
    Row("receipt-by-another-gateway", 12, "a receipt of another organisation", lambda: pull(told={"by": STRANGER})),
    Row(
        "receipt-for-another-bank",
        12,
        "a receipt for a bank that the consent does not name",
        lambda: replace(pull(told={"aud": "westbank"}), audience=None),
    ),
    Row("replayed-by-another-bank", 12, "another bank shows it as its own", asked_by("westbank")),
    Row("receipt-of-another-consent", 12, "another consent cited", cited(id=ELSEWHERE)),
    Row("receipt-of-another-version", 12, "another version cited", cited(version=2)),
    Row("receipt-of-another-commitment", 12, "another commitment cited", cited(commitment=ELSEWHERE)),
    Row("receipt-of-another-header", 12, "another header A named", said(keys_at=2)),
    Row("receipt-before-the-start", 12, "pulled before the consent began", said(iat=1_700_000_000)),
    Row("receipt-after-the-end", 12, "pulled when the consent ended", said(iat=EXPIRY)),
    Row("header-a-after-the-end", 12, "keys of after the consent ended", after_the_end),
    Row("receipt-of-other-records", 12, "other hashes", said(records=HASHES)),
    Row("receipt-of-one-record-more", 12, "a hash too many", said(records=[*HASHES, ELSEWHERE])),
    Row("receipt-of-no-record", 12, "no hash", said(records=[])),
    Row(
        "record-left-out", 12, "a record of the receipt is not there", changed(put("records", lambda given: given[:1]))
    ),
    Row("records-in-another-order", 12, "two records swapped", changed(swapped)),
    Row(
        "field-withheld-afterwards",
        12,
        "a disclosure taken away",
        changed(put("records/0/sd_jwt", lambda text: f"{text[:-1].rpartition('~')[0]}~")),
    ),
)
