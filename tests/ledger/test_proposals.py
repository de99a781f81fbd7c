"""Governance entries that go from hand to hand: however they are signed, the ledger judges them alike."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import proposals, state
from ledger.codec import canonical
from ledger.entries import decode
from ledger.errors import CodecError, Rejected
from ledger.proposals import Governance, Proposal
from ledger.state import Code
from tests.support.evidence import edited
from tests.support.ledger import Key, random_digest
from tests.support.vectors.rows import put

ORGS = ("alpha", "bravo", "charlie", "delta")
KEYS = {org: Key() for org in ORGS}
NEEDED = 3
CHAIN = "consortium"


def genesis(*, needed: int = NEEDED) -> dict[str, Any]:
    """Return the first state of a chain that three of four organisations govern."""
    document = {
        "chain": CHAIN,
        "governance": needed,
        "organisations": [
            {"org": org, "governs": 1, "keys": [KEYS[org].registered("entries")]} for org in (*ORGS[:3], ORGS[3])
        ],
        "validators": [{"public_key": random_digest(), "power": 10}],
    }
    return dict(state.genesis(document))


def proposed(entry_type: str = "org.suspend", *, chain: str = CHAIN, **body: Any) -> Proposal:
    return proposals.propose(
        chain=chain,
        entry_id=bytes(16),
        type=entry_type,
        body=body or {"org": "delta"},
        not_after_height=100,
        governance=Governance(ORGS, NEEDED),
    )


def signed(proposal: Proposal, *orgs: str) -> Proposal:
    for org in orgs:
        proposal = proposals.sign(proposal, org=org, kid=KEYS[org].kid, key=KEYS[org].private)
    return proposal


def code(proposal: Proposal, *, needed: int = NEEDED) -> Code:
    return state.apply(genesis(needed=needed), 2, decode(proposal.entry))[0]


@given(st.permutations(ORGS), st.permutations(ORGS))
def test_the_order_in_which_people_sign_makes_no_difference(one: list[str], other: list[str]) -> None:
    assert signed(proposed(), *one).data() == signed(proposed(), *other).data()


@given(st.lists(st.sampled_from(ORGS), max_size=8))
def test_as_many_as_must_sign_suffice_and_one_less_does_not(who: list[str]) -> None:
    proposal = signed(proposed(), *who)
    assert proposal.signers == sorted(set(who))
    if not who:
        with pytest.raises(CodecError, match=r"^nobody has signed this proposal yet$"):
            _ = proposal.entry
        return
    assert code(proposal) == (Code.OK if len(set(who)) >= NEEDED else Code.TOO_FEW_SIGNATURES)


@given(st.lists(st.sampled_from(ORGS), min_size=1, max_size=8))
def test_a_proposal_is_read_as_it_was_written(who: list[str]) -> None:
    proposal = signed(proposed(), *who)
    assert proposals.read(proposal.data()) == proposal


def test_signing_again_with_the_same_key_replaces_the_signature() -> None:
    once = signed(proposed(), "alpha")
    spoilt = edited(once.data(), put("entry/signatures/0/sig", "A" * 86))
    assert signed(proposals.read(spoilt), "alpha") == once


def test_two_keys_of_one_organisation_count_once() -> None:
    other = Key()
    proposal = signed(proposed(), "alpha", "bravo")
    proposal = proposals.sign(proposal, org="alpha", kid=other.kid, key=other.private)
    assert len(proposal.signatures) == 3
    assert proposal.signers == ["alpha", "bravo"]
    assert code(proposal) == Code.WRONG_SIGNER


def test_a_key_that_is_not_the_organisations_is_found_out_by_the_ledger() -> None:
    proposal = proposals.sign(
        signed(proposed(), "alpha", "bravo"), org="charlie", kid=KEYS["charlie"].kid, key=Key().private
    )
    with pytest.raises(Rejected, match=r"^signature by key \S+ of charlie does not verify$") as rejected:
        state.check(genesis(), 2, decode(proposal.entry))
    assert rejected.value.code == Code.BAD_SIGNATURE


def test_a_proposal_for_another_chain_is_not_accepted() -> None:
    assert code(signed(proposed(chain="other"), *ORGS)) == Code.WRONG_CHAIN


def test_what_is_changed_after_signing_is_no_longer_signed() -> None:
    data = edited(signed(proposed(), *ORGS).data(), put("entry/body/org", "alpha"))
    assert code(proposals.read(data)) == Code.BAD_SIGNATURE


def test_nobody_can_lock_everybody_out() -> None:
    assert code(signed(proposed(), *ORGS), needed=4) == Code.LOCKOUT
    last: dict[str, Any] = {"org": "delta", "remove": KEYS["delta"].kid, "compromised_since": 0, "add": []}
    with pytest.raises(Rejected, match=r"^3 governing organisations would remain, 4 must sign$"):
        state.check(genesis(needed=4), 2, decode(signed(proposed("org.rotate_key", **last), *ORGS).entry))


NEW = Key()


@pytest.mark.parametrize(
    ("entry_type", "body", "lines"),
    [
        (
            "org.register",
            {"org": "echo", "keys": [NEW.registered("entries")]},
            [
                "Register the organisation echo, which does not govern, with 1 keys:",
                f"  entries: {NEW.kid} (Ed25519)",
            ],
        ),
        (
            "org.rotate_key",
            {"org": "alpha", "remove": NEW.kid, "compromised_since": 7, "add": [NEW.registered("sealing")]},
            [
                f"End the key {NEW.kid} of alpha.",
                "It is compromised since height 7: nothing that it signed from there on holds any more.",
                "Add 1 keys:",
                f"  sealing: {NEW.kid} (Ed25519)",
            ],
        ),
        (
            "org.rotate_key",
            {"org": "alpha", "remove": NEW.kid, "compromised_since": 0, "add": []},
            [f"End the key {NEW.kid} of alpha.", "Add no key in its place."],
        ),
        (
            "org.suspend",
            {"org": "delta"},
            ["Suspend the organisation delta: it enters nothing into the ledger and governs no more."],
        ),
        (
            "validator.set",
            {"public_key": NEW.kid, "power": 10},
            [f"Give the validator {NEW.kid} the power 10."],
        ),
        ("validator.set", {"public_key": NEW.kid, "power": 0}, [f"Remove the validator {NEW.kid}."]),
        (
            "rules.activate",
            {"version": 2, "height": 900},
            ["Let rules of version 2 begin at height 900: a node whose software lacks them stops."],
        ),
        (
            "rules.activate",
            {"version": 2, "height": 0},
            ["Withdraw what is planned: rules of version 2 do not begin."],
        ),
    ],
)
def test_a_proposal_says_in_plain_words_what_it_changes(
    entry_type: str, body: dict[str, Any], lines: list[str]
) -> None:
    *told, where, who = proposals.says(proposed(entry_type, **body))
    assert told == lines
    assert where == f"On chain {CHAIN}, up to height 100. Entry {'A' * 22}."
    assert who == "Signed by nobody: 0 of 3 that must, of alpha, bravo, charlie, delta."


def test_it_says_who_has_signed_and_who_does_not_govern() -> None:
    proposal = signed(proposed(), "alpha", "bravo")
    stranger = Key()
    proposal = proposals.sign(proposal, org="echo", kid=stranger.kid, key=stranger.private)
    assert list(proposals.says(proposal))[-1] == (
        "Signed by alpha, bravo, echo: 2 of 3 that must, of alpha, bravo, charlie, delta. echo does not govern."
    )
    unknown = proposals.propose(
        chain=CHAIN, entry_id=bytes(16), type="org.suspend", body={"org": "delta"}, not_after_height=1
    )
    assert list(proposals.says(unknown))[-1] == ("Signed by nobody. How many must sign stands in the ledger's genesis.")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            put("format", "tidegate-proposal/2"),
            r"format: got 'tidegate-proposal/2', expected one of tidegate-proposal/1",
        ),
        (put("extra", 1), r"^proposal has \['entry', 'extra', 'format', 'governance'\], expected exactly"),
        (put("entry", []), r"^proposal: entry: expected an entry with a list of signatures$"),
        (put("entry/type", "batch.anchor"), r"^batch.anchor has "),
        (put("entry/body/org", "Delta"), r"^org\.suspend: org: expected an organisation id"),
        (put("governance/needed", 5), r"5 must sign, 4 govern$"),
        (put("governance/governors", ["bravo", "alpha"]), r"governors: expected organisation ids, sorted, each once$"),
    ],
)
def test_what_is_no_proposal_is_refused(change: Any, message: str) -> None:
    with pytest.raises(CodecError, match=message):
        proposals.read(edited(proposed().data(), change))


def test_only_what_several_sign_is_proposed() -> None:
    with pytest.raises(
        CodecError, match=r"^got 'owner.credential_added', expected one of org.register, org.rotate_key"
    ):
        proposed("owner.credential_added", commitment=random_digest())
    forged = canonical(
        {
            "entry": {
                **proposed().unsigned,
                "body": {"commitment": random_digest()},
                "signatures": [],
                "type": "owner.credential_added",
            },
            "format": proposals.FORMAT,
            "governance": None,
        }
    )
    with pytest.raises(CodecError, match=r"^got 'owner.credential_added', expected one of org.register"):
        proposals.read(forged)
