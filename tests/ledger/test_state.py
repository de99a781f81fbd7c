"""The state machine."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.bodies import BODIES
from ledger.codec import b64u
from ledger.entries import build, decode, sign
from ledger.errors import Rejected
from ledger.state import EFFECTS, Code, apply, check, genesis
from tests.support.ledger import Key, Operator, random_digest


class Chain:
    """A state on its own, and the entries applied to it."""

    def __init__(self, operator: Operator | None = None, document: Mapping[str, Any] | None = None) -> None:
        self.operator = operator or Operator()
        self.state: dict[str, dict[str, Any]] = {}
        self.height = 1
        self._take(genesis(document or self.operator.genesis()))

    def _take(self, changes: Mapping[str, dict[str, Any] | None]) -> None:
        for key, value in changes.items():
            if value is None:
                del self.state[key]
            else:
                self.state[key] = value

    def apply(self, entry: bytes) -> Code:
        self.height += 1
        code, changes = apply(self.state, self.height, decode(entry))
        assert (code is Code.OK) == bool(changes)
        self._take(changes)
        return code

    def do(self, type: str, **body: Any) -> Code:  # noqa: A002 - the entry's own member
        return self.apply(self.operator.entry(type, body))

    def refusal(self, entry: bytes) -> tuple[Code, str]:
        with pytest.raises(Rejected) as rejected:
            check(self.state, self.height + 1, decode(entry))
        return Code(rejected.value.code), rejected.value.message


CONSENT, ONE, TWO = random_digest(), random_digest(), random_digest()
EXPIRY = "2027-01-31T00:00:00Z"


def granted(chain: Chain) -> Chain:
    assert chain.do("consent.granted", consent=CONSENT, version=1, commitment=ONE, expires_at=EXPIRY) is Code.OK
    return chain


def test_every_type_has_a_body_and_an_effect() -> None:
    assert set(EFFECTS) == set(BODIES)


def test_a_consent_lives_and_ends() -> None:
    chain = granted(Chain())
    state = {"consent": CONSENT, "version": 1, "commitment": TWO}
    assert chain.do("consent.paused", **state) is Code.OK
    assert chain.do("consent.paused", **state) is Code.WRONG_STATE
    assert chain.do("consent.resumed", **state) is Code.OK
    assert chain.do("consent.amended", **{**state, "version": 2, "expires_at": EXPIRY}) is Code.OK
    assert chain.do("consent.revoked", **state) is Code.OUT_OF_SEQUENCE
    assert chain.do("consent.revoked", **{**state, "version": 2}) is Code.OK
    assert chain.do("consent.resumed", **{**state, "version": 2}) is Code.WRONG_STATE
    assert chain.state[f"consent/{CONSENT}"]["state"] == "revoked"


def test_a_consent_is_granted_once_with_version_1() -> None:
    chain = granted(Chain())
    body = {"consent": CONSENT, "version": 1, "commitment": ONE, "expires_at": EXPIRY}
    assert chain.do("consent.granted", **body) is Code.EXISTS
    assert chain.do("consent.granted", **{**body, "consent": TWO, "version": 2}) is Code.OUT_OF_SEQUENCE


def test_another_organisation_cannot_change_a_consent() -> None:
    chain = granted(Chain())
    other = Operator(org="other-gateway")
    keys = [other.entries.registered("entries")]
    assert chain.do("org.register", org="other-gateway", keys=keys) is Code.OK
    entry = other.entry("consent.revoked", {"consent": CONSENT, "version": 1, "commitment": TWO})
    assert chain.refusal(entry) == (Code.WRONG_SIGNER, f"consent {CONSENT} was granted through tidegate")


def test_batches_follow_one_another() -> None:
    chain = Chain()
    first = {"stream": "records", "root": ONE, "size": 3, "sequence": 1, "previous": b64u(bytes(32))}
    assert chain.do("batch.anchor", **{**first, "sequence": 2}) is Code.OUT_OF_SEQUENCE
    assert chain.do("batch.anchor", **first) is Code.OK
    assert chain.do("batch.anchor", **first) is Code.OUT_OF_SEQUENCE
    assert chain.do("batch.anchor", **{**first, "sequence": 2}) is Code.OUT_OF_SEQUENCE
    assert chain.do("batch.anchor", **{**first, "sequence": 2, "previous": ONE, "root": TWO}) is Code.OK
    assert chain.do("batch.anchor", **{**first, "stream": "receipts"}) is Code.OK


def test_one_claim_holds_a_fingerprint_until_it_is_released() -> None:
    chain = Chain()
    assert chain.do("financing.claimed", fingerprint=ONE, claim=ONE) is Code.OK
    assert chain.do("financing.claimed", fingerprint=ONE, claim=TWO) is Code.CONFLICT
    assert chain.do("financing.released", fingerprint=ONE, claim=TWO) is Code.WRONG_SIGNER
    assert chain.do("financing.released", fingerprint=ONE, claim=ONE) is Code.OK
    assert chain.do("financing.claimed", fingerprint=ONE, claim=TWO) is Code.OK


def test_title_has_one_holder_at_a_time_and_ends_with_surrender() -> None:
    chain = Chain()
    assert chain.do("title.transferred", document=ONE, holder=ONE) is Code.UNKNOWN
    assert chain.do("title.issued", document=ONE, holder=ONE) is Code.OK
    assert chain.do("title.issued", document=ONE, holder=TWO) is Code.EXISTS
    assert chain.do("title.transferred", document=ONE, holder=TWO) is Code.OK
    assert chain.do("title.surrendered", document=ONE, holder=ONE) is Code.WRONG_STATE
    assert chain.do("title.surrendered", document=ONE, holder=TWO) is Code.OK
    assert chain.do("title.transferred", document=ONE, holder=ONE) is Code.WRONG_STATE


def test_a_credential_is_added_and_ended_once() -> None:
    chain = Chain()
    assert chain.do("owner.credential_removed", commitment=ONE) is Code.UNKNOWN
    assert chain.do("owner.credential_added", commitment=ONE) is Code.OK
    assert chain.do("owner.credential_added", commitment=ONE) is Code.EXISTS
    assert chain.do("owner.credential_removed", commitment=ONE) is Code.OK
    assert chain.do("owner.credential_removed", commitment=ONE) is Code.WRONG_STATE


def test_an_entry_is_accepted_once() -> None:
    chain = Chain()
    entry = chain.operator.entry("owner.credential_added", {"commitment": ONE})
    assert chain.apply(entry) is Code.OK
    assert chain.apply(entry) is Code.REPEATED


def test_an_entry_dies_with_its_height() -> None:
    chain = Chain()
    chain.height = 41
    entry = chain.operator.entry("owner.credential_added", {"commitment": ONE}, not_after_height=41)
    assert chain.refusal(entry) == (Code.TOO_LATE, "entry was valid up to height 41, this is 42")


@pytest.mark.parametrize(
    ("signer", "code", "reason"),
    [
        (lambda _: ("tidegate", Key().kid, Key()), Code.WRONG_SIGNER, "is not registered"),
        (lambda operator: ("tidegate", operator.entries.kid, Key()), Code.BAD_SIGNATURE, "does not verify"),
        (
            lambda operator: ("tidegate", operator.receipts.kid, operator.receipts),
            Code.WRONG_SIGNER,
            "is for receipts, expected entries",
        ),
    ],
)
def test_only_a_registered_key_for_entries_signs(signer: Any, code: Code, reason: str) -> None:
    chain = Chain()
    org, kid, key = signer(chain.operator)
    unsigned = build(
        chain=chain.operator.chain,
        entry_id=bytes(16),
        type="owner.credential_added",
        body={"commitment": ONE},
        not_after_height=100,
    )
    got, message = chain.refusal(sign(unsigned, (org, kid, key.private)))
    assert got is code
    assert message.endswith(reason)


def test_a_rotated_key_is_dead_and_its_successor_signs() -> None:
    chain = Chain()
    successor = Key()
    old = chain.operator.entries
    assert (
        chain.do(
            "org.rotate_key",
            org="tidegate",
            remove=old.kid,
            compromised_since=0,
            add=[successor.registered("entries")],
        )
        is Code.OK
    )
    dead = chain.operator.entry("owner.credential_added", {"commitment": ONE})
    assert chain.refusal(dead) == (
        Code.WRONG_SIGNER,
        f"key {old.kid} of tidegate ended at height 2, not valid at 3",
    )
    chain.operator.entries = successor
    assert chain.do("owner.credential_added", commitment=ONE) is Code.OK


def test_a_compromised_key_is_dead_from_the_height_it_says() -> None:
    chain = Chain()
    chain.height = 50
    sealing = chain.operator.sealing
    assert chain.do("org.rotate_key", org="tidegate", remove=sealing.kid, compromised_since=20, add=[]) is Code.OK
    value = chain.state[f"key/tidegate/{sealing.kid}"]
    assert (value["until"], value["compromised_since"]) == (51, 20)


def test_nobody_can_lock_everybody_out() -> None:
    chain = Chain()
    kid = chain.operator.entries.kid
    assert chain.do("org.suspend", org="tidegate") is Code.LOCKOUT
    assert chain.do("org.rotate_key", org="tidegate", remove=kid, compromised_since=0, add=[]) is Code.LOCKOUT


def test_governance_needs_as_many_governing_organisations_as_genesis_says() -> None:
    one, two = Operator(org="one"), Operator(org="two")
    document = {
        **one.genesis(),
        "governance": 2,
        "organisations": [each for operator in (one, two) for each in operator.genesis()["organisations"]],
    }
    chain = Chain(one, document)
    unsigned = build(
        chain=one.chain,
        entry_id=bytes(16),
        type="org.register",
        body={"org": "three", "keys": []},
        not_after_height=100,
    )
    first, second = (one.org, one.entries.kid, one.entries.private), (two.org, two.entries.kid, two.entries.private)
    assert chain.apply(sign(unsigned, first)) is Code.TOO_FEW_SIGNATURES
    assert chain.apply(sign(unsigned, first, second)) is Code.OK


def test_a_genesis_that_nobody_could_govern_is_refused() -> None:
    with pytest.raises(Rejected, match=r"^governance asks for 2 signatures, expected 1 to 1$"):
        genesis({**Operator().genesis(), "governance": 2})


STEPS = st.lists(st.sampled_from(["granted", "amended", "paused", "resumed", "revoked", "ended"]), max_size=12)
NEXT = {
    ("none", "granted"): "active",
    ("active", "amended"): "active",
    ("paused", "amended"): "active",
    ("active", "paused"): "paused",
    ("paused", "resumed"): "active",
    ("active", "revoked"): "revoked",
    ("paused", "revoked"): "revoked",
    ("active", "ended"): "expired",
    ("paused", "ended"): "expired",
}


@given(STEPS)
def test_any_sequence_of_steps_keeps_to_the_consents_life(steps: list[str]) -> None:
    chain, state, version = Chain(OPERATOR), "none", 0
    for step in steps:
        number = version + 1 if step in ("granted", "amended") else version or 1
        body: dict[str, Any] = {"consent": CONSENT, "version": number, "commitment": ONE}
        if step in ("granted", "amended"):
            body["expires_at"] = EXPIRY
        if step == "ended":
            body["reason"] = "expired"
        expected = NEXT.get((state, step))
        assert (chain.do(f"consent.{step}", **body) is Code.OK) == (expected is not None)
        if expected:
            state, version = expected, number
    assert chain.state.get(f"consent/{CONSENT}", {}).get("state", "none") == state


OPERATOR = Operator()
