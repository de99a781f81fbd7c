"""What a ledger offers, whatever engine runs it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ledger.blocks.commits import Commit
from ledger.blocks.handovers import Handover
from ledger.blocks.headers import Header
from ledger.blocks.validators import Validator
from ledger.codec import b64u
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

    def json(self) -> dict[str, Any]:
        """Return the JSON form: `other` is empty, or path and hash of the leaf that stands where the key would be."""
        return {
            "key": self.key,
            "other": [b64u(each) for each in self.proof.other or ()],
            "siblings": [b64u(each) for each in self.proof.siblings],
            "value": self.value,
        }


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

    def handovers(self, after: int) -> list[Handover]:
        """Return every change of the validator set above height `after` that has a commit, lowest height first.

        A change is a header whose `next_validators_hash` is not its own `validators_hash`; it comes with the commit
        for it and the set that serves from the next height on. With `after` 0 the answer MUST be complete from the
        first block on, or from the first one that the ledger still has. An engine whose set is for good has none.
        """

    def trust(self) -> dict[str, Any]:
        """Return what a trust file says of this chain, without signatures (`ledger.trust.stated`).

        It MUST list every former set that `handovers` leads away from, and pin a block of the present one.
        """

    def close(self) -> None:
        """Stop; everything acknowledged is on disk already."""
