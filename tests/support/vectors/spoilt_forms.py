"""Evidences that fail at step 1: the file is not in the one form, or something idle stands in it."""

import json
from typing import Any

from ledger import jws, receipt
from ledger.codec import b64u, canonical, sha256, unb64u
from tests.support.evidence import edited
from tests.support.vectors.keys import ed25519
from tests.support.vectors.rows import (
    Row,
    Told,
    bytes_changed,
    changed,
    disclosing,
    granted,
    pull,
    put,
    resealed,
)
from tests.support.vectors.rows import with_record as record
from tests.support.vectors.story import Change, Story

FORGED = b64u(canonical([b64u(bytes(16)), "weight", 1]))
RESERVED = b64u(canonical([b64u(bytes(16)), "iss", "eastbank"]))


def replaced(old: str, new: str) -> Any:
    """Return the usual evidence with its first `old` replaced."""
    return bytes_changed(lambda data: data.replace(old.encode(), new.encode("utf-8", "surrogatepass"), 1))


def agreed(change: Change) -> Any:
    """Return the usual story with the consent record changed after it was signed."""
    return lambda: pull(agreed={"after": change})


def said(change: Change) -> Any:
    """Return the usual evidence with another receipt, truly signed."""

    def told() -> Told:
        story = granted()
        usual = Told(story.told(), story.trust())
        key = story.receipts["tidegate"]

        def sign_again(compact: str) -> str:
            value = jws.payload(jws.read(compact, typ=receipt.TYP, max_bytes=1 << 20), max_bytes=1 << 20)
            change(value)
            return jws.sign(canonical(value), typ=receipt.TYP, kid=key.kid, key=key.private)

        return Told(edited(usual.data, put("receipt", sign_again)), usual.trust)

    return told


def handed_over(*, idle: bool) -> Told:
    """A hand-over that changes no set; or one to a set that signs no block of the file."""
    story = granted()
    last = story.chain.validators
    if idle:
        story.handovers.append(story.chain.hand_over(last))
        return Told(story.told(), story.trust())
    data, trust = story.told(), story.trust()
    late = story.chain.hand_over([ed25519("validator fourth")])
    return Told(edited(data, put("handovers", [late])), trust)


def reordered(data: bytes) -> bytes:
    value = json.loads(data)
    return json.dumps(dict(reversed(value.items())), separators=(",", ":"), ensure_ascii=False).encode()


def reverse(value: list[Any]) -> list[Any]:
    return value[::-1]


def without(name: str) -> Change:
    return lambda value: value.pop(name)


def jwt_header(name: str, content: Any) -> Any:
    return record(header=lambda header: header.update({name: content}))


def jwt_payload(**members: Any) -> Any:
    return record(payload=lambda payload: payload.update(members))


def digest_twice(payload: dict[str, Any]) -> None:
    payload["_sd"] = [payload["_sd"][0], *payload["_sd"]]


def claim_name_taken() -> Told:
    """A disclosure that would put another issuer in the place of the visible one."""
    story: Story = granted()

    def add(payload: dict[str, Any]) -> None:
        payload["_sd"] = sorted([*payload["_sd"], b64u(sha256(RESERVED.encode()))])

    story.anchor([resealed(story, 0, payload=add)], shown=(0,))
    data = edited(story.told(), disclosing(lambda given: [*given, RESERVED]))
    return Told(data, story.trust())


def resalted(disclosure: str) -> str:
    return b64u(canonical([b64u(bytes(16)), *json.loads(unb64u(disclosure))[1:]]))


def idle_block() -> Told:
    story = granted()
    story.anchor([story.seal(0)], shown=(0,))
    story.chain.add()
    return Told(edited(story.told(), put("keys/block", 0)), story.trust())


def _key_binding(presentation: str) -> str:
    return presentation + presentation.partition("~")[0]


