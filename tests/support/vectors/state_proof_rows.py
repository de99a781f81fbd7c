"""The vectors of state proofs, and their files."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

from ledger.blocks.headers import Header
from ledger.codec import b64u, canonical, sha256, unb64u
from ledger.verify.state import StateVerdict, verify
from tests.support.vectors.chain import validator_set
from tests.support.vectors.files import EXPECTED, NOW, instant, plain
from tests.support.vectors.rows import flipped, put
from tests.support.vectors.spoilt_validators import ELSEWHERE, STRANGERS, VALIDATORS
from tests.support.vectors.state_proofs import (
    Row,
    absent,
    after_its_end,
    bytes_changed,
    changed,
    committed,
    consent,
    handed_over,
    idle_hand_over,
    of_a_former_set,
    of_all_kinds,
    of_strangers,
    provider,
    stating,
    told_absent,
    trusting,
    usual,
)
from tests.support.vectors.story import Change

PLACE, VOTES = "proofs/0", "commit/signatures"
ACTIVE: dict[str, Any] = {
    "commitment": ELSEWHERE,
    "expires_at": "2027-01-31T00:00:00Z",
    "height": 2,
    "org": "tidegate",
    "state": "active",
    "version": 1,
}
FORMER = [{"first_height": 1, "validators": [each.json() for each in validator_set(VALIDATORS)]}]


def reverse(value: list[Any]) -> list[Any]:
    return value[::-1]


def without(name: str) -> Change:
    return lambda value: value.pop(name)


def moved(text: str) -> str:
    """Return base64url of a path that begins with another bit."""
    path = unb64u(text)
    return b64u(bytes([path[0] ^ 0x80]) + path[1:])


def at_another_time(header: Header) -> Header:
    return replace(header, time=header.time + 1)


VALID = (
    Row("consent-active", None, "a consent that is in force", consent()),
    Row("consent-paused", None, "a consent that is paused", consent("consent.paused")),
    Row("consent-revoked", None, "a consent that was revoked", consent("consent.revoked")),
    Row("consent-ended", None, "a consent whose pulls are used up", consent("consent.ended")),
    Row("consent-expired", None, "a consent after its end, which no entry has ended", after_its_end),
    Row("consent-absent-nothing-there", None, "no such consent: an empty subtree", absent(beside=False)),
    Row("consent-absent-another-there", None, "no such consent: another key's leaf", absent(beside=True)),
    Row("of-all-kinds", None, "all that the state may say", of_all_kinds),
    Row("key-of-a-provider", None, "a sealing key of P-256", provider),
    Row("hand-over", None, "the validators changed since the trust file", lambda: handed_over(1)),
    Row("two-hand-overs", None, "they changed twice", lambda: handed_over(2)),
    Row("hand-over-known", None, "the trust file knows by now", lambda: handed_over(2, newer_trust=True)),
    Row("former-set", None, "a header of a former set of validators", of_a_former_set),
)
FORMS = (
    Row(
        "space", 1, "white space between tokens", bytes_changed(lambda data: data.replace(b',"format"', b', "format"'))
    ),
    Row("line-feed-at-the-end", 1, "a byte after the document", bytes_changed(lambda data: data + b"\n")),
    Row("unknown-member", 1, "a member that the form does not have", changed(put("extra", 1))),
    Row("missing-member", 1, "a member that the form has", changed(without("handovers"))),
    Row("other-format", 1, "a format of another number", changed(put("format", "tidegate-state-proof/2"))),
    Row("nothing-proved", 1, "no proof", changed(put("proofs", []))),
    Row("proofs-out-of-order", 1, "proofs not sorted by key", changed(put("proofs", reverse))),
    Row("key-twice", 1, "a key proved twice", changed(put("proofs", lambda given: [given[0], *given]))),
    Row("value-that-is-no-object", 1, "a list for a value", changed(put(f"{PLACE}/value", []))),
    Row(
        "number-with-fraction",
        1,
        "an integer written 1.0",
        bytes_changed(lambda data: data.replace(b'"version":1}', b'"version":1.0}')),
    ),
    Row("value-and-another-leaf", 1, "a value beside another leaf", changed(put(f"{PLACE}/other", [ELSEWHERE] * 2))),
    Row(
        "another-leaf-without-value",
        1,
        "a leaf's path without its hash",
        changed(put(f"{PLACE}/other", lambda given: given[:1]), of=absent(beside=True)),
    ),
    Row("short-sibling", 1, "a sibling of 31 bytes", changed(put(f"{PLACE}/siblings/0", b64u(bytes(31))))),
    Row("key-beyond-ascii", 1, "a key that is not ASCII", changed(put(f"{PLACE}/key", "consent/\u00e9"))),
    Row("validators-out-of-order", 1, "a set not in CometBFT's order", changed(put("validators", reverse))),
    Row("idle-hand-over", 1, "a hand-over that changes no set", idle_hand_over(changes_nothing=True)),
    Row("hand-over-to-nobody", 1, "a hand-over whose set signs nothing", idle_hand_over(changes_nothing=False)),
)
BLOCKS = (
    Row("another-chain", 2, "a header of another chain", changed(put("header/chain", "other"))),
    Row("another-operators-chain", 2, "a whole chain of strangers", of_strangers),
    Row(
        "pinned-block-replaced",
        2,
        "another block where one is pinned",
        trusting(put("pinned", {"block_hash": ELSEWHERE, "height": 5}), put("former", FORMER)),
    ),
    Row("validators-unknown", 2, "a set that nothing leads to", changed(put("header/validators_hash", ELSEWHERE))),
    Row("validators-of-another-header", 2, "another set", changed(put("validators", lambda given: given[:2]))),
    Row(
        "hand-over-missing",
        2,
        "the hand-over is left out",
        changed(put("handovers", []), of=lambda: handed_over(1)),
    ),
    Row(
        "hand-over-by-two-thirds",
        2,
        "exactly 2/3 of the power hand over",
        changed(put("handovers/0/commit/signatures", lambda given: given[:2]), of=lambda: handed_over(1)),
    ),
    Row("trust-file-forged", 2, "changed after signing", lambda: replace(usual(), trust=usual().trust[:-9] + b"A" * 9)),
    Row("commit-empty", 3, "a commit without signatures", changed(put(VOTES, []))),
    Row("two-thirds-exactly", 3, "2/3 of the power, not more", changed(put(VOTES, lambda given: given[:2]))),
    Row("vote-forged", 3, "one bit of a signature", changed(put(f"{VOTES}/1/signature", flipped))),
    Row("votes-out-of-order", 3, "votes not in the set's order", changed(put(VOTES, reverse))),
    Row("votes-by-strangers", 3, "all votes by strangers", committed(by=STRANGERS)),
    Row("votes-for-another-chain", 3, "votes for another chain", committed(chain="other")),
    Row("commit-of-another-height", 3, "a commit's height", changed(put("commit/height", 77))),
    Row("header-forged", 4, "another state in the header", changed(put("header/app_hash", ELSEWHERE))),
    Row("header-at-another-time", 4, "a header's time", changed(put("header/time", "2026-11-24T09:00:00Z"))),
    Row("another-block-committed", 4, "a true commit, for another block", committed(hash=sha256(b"another block"))),
)
STATE = (
    Row(
        "state-of-another-root",
        5,
        "a committed header with another state",
        committed(lambda header: replace(header, app_hash=sha256(b""))),
    ),
    Row(
        "consent-said-to-be-active",
        5,
        "a revoked consent said to be active",
        changed(put(f"{PLACE}/value/state", "active"), of=consent("consent.revoked")),
    ),
    Row("consent-said-to-be-absent", 5, "a consent that is there, said to be absent", told_absent),
    Row(
        "consent-said-to-be-nothing", 5, "the same, an empty subtree in its place", changed(put(f"{PLACE}/value", None))
    ),
    Row(
        "absent-said-to-be-there",
        5,
        "an absent consent said to be active",
        changed(put(f"{PLACE}/other", []), put(f"{PLACE}/value", ACTIVE), of=absent(beside=True)),
    ),
    Row("sibling-changed", 5, "a sibling of a proof", changed(put(f"{PLACE}/siblings/0", flipped))),
    Row(
        "siblings-too-many",
        5,
        "a sibling too many",
        changed(put(f"{PLACE}/siblings", lambda given: [*given, ELSEWHERE])),
    ),
    Row("siblings-too-few", 5, "a sibling too few", changed(put(f"{PLACE}/siblings", lambda given: given[:-1]))),
    Row(
        "another-leaf-elsewhere",
        5,
        "a leaf that does not stand in the key's place",
        changed(put(f"{PLACE}/other/0", moved), of=absent(beside=True)),
    ),
    Row(
        "another-leaf-changed",
        5,
        "another leaf's hash",
        changed(put(f"{PLACE}/other/1", flipped), of=absent(beside=True)),
    ),
    Row("another-key", 5, "another key with the same proof", changed(put(f"{PLACE}/key", f"consent/{ELSEWHERE}"))),
    Row(
        "consent-of-another-form",
        5,
        "a consent in a state that there is not",
        stating(f"consent/{ELSEWHERE}", {**ACTIVE, "state": "given"}),
    ),
    Row(
        "consent-with-more",
        5,
        "a member that a consent does not have",
        stating(f"consent/{ELSEWHERE}", {**ACTIVE, "extra": 1}),
    ),
    Row("organisation-of-another-form", 5, "a height below zero", stating("org/nobody", {"suspended": -1})),
)
ROWS = (*VALID, *FORMS, *BLOCKS, *STATE)


def files() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file: proofs, trust files, and what is expected of each proof."""
    trusted: dict[bytes, str] = {}
    vectors = []
    for row in ROWS:
        made = row.made()
        if made.trust not in trusted:
            trusted[made.trust] = f"{row.name}.trust.json" if trusted else "trust.json"
            yield trusted[made.trust], made.trust
        yield f"{row.name}.json", made.data
        vector: dict[str, Any] = {
            "about": row.about,
            "file": f"{row.name}.json",
            "step": row.step,
            "trust": trusted[made.trust],
        }
        if row.step is None:
            vector["proves"] = proved(verify(made.data, made.trust, now=NOW))
        vectors.append(vector)
    lines = b",\n".join(canonical(vector) for vector in vectors)
    yield EXPECTED, b'{"now":' + canonical(instant(NOW)) + b',"vectors":[\n' + lines + b"\n]}\n"


def proved(verdict: StateVerdict) -> dict[str, Any]:
    """Return a verdict as JSON: instants to the second."""
    return {name: plain(value) for name, value in asdict(verdict).items()}
