"""A chain in memory with as many validators as one likes, which may also lie: for vectors and tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ledger import merkle, smt, state
from ledger.backends.base import Block, StateProof
from ledger.blocks import times
from ledger.blocks.commits import Commit, CommitSignature
from ledger.blocks.contents import block_id, consensus_hash, entry_leaf, result_leaf
from ledger.blocks.headers import BlockId, Header
from ledger.blocks.validators import Validator, validators_hash
from ledger.codec import b64u, canonical
from ledger.entries import decode
from tests.support.ledger import START, Key

POWER = 10


@dataclass(frozen=True, slots=True)
class Produced:
    """A block of the chain: what `Block` joins with the next one."""

    header: Header
    entries: tuple[bytes, ...]
    codes: tuple[int, ...]
    id: BlockId
    validators: tuple[Validator, ...]
    vote: Commit
    """The commit for it, by its validators."""
    state: Mapping[str, Any]
    """The state after it."""


@dataclass
class Chain:
    """Blocks as CometBFT makes them, each signed by its whole set of validators; a second passes between two."""

    genesis: Mapping[str, Any]
    validators: Sequence[Key]
    blocks: list[Produced] = field(default_factory=list)
    seconds: int = 1
    """How much later the next block is than the last one."""

    def __post_init__(self) -> None:
        self.state: dict[str, Any] = {}
        self.nodes: dict[bytes, bytes] = {}
        self.root = self._change(smt.EMPTY, state.genesis(self.genesis))
        self._produce((), (), self.root, self.validators)

    @property
    def chain(self) -> str:
        name: str = self.genesis["chain"]
        return name

    @property
    def height(self) -> int:
        """The newest height."""
        return len(self.blocks)

    def add(self, *entries: bytes, lie: bool = False) -> int:
        """Add a block and return its height. With `lie` the validators say that all its entries were accepted."""
        before, codes = self.root, []
        for entry in entries:
            code, changes = state.apply(self.state, self.height + 1, decode(entry))
            self.root = self._change(self.root, changes)
            codes.append(0 if lie else int(code))
        self._produce(entries, codes, before, self.validators)
        return self.height

    def hand_over(self, validators: Sequence[Key]) -> dict[str, Any]:
        """Add a block whose next validators are others; return the hand-over as it stands in an evidence."""
        self._produce((), (), self.root, validators)
        self.validators = validators
        last = self.blocks[-1]
        return {
            "commit": last.vote.json(),
            "header": last.header.json(),
            "validators": [each.json() for each in validator_set(validators)],
        }

    def block(self, height: int) -> Block:
        """Return a block that has a next one."""
        here, following = self.blocks[height - 1], self.blocks[height]
        return Block(here.header, following.header, following.vote, following.validators, here.entries, here.codes)

    def prove(self, keys: Sequence[str], height: int) -> list[StateProof]:
        """Return values and proofs under the app hash of the header at `height`, of any height but the first."""
        root, values = self.blocks[height - 1].header.app_hash, self.blocks[height - 2].state
        return [StateProof(key, values.get(key), smt.prove(self.nodes, root, key)) for key in keys]

    def statement(self, *, pinned: int = 1, former: Sequence[tuple[int, Sequence[Key]]] = ()) -> dict[str, Any]:
        """Return what a trust file says of the chain."""
        sets = [{"first_height": first, "validators": _json(keys)} for first, keys in former]
        return {
            "chain": self.chain,
            "engine": "cometbft",
            "former": sets,
            "pinned": {"block_hash": b64u(self.blocks[pinned - 1].header.hash()), "height": pinned},
            "validators": _json(self.validators),
        }

    def _produce(
        self, entries: Sequence[bytes], codes: Sequence[int], app_hash: bytes, following: Sequence[Key]
    ) -> None:
        last = self.blocks[-1] if self.blocks else None
        began = last.header.time if last else times.from_datetime(START)
        own = validator_set(self.validators)
        header = Header(
            chain=self.chain,
            height=self.height + 1,
            time=began + self.seconds * times.NANO + 70,
            last_block_id=last.id if last else BlockId(),
            last_commit_hash=last.vote.hash() if last else merkle.EMPTY,
            data_hash=merkle.root([entry_leaf(entry) for entry in entries]),
            validators_hash=validators_hash(own),
            next_validators_hash=validators_hash(validator_set(following)),
            consensus_hash=consensus_hash(max_bytes=2_097_152, max_gas=-1),
            app_hash=app_hash,
            last_results_hash=merkle.root([result_leaf(code) for code in last.codes] if last else []),
            evidence_hash=merkle.EMPTY,
            proposer_address=own[0].address,
        )
        identity = block_id(header, entries, last.vote if last else None)
        vote = signed_commit(self.chain, header, identity, self.validators)
        self.blocks.append(Produced(header, tuple(entries), tuple(codes), identity, own, vote, dict(self.state)))

    def _change(self, root: bytes, changes: state.Changes) -> bytes:
        self.state.update(changes)
        return smt.update(self.nodes, root, {key: canonical(value) for key, value in changes.items()})


def signed_commit(chain: str, header: Header, identity: BlockId, validators: Sequence[Key]) -> Commit:
    """Return the commit for a block by all `validators`, in the set's order, each with a time of its own."""
    unsigned = Commit(header.height, 0, identity, ())
    keys = {Validator(key.private.public_key().public_bytes_raw(), POWER).address: key for key in validators}
    votes = []
    for number, validator in enumerate(validator_set(validators)):
        time = header.time + number * 1_000_001
        signature = keys[validator.address].private.sign(unsigned.sign_bytes(chain, time))
        votes.append(CommitSignature(validator.address, time, signature))
    return Commit(header.height, 0, identity, tuple(votes))


def validator_set(keys: Sequence[Key]) -> tuple[Validator, ...]:
    """Return validators of equal power in CometBFT's order."""
    found = [Validator(key.private.public_key().public_bytes_raw(), POWER) for key in keys]
    return tuple(sorted(found, key=lambda each: each.address))


def _json(keys: Sequence[Key]) -> list[dict[str, Any]]:
    return [validator.json() for validator in validator_set(keys)]
