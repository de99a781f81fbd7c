"""Evidences that fail at step 2: chains, trust files, sets of validators and their hand-overs."""

from collections.abc import Callable
from dataclasses import replace

from ledger.codec import b64u, sha256
from tests.support.evidence import edited
from tests.support.vectors.chain import validator_set
from tests.support.vectors.keys import ed25519
from tests.support.vectors.rows import Row, Told, changed, granted, pull, put, trusting
from tests.support.vectors.story import Change, Story
from tests.support.vectors.valid import FIRST, SECOND, handed_over

VALIDATORS = [ed25519(f"validator {name}") for name in FIRST]
STRANGERS = [ed25519(f"stranger {number}") for number in range(3)]
ELSEWHERE = b64u(sha256(b"elsewhere"))


def trusted(*changes: Change) -> Callable[[], Told]:
    """Return the usual evidence with a trust file that states otherwise, truly signed."""

    def told() -> Told:
        story = Story()
        data = pull(story).data
        statement = story.chain.statement()
        for change in changes:
            change(statement)
        return Told(data, story.trust(statement))

    return told


def before_the_first() -> Told:
    """A block below the first that the trust file trusts."""
    story = Story()
    data = pull(story).data
    return Told(data, story.trust(story.chain.statement(pinned=6)))


def signing_on() -> Told:
    """A set that signs blocks after it handed over; the set that it handed over to signs the last one."""
    story, trust = granted(), pull().trust
    old = story.chain.validators
    story.handovers.append(story.chain.hand_over([ed25519(f"validator {name}") for name in SECOND]))
    new, story.chain.validators = story.chain.validators, old
    story.anchor([story.seal(0)], shown=(0,))
    story.chain.add()
    story.chain.validators = new
    story.chain.add()
    return Told(story.told(), trust)


def fork_by_a_former_set() -> Told:
    """A set that handed over long ago makes blocks of its own; the trust file knows the hand-over."""
    real = granted()
    real.chain.hand_over([ed25519(f"validator {name}") for name in SECOND])
    real.chain.add()
    trust = real.trust(real.chain.statement(pinned=real.chain.height, former=[(1, VALIDATORS)]))
    story = granted()
    for _ in range(3):
        story.chain.add()
    story.anchor([story.seal(0)], shown=(0,))
    return Told(story.told(), trust)


def hand_over(change: Change) -> Callable[[], Told]:
    """Return an evidence with a hand-over that is changed."""

    def told() -> Told:
        usual = handed_over(1)
        return replace(usual, data=edited(usual.data, change))

    return told


def by_strangers() -> Told:
    """A hand-over that strangers sign, to strangers."""
    story = Story()
    story.chain.validators = STRANGERS
    granted(story)
    story.handovers.append(story.chain.hand_over([ed25519(f"validator {name}") for name in SECOND]))
    story.anchor([story.seal(0)], shown=(0,))
    return Told(story.told(), pull().trust)


FORMER = [{"first_height": 1, "validators": [each.json() for each in validator_set(VALIDATORS)]}]

ROWS = (
    Row("another-chain", 2, "a header of another chain", changed(put("blocks/0/header/chain", "other"))),
    Row(
        "another-operators-chain",
        2,
        "a whole chain of strangers",
        lambda: replace(pull(Story(("x", "y", "z"))), trust=pull().trust),
    ),
    Row(
        "pinned-block-replaced",
        2,
        "another block where one is pinned",
        trusted(put("pinned", {"block_hash": ELSEWHERE, "height": 4}), put("former", FORMER)),
    ),
    Row("before-the-first-trusted-block", 2, "a block below the pinned one", before_the_first),
    Row(
        "validators-unknown",
        2,
        "a header with a set that nothing leads to",
        changed(put("blocks/0/next/validators_hash", ELSEWHERE)),
    ),
    Row(
        "validators-not-those-of-the-header",
        2,
        "another set beside the header",
        changed(put("validators/0", lambda given: given[:2])),
    ),
    Row(
        "trust-file-forged",
        2,
        "a trust file changed after signing",
        trusting(lambda data: data.replace(b'"power":10', b'"power":11')),
    ),
    Row(
        "trust-file-not-canonical", 2, "a trust file with a space", trusting(lambda data: data.replace(b",", b", ", 1))
    ),
    Row(
        "trust-file-without-a-founder",
        2,
        "a trust file that one of two founders signed",
        trusting(lambda data: edited(data, put("signatures", lambda given: given[:1]))),
    ),
    Row(
        "trust-file-signatures-out-of-order",
        2,
        "a trust file whose signatures are not sorted",
        trusting(lambda data: edited(data, put("signatures", lambda given: given[::-1]))),
    ),
    Row(
        "trust-file-of-another-format",
        2,
        "a trust file of another number",
        trusting(lambda data: edited(data, put("format", "tidegate-trust/2"))),
    ),
    Row(
        "trust-file-former-sets-late",
        2,
        "a former set after the present one",
        trusted(put("former", [{**FORMER[0], "first_height": 2}])),
    ),
    Row("former-set-signs-on", 2, "a fork by a set that handed over", fork_by_a_former_set),
    Row(
        "old-set-after-its-hand-over",
        2,
        "a block by the old set above the hand-over",
        signing_on,
    ),
    Row("hand-over-missing", 2, "the hand-over is left out", hand_over(put("handovers", []))),
    Row(
        "hand-over-by-two-thirds",
        2,
        "exactly 2/3 of the power hand over",
        hand_over(put("handovers/0/commit/signatures", lambda given: given[:2])),
    ),
    Row(
        "hand-over-to-others",
        2,
        "a set that the header does not name",
        hand_over(put("handovers/0/validators", lambda given: given[:1])),
    ),
    Row(
        "hand-over-of-another-block",
        2,
        "a commit for another block",
        hand_over(lambda value: put("handovers/0/commit", value["blocks"][1]["commit"])(value)),
    ),
    Row("hand-over-by-strangers", 2, "a hand-over that strangers sign", by_strangers),
)
