"""Final blocks, read from a node and verified; the entries that are waited for are found in them as they come."""

import json
from collections import OrderedDict
from typing import Any, Protocol

from ledger.backends.base import Block, Outcome
from ledger.backends.cometbft import answers
from ledger.backends.cometbft.rpc import RefusedCall
from ledger.blocks.commits import Commit
from ledger.blocks.headers import Header
from ledger.blocks.validators import Validator

MOST_KEPT = 64
MOST_BEHIND = 200
"""With more new blocks than this, those who wait are asked for again instead of reading every block."""
MOST_FOUND = 20_000
PAGE = 100
"""Validators in a page, at most so many."""


class Asked(Protocol):
    """Whoever answers calls: see `ledger.backends.cometbft.nodes.Nodes`."""

    def call(self, method: str, **parameters: Any) -> Any:  # noqa: ANN401 - whatever the node answers
        """Return a call's result. Raises `RefusedCall`, `Unavailable`."""

    def calls(self, *wanted: tuple[str, dict[str, Any]]) -> list[Any]:
        """Return the results of several calls to one node, sent together."""

    def height(self) -> int:
        """Return the newest height."""


class Blocks:
    """What was read of the chain. Not safe for several threads at once."""

    def __init__(self, nodes: Asked, *, chain: str) -> None:
        self._nodes, self._chain = nodes, chain
        self._kept: OrderedDict[int, Block] = OrderedDict()
        self._sets: dict[bytes, tuple[Validator, ...]] = {}
        self._next = 0
        self._watched: set[str] = set()
        self._found: OrderedDict[str, Outcome] = OrderedDict()

    def read_new(self) -> None:
        """Read the blocks that became final since the last time, and look for what is watched in them."""
        newest = self._nodes.height() - 1
        if self._next == 0 or newest - self._next > MOST_BEHIND:
            self._watched.clear()
            self._next = newest + 1
        while self._watched and self._next <= newest:
            self._look_into(self.get(self._next))
            self._next += 1
        if not self._watched:
            self._next = max(self._next, newest + 1)

    def watch(self, entry_id: str, height: int) -> None:
        """Look for an entry in new blocks from now on, if it is absent from all up to `height` that were not read."""
        if height >= self._next - 1:
            self._watched.add(entry_id)

    def watches(self, entry_id: str) -> bool:
        """Say whether an entry is looked for in new blocks."""
        return entry_id in self._watched

    def outcome(self, entry_id: str) -> Outcome | None:
        """Return what became of an entry that was watched, once its block was read."""
        return self._found.get(entry_id)

    def find(self, entry_id: str, height: int) -> Outcome | None:
        """Return an entry's outcome in a final block: that of its acceptance if it stands there more than once."""
        block = self.get(height)
        found = [
            Outcome(height, place, block.codes[place])
            for place, data in enumerate(block.entries)
            if _id(data) == entry_id
        ]
        return min(found, key=lambda each: bool(each.code), default=None)

    def get(self, height: int) -> Block:
        """Return a final block, verified. Raises `Unavailable`, `VerificationError`, `LookupError`."""
        if height not in self._kept:
            self._kept[height] = self._read(height)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return self._kept[height]

    def entries(self, height: int) -> tuple[bytes, ...]:
        """Return the entries of a block, which may be the newest."""
        try:
            return answers.entries(self._nodes.call("block", height=str(height)))
        except RefusedCall as error:
            raise LookupError(error.detail) from None

    def header(self, height: int) -> Header:
        """Return the header at `height`, which may be the newest. It is bound by a commit if a block holds it."""
        kept = self._kept.get(height) or self._kept.get(height - 1)
        if kept is not None:
            return kept.header if kept.header.height == height else kept.next
        return self.get(height - 1).next if height > 1 else self._signed(self._call("commit", height=height))[0]

    def signed(self, height: int) -> tuple[Header, Commit]:
        """Return the header at `height` and the commit for it, verified."""
        header, commit, _ = self._signed(self._call("commit", height=height))
        return header, commit

    def _look_into(self, block: Block) -> None:
        for place, data in enumerate(block.entries):
            entry_id = _id(data)
            if entry_id in self._watched and entry_id is not None:
                self._watched.discard(entry_id)
                self._found[entry_id] = Outcome(block.header.height, place, block.codes[place])
                if len(self._found) > MOST_FOUND:
                    self._found.popitem(last=False)

    def _read(self, height: int) -> Block:
        try:
            whole, results, following = self._nodes.calls(
                ("block", {"height": str(height)}),
                ("block_results", {"height": str(height)}),
                ("commit", {"height": str(height + 1)}),
            )
        except RefusedCall as error:
            raise LookupError(f"the node has no block {height}: {error.detail}") from None
        following_header, commit, validators = self._signed(following)
        block = Block(
            header=answers.block_header(whole),
            next=following_header,
            commit=commit,
            validators=validators,
            entries=answers.entries(whole),
            codes=answers.codes(results),
        )
        answers.check_block(block)
        return block

    def _signed(self, answer: Any) -> tuple[Header, Commit, tuple[Validator, ...]]:  # noqa: ANN401 - JSON
        """Return a header with the commit for it and the validators who signed that, verified."""
        header, commit = answers.signed_header(answer)
        wanted = header.validators_hash
        if wanted not in self._sets:
            pages = [self._call("validators", height=header.height, page=1, per_page=PAGE)]
            pages += [
                self._call("validators", height=header.height, page=page, per_page=PAGE)
                for page in range(2, -(-answers.total(pages[0]) // PAGE) + 1)
            ]
            self._sets[wanted] = answers.validators(pages)
        answers.check_signed(header, commit, self._sets[wanted], chain=self._chain)
        return header, commit, self._sets[wanted]

    def _call(self, method: str, **numbers: int) -> Any:  # noqa: ANN401 - whatever the node answers
        try:
            return self._nodes.call(method, **{name: str(number) for name, number in numbers.items()})
        except RefusedCall as error:
            raise LookupError(error.detail) from None


def _id(entry: bytes) -> str | None:
    """Return an entry's id, None for what is no entry: blocks may hold anything."""
    try:
        value = json.loads(entry)
        return str(value["id"]) if isinstance(value, dict) and "id" in value else None
    except (ValueError, RecursionError):
        return None
