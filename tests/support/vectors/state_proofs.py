"""How state proofs are made, true ones and spoilt ones; the table of them is in `state_proof_rows`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ledger import state_proof
from ledger.blocks.headers import BlockId, Header
from ledger.codec import b64u, canonical, sha256
from tests.support.evidence import edited
from tests.support.vectors.agreement import CONSENT, GATEWAY, LINER
from tests.support.vectors.chain import signed_commit
from tests.support.vectors.keys import ed25519
from tests.support.vectors.rows import granted, put
from tests.support.vectors.spoilt_validators import ELSEWHERE, VALIDATORS
from tests.support.vectors.story import STRANGER, Change, Story
from tests.support.vectors.valid import SECOND, THIRD

OF_CONSENT = f"consent/{CONSENT}"
FINGERPRINT, CLAIM = b64u(sha256(b"fingerprint")), b64u(sha256(b"claim"))


@dataclass(frozen=True, slots=True)
class Proved:
    """A state proof, and the trust file to verify it with."""

    data: bytes
    trust: bytes


@dataclass(frozen=True, slots=True)
class Row:
    """A vector: its file's name, the step that must fail (None: it verifies), what it is about, how it is made."""

    name: str
    step: int | None
    about: str
    made: Callable[[], Proved]


def prove(story: Story, *keys: str, trust: bytes | None = None) -> Proved:
    """Return the proof of `keys` under a new header of the story's chain."""
    story.chain.add()
    height = story.chain.height
    data = state_proof.build(
        story.chain.block(height - 1), story.chain.prove(keys, height), handovers=canonical(story.handovers)
    )
    return Proved(data, trust or story.trust())


def consent(*changes: str, **said: Any) -> Callable[[], Proved]:
    """Return the proof of a consent to which such entries happened after it was granted."""

    def made() -> Proved:
        story = granted(**said)
        for change in changes:
            ending = {"reason": "exhausted"} if change == "consent.ended" else {}
            body = {"consent": CONSENT, "version": 1, "commitment": ELSEWHERE, **ending}
            story.submit(story.entry(change, body))
        return prove(story, OF_CONSENT)

    return made


def after_its_end() -> Proved:
    """A consent that nobody has ended on the ledger, under a header of after its expiry."""
    story = granted()
    story.chain.seconds = 100 * 86_400
    return prove(story, OF_CONSENT)


def absent(*, beside: bool) -> Callable[[], Proved]:
    """Return a proof that a consent was never granted: another key's leaf stands in its place, or nothing does."""

    def made() -> Proved:
        story = granted()
        story.chain.add()
        names = (f"consent/{b64u(sha256(str(number).encode()))}" for number in range(1000))
        found = story.chain.prove(list(names), story.chain.height)
        return prove(story, next(each.key for each in found if (each.proof.other is not None) is beside))

    return made


def of_all_kinds() -> Proved:
    """Everything that the state may say, of what is there and of what is not."""
    story = granted()
    old, new = story.sealing[GATEWAY], ed25519("tidegate sealing 2")
    leaked = {"org": GATEWAY, "remove": old.kid, "compromised_since": 2, "add": [new.registered("sealing")]}
    story.submit(story.entry("org.rotate_key", leaked))
    receipts = story.receipts[GATEWAY].kid
    story.submit(story.entry("org.rotate_key", {"org": GATEWAY, "remove": receipts, "compromised_since": 0, "add": []}))
    story.submit(story.entry("org.suspend", {"org": STRANGER}))
    removed = story.submit(story.entry("owner.credential_removed", {"commitment": story.credential}))
    story.submit(story.entry("financing.claimed", {"fingerprint": FINGERPRINT, "claim": CLAIM}))
    released = {"fingerprint": ELSEWHERE, "claim": CLAIM}
    story.submit(story.entry("financing.claimed", released))
    story.submit(story.entry("financing.released", released))
    story.submit(story.entry("validator.set", {"public_key": ELSEWHERE, "power": 10}))
    story.anchor([story.seal(0)], shown=())
    keys = [
        *(f"key/{GATEWAY}/{kid}" for kid in (old.kid, new.kid, receipts, ELSEWHERE)),
        *(f"org/{org}" for org in (GATEWAY, STRANGER, "nobody")),
        *(f"claim/{each}" for each in (FINGERPRINT, ELSEWHERE, CLAIM)),
        f"credential/{story.credential}",
        f"credential/{ELSEWHERE}",
        OF_CONSENT,
        "governors",
        "parameters",
        "validators",
        "unheard-of",
        f"batch/{GATEWAY}/records",
        f"entry/{removed}",
        "title/none",
    ]
    return prove(story, *keys)


