"""Walk along a ledger, block by block, from its genesis or from a later height, and check it as far as it is final."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ledger.audit import blocks
from ledger.audit.findings import ANOTHER_CHAIN, FORK, STATE, UNREADABLE, VALIDATORS, Finding
from ledger.audit.replay import Replay
from ledger.backends.base import Block
from ledger.blocks.headers import Header
from ledger.blocks.validators import validators_hash
from ledger.errors import LedgerError, Unavailable
from ledger.state import rules
from ledger.trust import Trust

DAMAGE = (LookupError, LedgerError, ValueError, TypeError)
"""What reading a damaged block raises."""


class Source(Protocol):
    """A ledger to be audited: what `ledger.backends.base.Backend` offers for reading. It may grow meanwhile."""

    chain: str
    engine: str

    @property
    def silent(self) -> Mapping[str, str]:
        """Nodes of the ledger that were not asked, or not to the end, and why."""

    def height(self) -> int:
        """See `Backend.height`."""

    def block(self, height: int) -> Block:
        """See `Backend.block`."""

    def found(self) -> Iterable[Finding]:
        """Return what reading found besides blocks, and was not told yet: nodes that lie, or differ."""


@dataclass(frozen=True, slots=True)
class Step:
    """A height that was walked over: its block, if it can be read and was looked at, and what is wrong there."""

    height: int
    block: Block | None
    findings: tuple[Finding, ...]


class Walk:
    """A walk from the genesis to the height before `last`; only from `first` on is everything looked at.

    Before `first` the accepted entries are taken over as they stand; the header at `first` then says whether the
    state that they made is the true one.
    """

    def __init__(
        self, source: Source, genesis: Mapping[str, Any], *, trust: Trust | None, first: int, last: int
    ) -> None:
        self._source, self._trust = source, trust
        self._first, self._last = first, last
        self._serving = [(first, validators_hash(each)) for first, each in trust.validator_sets] if trust else []
        self._seen: blocks.Seen | None = None
        self._lost = False
        self.replay = Replay()
        self.replay.begin(genesis)
        self._validators = self.replay.validators_hash()

    def steps(self) -> Iterator[Step]:
        """Yield a step for each height below `last`, those before `first` without their block.

        Raises `NewerRules` where the ledger goes on by rules that this software does not know.
        """
        for height in range(1, self._last):
            rules.check_known(self.replay.state, height)
            try:
                block = self._source.block(height)
            except Unavailable:
                raise
            except DAMAGE as error:
                self._seen, lost, self._lost = None, self._lost, True
                more = "" if lost else "; the state cannot be compared any more from here on"
                unreadable = Finding(UNREADABLE, f"block {height}", f"{error}{more}")
                yield Step(height, None, (*self._source.found(), unreadable))
                continue
            read = tuple(self._source.found())
            if height < self._first:
                yield Step(height, None, (*read, *self._pass(block)))
            else:
                yield Step(height, block, (*read, *self._look(height, block)))

    def _pass(self, block: Block) -> Iterator[Finding]:
        if self._lost:
            return
        height = block.header.height
        try:
            self.replay.accept(height, block.entries, block.codes)
        except DAMAGE as error:
            self._lost = True
            yield Finding(STATE, f"block {height}", f"what stands as accepted there cannot have been: {error}")

    def _look(self, height: int, block: Block) -> Iterator[Finding]:
        if block.header.height != height:
            yield Finding(UNREADABLE, f"block {height}", f"its header says height {block.header.height}")
        seen = self._seen or blocks.Seen(block.header, block.header.hash(), None)
        if self._seen is None:
            yield from self._pinned(seen)
        after = blocks.see(block)
        yield from blocks.check(block, seen, after, chain=self._source.chain)
        yield from self._pinned(after)
        yield from self._executed(height, block)
        self._seen = after

    def _pinned(self, seen: blocks.Seen) -> Iterator[Finding]:
        trust, height = self._trust, seen.header.height
        if trust is None or height > trust.pinned_height:
            return
        serving = [hashed for first, hashed in self._serving if first <= height]
        if height < trust.pinned_height:
            if serving and seen.header.validators_hash != serving[-1]:
                yield Finding(VALIDATORS, f"block {height}", "its validators are not those that the trust file names")
            return
        if seen.hash != trust.pinned_hash:
            got, expected = seen.hash.hex(), trust.pinned_hash.hex()
            yield Finding(FORK, f"block {height}", f"it has hash {got}, the trust file pins {expected}")
        if seen.header.validators_hash != validators_hash(trust.validator_sets[-1][1]):
            yield Finding(ANOTHER_CHAIN, f"block {height}", "its validators are not those of the trust file")

    def _executed(self, height: int, block: Block) -> Iterator[Finding]:
        """Execute the entries of a block. After the first contradiction the state is not compared any more."""
        if height == self._first and height > 1:
            self.replay.settle()
            self._validators = self.replay.validators_hash()
        if self._lost:
            self.replay.apply(height, block.entries)
            return
        yield from self._contradicts(height, block.header)
        codes = self.replay.apply(height, block.entries)
        if codes != list(block.codes):
            self._lost = True
            got = ", ".join(str(code) for code in block.codes)
            expected = ", ".join(str(code) for code in codes)
            yield Finding(STATE, f"block {height}", f"its results are {got}; executed again they are {expected}")
        elif not self._lost:
            yield from self._contradicts(height + 1, block.next)
        if block.entries:
            self._validators = self.replay.validators_hash()
        if not self._lost and block.next.next_validators_hash != self._validators:
            self._lost = True
            yield Finding(
                STATE, f"block {height + 1}", "the validators it names as the next are not those of the state"
            )

    def _contradicts(self, height: int, header: Header) -> Iterator[Finding]:
        if not self._lost and header.app_hash != self.replay.root:
            self._lost = True
            got, expected = header.app_hash.hex(), self.replay.root.hex()
            yield Finding(STATE, f"block {height}", f"its app hash is {got}; executed again the state is {expected}")


def agrees(source: Source, trust: Trust) -> Iterator[Finding]:
    """Yield what a trust file says of another ledger than this one."""
    if (trust.chain, trust.engine) != (source.chain, source.engine):
        got, expected = f"{source.chain!r} ({source.engine})", f"{trust.chain!r} ({trust.engine})"
        yield Finding(ANOTHER_CHAIN, "the ledger", f"it is chain {got}, the trust file is of {expected}")
    elif (ends := source.height()) < trust.pinned_height:
        what = f"the trust file pins it, the ledger ends with block {ends}"
        yield Finding(UNREADABLE, f"block {trust.pinned_height}", what)


def first_since(read: Callable[[int], Block], since: int, last: int) -> int:
    """Return the first height below `last` whose header is not before `since` (nanoseconds since 1970), at least 1.

    `read` gives the block at a height. Raises what reading a damaged block raises.
    """
    low, high = 1, max(last - 1, 1)
    while low < high:
        middle = (low + high) // 2
        if read(middle).header.time < since:
            low = middle + 1
        else:
            high = middle
    return low
