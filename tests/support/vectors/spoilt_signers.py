"""Evidences that fail at steps 7 to 10: keys in the state, signatures of entries, leaves of batches, records."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ledger import record
from ledger.codec import b64u, sha256
from tests.support.evidence import edited
from tests.support.ledger import Key
from tests.support.vectors.agreement import CARRIER, GATEWAY, LINER
from tests.support.vectors.keys import Impostor, ed25519, p256
from tests.support.vectors.rows import Row, Told, changed, flipped, granted, pull, put, resealed
from tests.support.vectors.story import STRANGER, Story

ELSEWHERE = b64u(sha256(b"elsewhere"))


def told(story: Story, **said: Any) -> Told:
    return Told(story.told(**said), story.trust())


def rotation(story: Story, old: Key, *, compromised_since: int = 0, add: tuple[Any, ...] = ()) -> bytes:
    """Return the entry that ends a key of the gateway."""
    body = {"org": GATEWAY, "remove": old.kid, "compromised_since": compromised_since, "add": list(add)}
    return story.entry("org.rotate_key", body)


def sealing_key_rotated(*, before: bool, compromised_since: int = 0) -> Callable[[], Told]:
    """Return a story in which the sealing key ends, before or after its batch is anchored."""

    def made() -> Told:
        story = granted()
        end = rotation(story, story.sealing[GATEWAY], compromised_since=compromised_since)  # type: ignore[arg-type]
        if before:
            story.submit(end)
        story.anchor([story.seal(0)], shown=(0,))
        if not before:
            story.submit(end)
        return told(story)

    return made


def provider_registered_late() -> Told:
    """A record sealed by a provider whose key comes only after the batch."""
    story = Story()
    story.enrol()
    story.activate(story.agreed())
    story.anchor([story.seal(0, provider=CARRIER, issuer=CARRIER)], shown=(0,))
    story.register(CARRIER)
    return told(story)


def provider_not_registered() -> Told:
    """A record sealed by a provider that the ledger does not know."""
    story = Story()
    story.enrol()
    story.activate(story.agreed())
    story.anchor([story.seal(0, provider=LINER, issuer=LINER)], shown=(0,))
    return told(story)


def passkey(when: str) -> Callable[[], Told]:
    """Return a story in which the passkey is enrolled never or late, or removed before it signs."""

    def made() -> Told:
        story = Story()
        if when == "removed":
            story.enrol()
            story.submit(story.entry("owner.credential_removed", {"commitment": story.credential}))
        story.activate(story.agreed())
        if when == "late":
            story.enrol()
        story.anchor([story.seal(0)], shown=(0,))
        return told(story)

    return made


def under_an_older_header() -> Told:
    """Keys proved under a header that is older than the batch; since then the sealing key was revoked."""
    story = granted()
    story.chain.add()
    height = story.chain.height
    story.submit(rotation(story, story.sealing[GATEWAY]))  # type: ignore[arg-type]
    story.anchor([story.seal(0)], shown=(0,))
    return told(story, under=height)


def entry_forged() -> Told:
    """An entry whose signature does not verify, though the validators let it pass."""
    story = granted()
    story.entries[GATEWAY] = Impostor(story.entries[GATEWAY], ed25519("somebody"))
    story.anchor([story.seal(0)], shown=(0,), lie=True)
    story.entries[GATEWAY] = ed25519("tidegate entries")
    return told(story)


def entry_by_p256() -> Told:
    """An entry by a key of another curve, though the validators let it pass."""
    story = granted()
    other = p256("tidegate entries")
    story.submit(rotation(story, story.receipts[GATEWAY], add=(other.registered("entries"),)))
    story.receipts[GATEWAY] = ed25519("tidegate receipts 2")
    story.submit(rotation(story, ed25519("tidegate receipts"), add=(story.receipts[GATEWAY].registered("receipts"),)))

    story.entries[GATEWAY] = Impostor(other, ed25519("somebody"))
    story.anchor([story.seal(0)], shown=(0,), lie=True)
    story.entries[GATEWAY] = ed25519("tidegate entries")
    return told(story)


def forged_record(*, issuer: str = GATEWAY, provider: str = CARRIER) -> Callable[[], Told]:
    """Return a story of a record that somebody else signed in the issuer's name, truly anchored."""

    def made() -> Told:
        story = granted()
        story.register(LINER)
        key = story.sealing[issuer]
        forger: Any = ed25519("somebody").private if isinstance(key, Key) else p256("somebody").private
        sealer = record.Sealer(issuer, key.kid, forger)
        story.anchor([story.seal(0, provider=provider, sealer=sealer)], shown=(0,))
        return told(story)

    return made