def provider() -> Proved:
    """A provider's sealing key, of P-256."""
    story = Story()
    story.register(LINER)
    return prove(story, f"key/{LINER}/{story.sealing[LINER].kid}")


def handed_over(times: int, *, newer_trust: bool = False) -> Proved:
    """Validators change before the header; the trust file is of before, or of after."""
    story = granted()
    trust, former = story.trust(), [(1, story.chain.validators)]
    for names in (SECOND, THIRD)[:times]:
        story.handovers.append(story.chain.hand_over([ed25519(f"validator {name}") for name in names]))
        former.append((story.chain.height + 1, story.chain.validators))
    proved = prove(story, OF_CONSENT, trust=trust)
    if newer_trust:
        *before, (first, _) = former
        proved = replace(proved, trust=story.trust(story.chain.statement(pinned=first, former=before)))
    return proved


def of_a_former_set() -> Proved:
    """A proof of before a change of validators, with a trust file of after it."""
    story = granted()
    proved, former = prove(story, OF_CONSENT), [(1, story.chain.validators)]
    story.chain.hand_over([ed25519(f"validator {name}") for name in SECOND])
    story.chain.add()
    return replace(proved, trust=story.trust(story.chain.statement(pinned=story.chain.height, former=former)))


def usual() -> Proved:
    """The proof of a consent and of a key."""
    story = granted()
    return prove(story, OF_CONSENT, f"key/{GATEWAY}/{story.entries[GATEWAY].kid}")


def changed(*changes: Change, of: Callable[[], Proved] = usual) -> Callable[[], Proved]:
    """Return a proof, the usual one, with its file changed, in canonical form again."""

    def made() -> Proved:
        proved = of()

        def change(value: dict[str, Any]) -> None:
            for each in changes:
                each(value)

        return replace(proved, data=edited(proved.data, change))

    return made


def bytes_changed(change: Callable[[bytes], bytes]) -> Callable[[], Proved]:
    """Return the usual proof with its bytes changed."""

    def made() -> Proved:
        proved = usual()
        data = change(proved.data)
        assert data != proved.data
        return replace(proved, data=data)

    return made


def trusting(*changes: Change) -> Callable[[], Proved]:
    """Return the usual proof with a trust file that states otherwise, truly signed."""

    def made() -> Proved:
        story = granted()
        proved = prove(story, OF_CONSENT)
        statement = story.chain.statement()
        for change in changes:
            change(statement)
        return replace(proved, trust=story.trust(statement))

    return made


def committed(change: Callable[[Header], Header] = lambda header: header, **told: Any) -> Callable[[], Proved]:
    """Return the usual proof whose header is another one, committed by `by`."""

    def recommit(value: dict[str, Any]) -> None:
        header = change(Header.read(value["header"]))
        identity = BlockId(told.get("hash") or header.hash(), 1, sha256(b"parts"))
        commit = signed_commit(told.get("chain", header.chain), header, identity, told.get("by", VALIDATORS))
        value |= {"header": header.json(), "commit": commit.json()}

    return changed(recommit)


def of_strangers() -> Proved:
    """A whole chain of strangers."""
    story = Story(("x", "y", "z"))
    return prove(granted(story), OF_CONSENT, trust=usual().trust)


def idle_hand_over(*, changes_nothing: bool) -> Callable[[], Proved]:
    """Return a proof with a hand-over that changes no set, or to one that signs nothing."""

    def made() -> Proved:
        story = granted()
        if changes_nothing:
            story.handovers.append(story.chain.hand_over(story.chain.validators))
            return prove(story, OF_CONSENT)
        proved = prove(story, OF_CONSENT)
        late = story.chain.hand_over([ed25519("validator fourth")])
        return replace(proved, data=edited(proved.data, put("handovers", [late])))

    return made


def stating(key: str, value: Mapping[str, Any]) -> Callable[[], Proved]:
    """Return a true proof of a value that no state machine of ours writes."""

    def made() -> Proved:
        story = granted()
        story.chain.root = story.chain._change(story.chain.root, {key: dict(value)})
        story.chain.add()
        return prove(story, key)

    return made


def told_absent() -> Proved:
    """A consent that is there, said to be absent: its own leaf as that of another."""
    proved = usual()
    own = sha256(OF_CONSENT.encode())

    def change(value: dict[str, Any]) -> None:
        [place] = [each for each in value["proofs"] if each["key"] == OF_CONSENT]
        place |= {"other": [b64u(own), b64u(sha256(canonical(place["value"])))], "value": None}

    return replace(proved, data=edited(proved.data, change))
