"""What a ledger offers, whatever engine runs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ledger.blocks.commits import Commit
from ledger.blocks.headers import Header
from ledger.blocks.validators import Validator
from ledger.smt import Proof


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an entry: the block that holds it, its index there, and its result code (0: accepted)."""

    height: int
    index: int
    code: int


@dataclass(frozen=True, slots=True)
class Block:
    """A final block: its header, the next one (which binds it and its results), and the commit for that next one."""

    header: Header
    next: Header
    commit: Commit
    validators: tuple[Validator, ...]
    """The set that signed `commit`: that of the next header."""
    entries: tuple[bytes, ...]
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StateProof:
    """A key of the state with its value (None: absent) and the proof under a header's app hash."""

    key: str
    value: Mapping[str, Any] | None
    proof: Proof


class Backend(Protocol):
    """A ledger. Implementations MUST give, for equal sequences of accepted entries, equal states."""

    chain: str
    """The chain's id."""
    engine: str
    """`embedded` or `cometbft`."""

    def submit(self, entry: bytes) -> None:
        """Hand an entry over. If it is lost after this returned, handing it over again MUST be accepted.

        Handing the same entry over again MUST have no further effect. Raises `Rejected` if it would not be accepted.
        """

    def outcome(self, entry_id: str) -> Outcome | None:
        """Return what became of an entry once that is final; None before, and for an unknown id."""

    def height(self) -> int:
        """Return the newest height with a commit. Its header's app hash is the state after the block before it."""

    def block(self, height: int) -> Block:
        """Return a final block: one below `height()`. Raises `LookupError` for any other."""

    def prove(self, keys: Sequence[str], height: int) -> list[StateProof]:
        """Return values and proofs under the app hash of the header at `height`.

        The newest height MUST be provable. Raises `LookupError` for one that no longer is.
        """

    def trust(self) -> dict[str, Any]:
        """Return what a trust file says of this chain, without signatures (`ledger.trust`)."""

    def close(self) -> None:
        """Stop; everything acknowledged is on disk already."""
