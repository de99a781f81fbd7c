"""What a node's RPC answers, read as blocks. What it says is checked as far as it proves it.

Read strictly as far as it is used: anything missing or of another form is a `CodecError`.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from ledger import merkle, smt
from ledger.backends.base import Block, StateProof
from ledger.blocks import times
from ledger.blocks.commits import Commit, CommitSignature, verify_commit
from ledger.blocks.contents import entry_leaf, result_leaf
from ledger.blocks.headers import APP_PROTOCOL, BLOCK_PROTOCOL, HASHES, BlockId, Header
from ledger.blocks.validators import MOST_VALIDATORS, Validator, validators_hash
from ledger.codec import canonical, parse, unb64u
from ledger.errors import CodecError, VerificationError

VOTED = 2
"""The flag of a commit's signature that is for the block; others are absent, or for none."""


def block_header(answer: Any) -> Header:  # noqa: ANN401 - JSON
    """Read the header of a block. Raises `CodecError`."""
    try:
        return _header(answer["block"]["header"])
    except (LookupError, TypeError, ValueError) as error:
        raise _not_a("block", error) from None


def signed_header(answer: Any) -> tuple[Header, Commit]:  # noqa: ANN401 - JSON
    """Read a header and the votes for it, no others. Raises `CodecError`."""
    try:
        signed = answer["signed_header"]
        return _header(signed["header"]), _commit(signed["commit"])
    except (LookupError, TypeError, ValueError) as error:
        raise _not_a("signed header", error) from None


def read_commit(value: Any) -> Commit:  # noqa: ANN401 - JSON
    """Read a commit: the votes for its block, no others. Raises `CodecError`."""
    try:
        return _commit(value)
    except (LookupError, TypeError, ValueError) as error:
        raise _not_a("commit", error) from None


def total(page: Any) -> int:  # noqa: ANN401 - JSON
    """Return how many validators there are by a page of them. Raises `CodecError`."""
    try:
        return min(int(page["total"]), MOST_VALIDATORS)
    except (LookupError, TypeError, ValueError) as error:
        raise _not_a("validator set", error) from None


def validators(pages: Sequence[Any]) -> tuple[Validator, ...]:
    """Read a validator set of all its pages, in its order. Raises `CodecError`."""
    try:
        listed = [each for page in pages for each in page["validators"]]
        return tuple(
            Validator(base64.b64decode(each["pub_key"]["value"], validate=True), int(each["voting_power"]))
            for each in listed
        )
    except (LookupError, TypeError, ValueError) as error:
        raise _not_a("validator set", error) from None


def entries(block: Any) -> tuple[bytes, ...]:  # noqa: ANN401 - JSON
    """Read a block's entries. Raises `CodecError`."""
    try:
        return tuple(base64.b64decode(each, validate=True) for each in block["block"]["data"]["txs"] or ())
    except (LookupError, TypeError, ValueError) as error:
        raise _not_a("block", error) from None


def codes(results: Any) -> tuple[int, ...]:  # noqa: ANN401 - JSON
    """Read the codes of a block's results. Raises `CodecError`."""
    try:
        return tuple(int(each.get("code", 0)) for each in results["txs_results"] or ())
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise _not_a("block's results", error) from None


def query(answer: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Return the value that the application answered. Raises `LookupError` if it has none, `CodecError`."""
    try:
        response = answer["response"]
        if response.get("code", 0):
            raise LookupError(response["log"])
        value = base64.b64decode(response["value"], validate=True)
    except (TypeError, ValueError, AttributeError) as error:
        raise _not_a("query's answer", error) from None
    return parse(value, max_bytes=len(value))


def proofs(value: Any, keys: Sequence[str], root: bytes) -> list[StateProof]:  # noqa: ANN401 - JSON
    """Read proofs in the order of `keys`, verified under `root`. Raises `CodecError`, `VerificationError`."""
    try:
        found = {each["key"]: _proof(each) for each in value}
        ordered = [found[key] for key in keys]
    except (LookupError, TypeError) as error:
        raise _not_a("list of proofs", error) from None
    for each in ordered:
        if each.value is None:
            smt.verify_absent(key=each.key, proof=each.proof, root=root)
        else:
            smt.verify_member(key=each.key, value=canonical(each.value), proof=each.proof, root=root)
    return ordered


def check_signed(header: Header, commit: Commit, signers: Sequence[Validator], *, chain: str) -> None:
    """Raise `VerificationError` unless the validators that a header names committed to it on this chain."""
    if header.chain != chain or commit.height != header.height or commit.block_id.hash != header.hash():
        raise VerificationError(f"header {header.height}: the commit is for another header, or of another chain")
    if header.validators_hash != validators_hash(signers):
        raise VerificationError(f"header {header.height}: the validators are not those that it names")
    verify_commit(commit, chain=chain, validators=signers)


def check_block(block: Block) -> None:
    """Raise `VerificationError` unless a block's header, entries and results are those that the next header binds."""
    following = block.next
    bound = {
        "entries": (block.header.data_hash, merkle.root([entry_leaf(entry) for entry in block.entries])),
        "results": (following.last_results_hash, merkle.root([result_leaf(code) for code in block.codes])),
        "header": (following.last_block_id.hash, block.header.hash()),
        "height": (following.height, block.header.height + 1),
    }
    for what, (expected, got) in bound.items():
        if got != expected:
            raise VerificationError(f"block {block.header.height}: the node gave other {what} than were committed to")


def _header(value: Any) -> Header:  # noqa: ANN401 - JSON
    version = value["version"]
    if (int(version["block"]), int(version.get("app", 0))) != (BLOCK_PROTOCOL, APP_PROTOCOL):
        raise CodecError(f"header of protocols {version}, expected block {BLOCK_PROTOCOL} and app {APP_PROTOCOL}")
    return Header(
        value["chain_id"],
        int(value["height"]),
        times.from_text(value["time"]),
        _block_id(value["last_block_id"]),
        *(bytes.fromhex(value[name]) for name in HASHES),
    )


def _commit(value: Any) -> Commit:  # noqa: ANN401 - JSON
    signatures = [
        CommitSignature(
            bytes.fromhex(each["validator_address"]),
            times.from_text(each["timestamp"]),
            base64.b64decode(each["signature"], validate=True),
        )
        for each in value["signatures"]
        if each["block_id_flag"] == VOTED
    ]
    return Commit(int(value["height"]), value["round"], _block_id(value["block_id"]), tuple(signatures))


def _block_id(value: Any) -> BlockId:  # noqa: ANN401 - JSON
    parts = value["parts"]
    return BlockId(bytes.fromhex(value["hash"]), int(parts["total"]), bytes.fromhex(parts["hash"]))


def _proof(value: Mapping[str, Any]) -> StateProof:
    siblings = tuple(unb64u(each, size=32) for each in value["siblings"])
    other = [unb64u(each, size=32) for each in value["other"]]
    return StateProof(value["key"], value["value"], smt.Proof(siblings, (other[0], other[1]) if other else None))


def _not_a(what: str, error: Exception) -> CodecError:
    return CodecError(f"the node's answer is no {what}: {type(error).__name__} {error}")
