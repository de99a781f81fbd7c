"""A replicated ledger read for an audit from all its nodes that answer: who lies is named, and a fork is found.

Every node is asked for every block. What it gives must be what validators committed to, and they those whose turn it
is; a node that gave something else is told of, and another's block is taken.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from ledger import smt, state
from ledger.audit.findings import FORK, NODE, Finding
from ledger.backends import genesis as genesis_form
from ledger.backends.base import Block
from ledger.backends.cometbft.blocks import Blocks
from ledger.backends.cometbft.rpc import Connection, RefusedCall
from ledger.blocks.validators import validators_hash
from ledger.codec import canonical
from ledger.errors import LedgerError, Unavailable
from ledger.trust import Trust

Answer = TypeVar("Answer")
UNFIT = (LedgerError, LookupError, ValueError, TypeError, AttributeError)
"""What an answer raises that is none."""


class NodesReader:
    """What `ledger.backends.base.Backend` offers for reading, of several nodes at once."""

    engine = "cometbft"

    def __init__(self, addresses: Sequence[str], *, chain: str, trust: Trust | None) -> None:
        """Connect to the nodes; `trust` says whose turn it is up to its pinned block.

        Raises `LedgerError` if none of them answers that has the chain from its first block on.
        """
        self.chain = chain
        self.silent: dict[str, str] = {}
        """Nodes that are not asked, or not any more, and why."""
        self._trust, self._told = trust, dict[Finding, bool]()
        self._following: tuple[int, bytes] | None = None
        self._nodes: list[_Node] = []
        for address in addresses:
            try:
                self._nodes.append(_Node(address, chain))
            except LedgerError as error:
                self.silent[address] = str(error)
        if not self._nodes:
            raise Unavailable("; ".join(self.silent.values()))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for node in self._nodes:
            node.close()

    def height(self) -> int:
        """See `Backend.height`: of the node that is ahead. Raises `Unavailable`."""
        return max(self._each(_Node.height).values())

    def block(self, height: int) -> Block:
        """See `Backend.block`. Raises `Unavailable`; `LookupError` if no node gives what was committed to."""
        given = self._each(lambda node: self._of(node, height))
        whole = {node: block for node, block in given.items() if block is not None}
        turn = self._turn(height + 1)
        proper = {node: block for node, block in whole.items() if turn in (None, block.next.validators_hash)}
        for node in [each for each in whole if proper and each not in proper]:
            self._tell(node, height, "it is signed by others than the validators whose turn it was")
        if not whole:
            raise LookupError(f"none of {len(given)} nodes gives it as it was committed to")
        (node, block), *others = (proper or whole).items()
        for other, another in others:
            self._compare(node, block, other, another)
        self._following = height + 2, block.next.next_validators_hash
        return block

    def genesis(self) -> Mapping[str, Any]:
        """Return the first state: that which the first block's header names, whichever node gives it.

        Raises `LedgerError` if none does.
        """
        root = self.block(1).header.app_hash
        for node, given in self._each(_Node.genesis).items():
            if given is not None and _root(given) == root:
                return given
            self._tell(node, 1, "the first state that it gives is not the one that the block begins with")
        raise LedgerError("none of the nodes gives the first state that the ledger began with")

    def found(self) -> Iterator[Finding]:
        """Yield what reading found that was not told yet: nodes that lie, and forks."""
        for finding, told in self._told.items():
            if not told:
                self._told[finding] = True
                yield finding

    def _each(self, ask: "Callable[[_Node], Answer]") -> "dict[_Node, Answer]":
        """Return what each node answers; who ends the connection is not asked again. Raises `Unavailable`."""
        answers: dict[_Node, Answer] = {}
        for node in list(self._nodes):
            try:
                answers[node] = ask(node)
            except Unavailable as error:
                self.silent[node.address] = str(error)
                self._nodes.remove(node)
        if not answers:
            raise Unavailable("; ".join(self.silent.values()))
        return answers

    def _of(self, node: "_Node", height: int) -> Block | None:
        """Return a node's block, None if it lags behind, or lies."""
        if not node.has(height + 1):
            self.silent[node.address] = f"the node at {node.address} has no block {height + 1} yet"
            return None
        try:
            return node.blocks.get(height)
        except Unavailable:
            raise
        except UNFIT as error:
            self._tell(node, height, str(error))
            return None

    def _turn(self, height: int) -> bytes | None:
        """Return the hash of the set that must sign a height, None if that is not known."""
        if self._trust is not None and height <= self._trust.pinned_height:
            serving = [each for first, each in self._trust.validator_sets if first <= height]
            return validators_hash(serving[-1]) if serving else None
        return self._following[1] if self._following is not None and self._following[0] == height else None

    def _compare(self, node: "_Node", block: Block, other: "_Node", another: Block) -> None:
        """Tell of a second history; the node that has it is not asked any more."""
        one, two = block.next.hash(), another.next.hash()
        if one == two:
            return
        what = f"two headers of this height are signed: {one.hex()} at {node.address}, {two.hex()} at {other.address}"
        self._told.setdefault(Finding(FORK, f"block {block.next.height}", what), False)
        self.silent[other.address] = f"the node at {other.address} has another history from block {block.next.height}"
        self._nodes.remove(other)
        other.close()

    def _tell(self, node: "_Node", height: int, what: str) -> None:
        self._told.setdefault(Finding(NODE, f"the node at {node.address}, block {height}", what), False)


@dataclass(eq=False)
class _Node:
    """One node: what `Blocks` asks of several, here of it alone."""

    address: str
    chain: str

    def __post_init__(self) -> None:
        """Connect. Raises `LedgerError` unless it is of the chain, and has it from its first block on."""
        self._connection = Connection(self.address)
        try:
            status = self.call("status")
            network, first = status["node_info"]["network"], int(status["sync_info"]["earliest_block_height"])
            if network != self.chain:
                raise LedgerError(f"the node at {self.address} is of chain {network!r}, expected {self.chain!r}")
            if first > 1:
                raise LedgerError(f"the node at {self.address} has blocks from {first} on, expected from the first")
        except BaseException:
            self.close()
            raise
        self._newest = 0
        self.blocks = Blocks(self, chain=self.chain)

    def call(self, method: str, **parameters: Any) -> Any:  # noqa: ANN401 - whatever the node answers
        """Return a call's result. Raises `RefusedCall`, `Unavailable`."""
        return self._connection.call(method, **parameters)

    def calls(self, *wanted: tuple[str, dict[str, Any]]) -> list[Any]:
        """Return the results of several calls, sent together."""
        begun = [self._connection.begin(method, **parameters) for method, parameters in wanted]
        return [self._connection.result(each) for each in begun]

    def height(self) -> int:
        """Return the newest height with a commit."""
        self._newest = int(self.call("status")["sync_info"]["latest_block_height"])
        return self._newest

    def has(self, height: int) -> bool:
        """Say whether it has the block at `height`."""
        return height <= self._newest or height <= self.height()

    def genesis(self) -> Mapping[str, Any] | None:
        """Return the first state that it gives, None for what is none."""
        try:
            given = self.call("genesis")["genesis"]["app_state"]
            genesis_form.check(given)
        except Unavailable:
            raise
        except (RefusedCall, *UNFIT):
            return None
        found: Mapping[str, Any] = given
        return found

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def _root(genesis: Mapping[str, Any]) -> bytes | None:
    """Return the root of the state that a genesis makes, None if it can make none."""
    try:
        values = {key: None if value is None else canonical(value) for key, value in state.genesis(genesis).items()}
        return smt.update({}, smt.EMPTY, values)
    except UNFIT:
        return None
