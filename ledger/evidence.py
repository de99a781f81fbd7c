"""Evidence: one canonical JSON document, put together from canonical fragments so that a pull serializes nothing.

Members: `anchors`, `blocks`, `consent`, `format`, `handovers`, `keys`, `receipt`, `records`, `validators`. Shared parts
stand once: a record names its anchor, an anchor its block, a block its validator set, each by number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import merkle
from ledger.backends.base import Block, StateProof
from ledger.blocks.contents import entry_leaf, result_leaf
from ledger.codec import b64u, canonical

FORMAT = "tidegate-evidence/1"


@dataclass(frozen=True, slots=True)
class Anchor:
    """An entry with its proof: the height of its block, and the canonical JSON after `{"block":N`."""

    height: int
    rest: bytes


@dataclass(frozen=True, slots=True)
class BlockPart:
    """A block's headers and commit: the canonical JSON before `,"validators":N}`, and its validators' own."""

    height: int
    head: bytes
    validators: bytes


@dataclass(frozen=True, slots=True)
class RecordPart:
    """A record to hand out: which entry anchors it (its id), and the canonical JSON after `{"anchor":N`."""

    entry_id: str
    rest: bytes


def anchor_part(block: Block, index: int) -> Anchor:
    """Return the fragment of the entry at `index` of a final block.

    The entry's and its result's paths share one string of sides: both trees have as many leaves.
    """
    entry_leaves = [entry_leaf(entry) for entry in block.entries]
    result_leaves = [result_leaf(code) for code in block.codes]
    paths = {
        "entry_path": [b64u(each) for each in merkle.inclusion_path(entry_leaves, index)],
        "result_path": [b64u(each) for each in merkle.inclusion_path(result_leaves, index)],
        "sides": merkle.sides(len(entry_leaves), index),
    }
    tail = canonical(paths)[1:]
    return Anchor(block.header.height, b',"entry":' + block.entries[index] + b"," + tail)


def block_part(block: Block) -> BlockPart:
    """Return the fragment of a final block."""
    value = {"commit": block.commit.json(), "header": block.header.json(), "next": block.next.json()}
    validators = canonical([validator.json() for validator in block.validators])
    return BlockPart(block.header.height, canonical(value)[:-1], validators)


def leaf_part(*, index: int, path: Sequence[bytes]) -> bytes:
    """Return the fragment of a leaf in its batch: canonical JSON from `"index"` to before `"sd_jwt"`."""
    return canonical({"index": index, "path": [b64u(each) for each in path]})[1:-1]


def record_part(*, entry_id: str, leaf: bytes, presentation: str) -> RecordPart:
    """Return the fragment of a record; `leaf` is its `leaf_part`, `presentation` the SD-JWT to hand out (ASCII)."""
    return RecordPart(entry_id, b"," + leaf + b',"sd_jwt":"' + presentation.encode("ascii") + b'"}')


def keys_part(proofs: Sequence[StateProof]) -> bytes:
    """Return the fragment of the keys' state proofs: the canonical JSON of a list sorted by key."""
    return canonical([proof.json() for proof in sorted(proofs, key=lambda each: each.key)])


def consent_part(*, record: Mapping[str, Any], salt: bytes) -> bytes:
    """Return the fragment of the consent's opening: the canonical JSON after `{"anchor":N`."""
    return b"," + canonical({"record": record, "salt": b64u(salt)})[1:]


def assemble(
    *,
    receipt: str,
    consent: tuple[str, bytes],
    records: Sequence[RecordPart],
    anchors: Mapping[str, Anchor],
    blocks: Mapping[int, BlockPart],
    keys: tuple[int, bytes],
    handovers: bytes = b"[]",
) -> bytes:
    """Return the evidence in canonical form.

    `consent` is the id of its entry and its part; `anchors` are by entry id, `blocks` by height; `keys` is the height
    of the block whose next header is A, and the proofs under A's app hash. Anchors and blocks may hold more than is
    needed: only what something names goes in.
    """
    used = list(dict.fromkeys([consent[0], *(record.entry_id for record in records)]))
    parts, place = on_ledger(used, anchors=anchors, blocks=blocks, keys=keys, handovers=handovers)
    parts |= {
        "consent": b'{"anchor":' + place[consent[0]] + consent[1],
        "format": canonical(FORMAT),
        "receipt": b'"' + receipt.encode("ascii") + b'"',
        "records": listed(b'{"anchor":' + place[record.entry_id] + record.rest for record in records),
    }
    return document(parts)


def on_ledger(
    used: Sequence[str],
    *,
    anchors: Mapping[str, Anchor],
    blocks: Mapping[int, BlockPart],
    keys: tuple[int, bytes],
    handovers: bytes = b"[]",
) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Return the members of a document that stand on the ledger, and the number that each entry (id) has in it.

    `used` are the entries that the document names, each once; all else is as `assemble` has it.
    """
    heights = sorted({keys[0], *(anchors[each].height for each in used)})
    sets = list(dict.fromkeys(blocks[height].validators for height in heights))
    at = {height: _number(n) for n, height in enumerate(heights)}
    parts = {
        "anchors": listed(b'{"block":' + at[anchors[each].height] + anchors[each].rest for each in used),
        "blocks": listed(
            blocks[height].head + b',"validators":' + _number(sets.index(blocks[height].validators)) + b"}"
            for height in heights
        ),
        "handovers": handovers,
        "keys": b'{"block":' + at[keys[0]] + b',"proofs":' + keys[1] + b"}",
        "validators": listed(sets),
    }
    return parts, {entry_id: _number(n) for n, entry_id in enumerate(used)}


def document(parts: Mapping[str, bytes]) -> bytes:
    """Return a document of its members in canonical form."""
    return b"{" + b",".join(b'"' + name.encode() + b'":' + parts[name] for name in sorted(parts)) + b"}"


def _number(value: int) -> bytes:
    return str(value).encode("ascii")


def listed(parts: Iterable[bytes]) -> bytes:
    """Return a list of canonical fragments."""
    return b"[" + b",".join(parts) + b"]"
