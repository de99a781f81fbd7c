"""Evidences that fail at steps 3 to 6: commits, headers, entries in blocks, results."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ledger.blocks.headers import BlockId, Header
from ledger.codec import b64u, sha256
from tests.support.vectors.chain import POWER, signed_commit, validator_set
from tests.support.vectors.rows import Row, Told, changed, flipped, granted, put
from tests.support.vectors.spoilt_validators import ELSEWHERE, STRANGERS, VALIDATORS

HASH = sha256(b"another block")


def committed(change: Callable[[Header], Header] = lambda header: header, **made: Any) -> Callable[[], Told]:
    """Return the usual evidence whose first block's next header is another one, committed by `made`."""

    def recommit(block: dict[str, Any]) -> None:
        header = change(Header.read(block["next"]))
        identity = BlockId(made.get("hash") or header.hash(), 1, HASH)
        commit = signed_commit(
            made.get("chain", header.chain), made.get("voted", header), identity, made.get("by", VALIDATORS)
        )
        block |= {"next": header.json(), "commit": commit.json()}

    return changed(lambda value: recommit(value["blocks"][0]))


def rejected() -> Told:
    """A consent granted for the second time: its entry is in a block, but was not accepted."""
    story = granted()
    story.activate(story.agreed())
    story.anchor([story.seal(0)], shown=(0,))
    return Told(story.told(), story.trust())


def swapped_blocks(value: dict[str, Any]) -> None:
    first, second = value["anchors"]
    first["block"], second["block"] = second["block"], first["block"]


def lengthened(value: dict[str, Any]) -> None:
    for path in ("entry_path", "result_path"):
        value["anchors"][0][path].append(ELSEWHERE)
    value["anchors"][0]["sides"] += "L"


def turned(sides: str) -> str:
    return ("L" if sides[0] == "R" else "R") + sides[1:]


VOTES = "blocks/0/commit/signatures"
STRANGE_VOTE = {"address": b64u(validator_set(STRANGERS)[0].address), "power": POWER}

ROWS = (
    Row("commit-empty", 3, "a commit without signatures", changed(put(VOTES, []))),
    Row("two-thirds-exactly", 3, "2/3 of the power, not more", changed(put(VOTES, lambda given: given[:2]))),
    Row("vote-forged", 3, "one bit of a signature", changed(put(f"{VOTES}/1/signature", flipped))),
    Row("vote-at-another-time", 3, "a vote's time", changed(put(f"{VOTES}/1/time", "2026-11-24T09:00:09Z"))),
    Row("vote-twice", 3, "a validator's vote twice", changed(put(VOTES, lambda given: [given[0], given[0], given[1]]))),
    Row(
        "vote-by-a-stranger", 3, "the vote of no validator", changed(put(f"{VOTES}/0/address", STRANGE_VOTE["address"]))
    ),
    Row("votes-out-of-order", 3, "votes not in the set's order", changed(put(VOTES, lambda given: given[::-1]))),
    Row("votes-by-strangers", 3, "all votes by strangers", committed(by=STRANGERS)),
    Row("votes-for-another-chain", 3, "votes for another chain", committed(chain="other")),
    Row("votes-for-another-round", 3, "a commit's round", changed(put("blocks/0/commit/round", 1))),
    Row("commit-of-another-height", 3, "a commit's height", changed(put("blocks/0/commit/height", 77))),
    Row(
        "block-id-swapped",
        3,
        "another block's hash in the commit",
        changed(put("blocks/0/commit/block_id/hash", flipped)),
    ),
    Row(
        "parts-swapped",
        3,
        "another block's parts in the commit",
        changed(put("blocks/0/commit/block_id/parts_hash", flipped)),
    ),
    Row("next-header-forged", 4, "another state in header h+1", changed(put("blocks/0/next/app_hash", ELSEWHERE))),
    Row("header-forged", 4, "other entries in header h", changed(put("blocks/0/header/data_hash", ELSEWHERE))),
    Row("header-at-another-time", 4, "a header's time", changed(put("blocks/0/header/time", "2026-11-24T09:00:00Z"))),
    Row("another-block-committed", 4, "a true commit, for another block", committed(hash=HASH)),
    Row(
        "header-not-the-one-before",
        4,
        "header h+1 in the place of header h",
        changed(lambda value: put("blocks/1/header", value["blocks"][1]["next"])(value)),
    ),
    Row(
        "two-headers-of-one-height",
        4,
        "two committed headers of one height",
        committed(lambda header: replace(header, evidence_hash=HASH)),
    ),
    Row("entry-changed", 5, "a member of an entry", changed(put("anchors/0/entry/not_after_height", 9_999))),
    Row("entry-of-another-block", 5, "two entries with each other's blocks", changed(swapped_blocks)),
    Row("entry-path-changed", 5, "a hash of an entry's path", changed(put("anchors/0/entry_path/0", flipped))),
    Row(
        "entry-path-without-its-end",
        5,
        "a path that is too short",
        changed(put("anchors/0/entry_path", lambda path: path[:-1])),
    ),
    Row("paths-too-long", 5, "paths that are too long", changed(lengthened)),
    Row("side-turned", 5, "a side", changed(put("anchors/0/sides", turned))),
    Row(
        "side-unknown",
        5,
        "a side that is neither L nor R",
        changed(put("anchors/0/sides", lambda sides: f"X{sides[1:]}")),
    ),
    Row("entry-rejected", 6, "an entry in a block that was not accepted", rejected),
    Row("result-path-changed", 6, "a hash of a result's path", changed(put("anchors/0/result_path/0", flipped))),
    Row(
        "result-path-without-its-end",
        6,
        "a path shorter than its sides",
        changed(put("anchors/0/result_path", lambda path: path[:-1])),
    ),
)