ROWS = tuple(
    Row(name, 1, about, told)
    for name, about, told in (
        ("space", "white space between tokens", replaced(',"blocks"', ', "blocks"')),
        ("line-feed-at-the-end", "a byte after the document", bytes_changed(lambda data: data + b"\n")),
        ("truncated", "the last byte is missing", bytes_changed(lambda data: data[:-1])),
        ("byte-order-mark", "bytes before the document", bytes_changed(lambda data: b"\xef\xbb\xbf" + data)),
        ("not-utf8", "a byte that is not UTF-8", bytes_changed(lambda data: data.replace(b"loan", b"l\xf6an"))),
        ("members-out-of-order", "members not sorted", bytes_changed(reordered)),
        ("duplicate-member", "a member twice", replaced('{"anchors":', '{"anchors":[],"anchors":')),
        ("escaped-letter", "a letter written as an escape", replaced('"format":"tide', '"format":"\\u0074ide')),
        ("number-with-fraction", "an integer written 0.0", replaced('"index":0', '"index":0.0')),
        ("number-with-exponent", "an integer written 2e0", replaced('"index":2', '"index":2e0')),
        ("number-too-large", "an integer above 2^53 - 1", replaced('"index":2', '"index":9007199254740992')),
        ("negative-zero", "an integer written -0", replaced('"index":0', '"index":-0')),
        ("lone-surrogate", "half of a surrogate pair", replaced("Pre-shipment loan", "\\ud800")),
        ("nul-character", "NUL in a string", replaced("Pre-shipment loan", "\\u0000")),
        ("too-deep", "nested deeper than 48", agreed(put("events", json.loads("[" * 50 + "]" * 50)))),
        ("unknown-member", "a member that the form does not have", changed(put("extra", 1))),
        ("unknown-member-in-a-header", "the same, in a header", changed(put("blocks/0/header/extra", 1))),
        (
            "unknown-member-in-a-signature",
            "the same, in an entry's signature",
            changed(put("anchors/0/entry/signatures/0/extra", 1)),
        ),
        ("missing-member", "a member that the form has", changed(without("handovers"))),
        ("other-format", "a format of another number", changed(put("format", "tidegate-evidence/2"))),
        ("padded-base64", "base64url with padding", changed(put("consent/salt", lambda text: f"{text}="))),
        (
            "base64-with-idle-bits",
            "unused bits that are not zero",
            changed(put("consent/salt", lambda text: f"{text[:-1]}B")),
        ),
        (
            "base64-of-another-alphabet",
            "base64 that is not base64url",
            changed(put("consent/salt", lambda text: f"+{text[1:]}")),
        ),
        ("short-hash", "a hash of 31 bytes", changed(put("blocks/0/header/app_hash", b64u(bytes(31))))),
        ("height-as-text", "a string for a number", changed(put("blocks/0/header/height", str))),
        ("height-zero", "a height below 1", changed(put("blocks/0/header/height", 0))),
        (
            "time-with-a-trailing-zero",
            "a time not trimmed",
            changed(put("blocks/0/header/time", lambda text: f"{text[:-1]}0Z")),
        ),
        ("no-such-day", "a time that does not exist", changed(put("blocks/0/header/time", "2026-02-30T00:00:00Z"))),
        ("block-that-is-not-there", "a number beyond the list", changed(put("anchors/0/block", 9))),
        ("blocks-out-of-order", "blocks not sorted by height", changed(put("blocks", reverse))),
        ("idle-block", "a block that nothing names", idle_block),
        ("idle-anchor", "an anchor that nothing names", changed(put("records", []))),
        (
            "idle-validators",
            "a validator set that nothing names",
            changed(put("validators", lambda sets: [*sets, sets[0]])),
        ),
        ("idle-hand-over", "a hand-over that changes no set", lambda: handed_over(idle=True)),
        ("hand-over-to-nobody", "a hand-over whose set signs no block", lambda: handed_over(idle=False)),
        ("validators-out-of-order", "a set not in CometBFT's order", changed(put("validators/0", reverse))),
        (
            "validator-twice",
            "a validator twice in a set",
            changed(put("validators/0", lambda given: [given[0], *given])),
        ),
        ("keys-out-of-order", "proofs not sorted by key", changed(put("keys/proofs", reverse))),
        ("key-twice", "a key proved twice", changed(put("keys/proofs", lambda given: [given[0], *given]))),
        ("key-proved-absent", "a proof of absence", changed(put("keys/proofs/0/other", [b64u(bytes(32))] * 2))),
        (
            "entry-of-an-unknown-type",
            "an entry's type that there is not",
            changed(put("anchors/0/entry/type", "consent.given")),
        ),
        (
            "disclosure-forged",
            "a disclosure that no digest calls for",
            changed(disclosing(lambda given: [*given, FORGED])),
        ),
        (
            "disclosure-changed",
            "a disclosure with another salt",
            changed(disclosing(lambda given: [*given[:-1], resalted(given[-1])])),
        ),
        ("disclosure-twice", "a disclosure twice", changed(disclosing(lambda given: [*given, given[-1]]))),
        (
            "disclosure-without-its-parent",
            "an element whose object is withheld",
            changed(disclosing(lambda given: given[1:])),
        ),
        (
            "no-tilde-at-the-end",
            "an SD-JWT not ending in a tilde",
            changed(put("records/0/sd_jwt", lambda text: text[:-1])),
        ),
        ("key-binding", "an SD-JWT with a JWT behind it", changed(put("records/0/sd_jwt", _key_binding))),
        ("claim-name-taken", "a disclosure that renames the issuer", claim_name_taken),
        ("digest-twice", "a digest twice in _sd", record(payload=digest_twice)),
        ("another-hash", "an _sd_alg that is not sha-256", jwt_payload(_sd_alg="sha-512")),
        ("visible-claim-too-many", "a claim that should be a disclosure", jwt_payload(weight=1)),
        ("version-with-leading-zero", "a vct not in its form", jwt_payload(vct="urn:tidegate:bill_of_lading:01")),
        ("issuer-that-is-no-id", "an iss with a slash", jwt_payload(iss="tidegate/key")),
        ("issued-at-a-fraction", "an iat that is no integer", jwt_payload(iat=1.5)),
        ("header-with-crit", "a JWS header with more members", jwt_header("crit", ["exp"])),
        ("algorithm-none", "alg none", jwt_header("alg", "none")),
        ("another-type-of-jwt", "typ JWT", jwt_header("typ", "JWT")),
        ("receipt-with-more", "a member that a receipt does not have", said(put("exp", 1))),
        (
            "receipt-with-an-empty-omission",
            "a count of zero",
            said(put("omitted", [{"count": 0, "product": "p", "reason": "pending"}])),
        ),
        ("consent-with-more", "a member that a consent record does not have", agreed(put("extra", 1))),
        (
            "consent-of-another-form",
            "a schema_version of another number",
            lambda: pull(agreed={"signed": put("schema_version", "tidegate-consent/2")}),
        ),
        (
            "consent-products-as-text",
            "a string for a list of products",
            lambda: pull(agreed={"signed": put("data/products", "bill_of_lading")}),
        ),
        (
            "consent-expiring-never",
            "an expiry that is no instant",
            changed(put("consent/record/limits/expires_at", "2027-02-30T00:00:00Z")),
        ),
    )
)