def other_algorithm() -> Told:
    """A record whose header says ES256, by a key of Ed25519."""
    story = granted()
    story.anchor([resealed(story, 0, header=put("alg", "ES256"))], shown=(0,))
    return told(story)


def sealed_by_a_stranger() -> Told:
    """A record sealed by an organisation that is neither its provider nor the consent's gateway."""
    story = granted()
    story.anchor([story.seal(0, issuer=STRANGER)], shown=(0,))
    return told(story)


def of_another_batch() -> Told:
    """A record in the place of another, of the same gateway."""
    usual, other = pull(), Story()
    other.random = lambda size: sha256(b"other")[:size]  # type: ignore[assignment]
    foreign = other.presented(other.seal(0))
    return replace(usual, data=edited(usual.data, put("records/0/sd_jwt", foreign)))


def idle_key() -> Told:
    """A key that is proved, but signed nothing."""
    story = granted()
    story.anchor([story.seal(0)], shown=(0,))
    return told(story, also=[f"key/{STRANGER}/{story.entries[STRANGER].kid}"])


def lengthened(path: list[str]) -> list[str]:
    return [*path, ELSEWHERE]


PROOF = "keys/proofs/0"

ROWS = (
    Row("key-value-changed", 7, "a value of the state", changed(put("keys/proofs/1/value/until", 99))),
    Row("key-proof-changed", 7, "a sibling of a proof", changed(put(f"{PROOF}/siblings/0", flipped))),
    Row("key-proof-too-long", 7, "a sibling too many", changed(put(f"{PROOF}/siblings", lengthened))),
    Row("key-proof-too-short", 7, "a sibling too few", changed(put(f"{PROOF}/siblings", lambda given: given[:-1]))),
    Row("key-not-proved", 7, "a key that signed is not proved", changed(put("keys/proofs", lambda given: given[:-1]))),
    Row("key-idle", 7, "a key is proved that signed nothing", idle_key),
    Row(
        "key-of-another-use",
        7,
        "a receipt signed by a key for entries",
        lambda: pull(told={"key": ed25519("tidegate entries")}),
    ),
    Row("key-ended", 7, "a sealing key that ended before the batch", sealing_key_rotated(before=True)),
    Row(
        "key-compromised-since",
        7,
        "a sealing key compromised since before the batch",
        sealing_key_rotated(before=False, compromised_since=1),
    ),
    Row("key-not-yet-valid", 7, "a provider registered after the batch", provider_registered_late),
    Row("key-not-registered", 7, "a provider that is not registered", provider_not_registered),
    Row("passkey-not-enrolled", 7, "a passkey that is not in the state", passkey("never")),
    Row("passkey-enrolled-late", 7, "a passkey enrolled after it signed", passkey("late")),
    Row("passkey-removed", 7, "a passkey removed before it signed", passkey("removed")),
    Row(
        "passkey-of-another-owner",
        7,
        "another owner's name in the consent",
        lambda: pull(agreed={"after": put("parties/owner/id", "another-owner")}),
    ),
    Row("header-a-too-old", 7, "keys as they were before the batch", under_an_older_header),
    Row("entry-signature-forged", 8, "an entry signed by somebody else", entry_forged),
    Row("entry-by-another-curve", 8, "an entry by a key of P-256", entry_by_p256),
    Row("index-changed", 9, "another place in the batch", changed(put("records/0/index", 1))),
    Row("index-outside", 9, "a place outside the batch", changed(put("records/0/index", 3))),
    Row("path-changed", 9, "a hash of a record's path", changed(put("records/0/path/0", flipped))),
    Row("path-too-short", 9, "a path without its end", changed(put("records/0/path", lambda given: given[:-1]))),
    Row("path-too-long", 9, "a path with more", changed(put("records/0/path", lengthened))),
    Row("path-empty", 9, "no path", changed(put("records/0/path", []))),
    Row("record-of-another-batch", 9, "a record that is not in the batch", of_another_batch),
    Row("batch-of-another-size", 9, "an entry that signs another size", lambda: pull(anchored={"size": 5})),
    Row("batch-of-another-root", 9, "an entry that signs another root", lambda: pull(anchored={"root": ELSEWHERE})),
    Row("batch-of-receipts", 9, "a batch of another stream", lambda: pull(anchored={"stream": "receipts"})),
    Row("batch-that-is-none", 9, "a record anchored by the consent's entry", changed(put("records/0/anchor", 0))),
    Row("record-signature-forged", 10, "a record that somebody else sealed", forged_record()),
    Row("record-signature-forged-p256", 10, "the same, P-256", forged_record(issuer=LINER, provider=LINER)),
    Row("record-of-another-algorithm", 10, "ES256 by a key of Ed25519", other_algorithm),
    Row("record-sealed-by-a-stranger", 10, "neither provider nor gateway", sealed_by_a_stranger),
)
