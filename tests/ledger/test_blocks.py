"""CometBFT's formats, against blocks made with CometBFT's own types."""

import json
from pathlib import Path
from typing import Any

import pytest

from ledger import merkle
from ledger.blocks import times
from ledger.blocks.commits import Commit, verify_commit
from ledger.blocks.contents import block_id, consensus_hash, entry_leaf, result_leaf
from ledger.blocks.headers import Header
from ledger.blocks.validators import read_validators, validators_hash
from ledger.codec import b64u, unb64u
from ledger.errors import CodecError, VerificationError

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "cometbft.json").read_text())
BLOCKS = VECTORS["blocks"]
VALIDATORS = read_validators(VECTORS["validators"])
COMMITTED = [block for block in BLOCKS if block["last_commit"]]


def entries(block: dict[str, Any]) -> list[bytes]:
    return [unb64u(entry) for entry in block["entries"]]


@pytest.mark.parametrize("block", BLOCKS)
def test_header_hash_and_parts_are_cometbfts(block: dict[str, Any]) -> None:
    header = Header.read(block["header"])
    last = Commit.read(block["last_commit"]) if block["last_commit"] else None
    assert block_id(header, entries(block), last).json() == block["block_id"]
    assert header.json() == block["header"]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_hashes_in_the_header_are_cometbfts(block: dict[str, Any]) -> None:
    header = block["header"]
    assert b64u(merkle.root([entry_leaf(entry) for entry in entries(block)])) == header["data_hash"]
    assert b64u(merkle.root([result_leaf(code) for code in block["codes"]])) == block["results_hash"]
    assert b64u(validators_hash(VALIDATORS)) == header["validators_hash"]
    hashed = consensus_hash(max_bytes=VECTORS["max_bytes"], max_gas=VECTORS["max_gas"])
    assert b64u(hashed) == header["consensus_hash"]


@pytest.mark.parametrize("block", COMMITTED)
def test_votes_and_commits_are_cometbfts(block: dict[str, Any]) -> None:
    commit = Commit.read(block["last_commit"])
    got = [b64u(commit.sign_bytes(VECTORS["chain"], each.time)) for each in commit.signatures]
    assert got == block["sign_bytes"]
    assert b64u(commit.hash()) == block["header"]["last_commit_hash"]
    assert commit.json() == block["last_commit"]
    verify_commit(commit, chain=VECTORS["chain"], validators=VALIDATORS)


def commit(*places: int) -> Commit:
    whole = Commit.read(COMMITTED[0]["last_commit"])
    return Commit(whole.height, whole.round, whole.block_id, tuple(whole.signatures[place] for place in places))


@pytest.mark.parametrize(
    ("changed", "chain", "message"),
    [
        (commit(0, 1), "tidegate-vectors", r"^commit carries power 22 of 42, expected more than two thirds$"),
        (commit(), "tidegate-vectors", r"^commit carries power 0 of 42, expected more than two thirds$"),
        (
            commit(0, 0, 1),
            "tidegate-vectors",
            r"^commit signed by [0-9a-f]{40}, expected another validator in the set's order$",
        ),
        (commit(0, 1, 2), "other", r"^signature of validator [0-9a-f]{40} does not verify$"),
    ],
)
def test_a_commit_that_does_not_carry_is_refused(changed: Commit, chain: str, message: str) -> None:
    with pytest.raises(VerificationError, match=message):
        verify_commit(changed, chain=chain, validators=VALIDATORS)


def test_two_thirds_exactly_is_not_enough() -> None:
    validators = [VALIDATORS[0], VALIDATORS[1], VALIDATORS[2]]
    even = tuple(type(each)(each.public_key, 10) for each in validators)
    with pytest.raises(VerificationError, match=r"^commit carries power 20 of 30, expected more than two thirds$"):
        verify_commit(commit(0, 1), chain=VECTORS["chain"], validators=even)


@pytest.mark.parametrize("text", ["2026-11-24T09:00:00Z", "2026-11-24T09:00:00.5Z", "2026-11-24T09:00:00.000000001Z"])
def test_times_are_read_back(text: str) -> None:
    assert times.to_text(times.from_text(text)) == text


@pytest.mark.parametrize(
    "text", ["2026-11-24T09:00:00.50Z", "2026-11-24T09:00:00", "2026-13-24T09:00:00Z", "2026-11-24T09:00:00.Z", 5]
)
def test_a_time_has_one_form(text: object) -> None:
    with pytest.raises(CodecError):
        times.from_text(text)


def test_validators_stand_in_cometbfts_order_each_once() -> None:
    with pytest.raises(CodecError, match=r"^validators are not in order of power and address, each once$"):
        read_validators(VECTORS["validators"][::-1])
    with pytest.raises(CodecError, match=r"^validators are not in order of power and address, each once$"):
        read_validators([VECTORS["validators"][0]] * 2)


def test_unknown_members_are_refused() -> None:
    with pytest.raises(CodecError, match=r"^header has \['app_hash', .* expected exactly "):
        Header.read({**BLOCKS[0]["header"], "extra": 1})
