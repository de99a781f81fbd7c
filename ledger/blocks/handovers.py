"""Hand-overs: the header by which one validator set hands over to the next, with the commit that makes it so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from ledger.blocks.commits import Commit
from ledger.blocks.forms import members
from ledger.blocks.headers import Header
from ledger.blocks.validators import Validator, read_validators


@dataclass(frozen=True, slots=True)
class Handover:
    """A header whose next validators are others, the commit for it, and the set that `next_validators_hash` names."""

    header: Header
    commit: Commit
    validators: tuple[Validator, ...]

    def json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "commit": self.commit.json(),
            "header": self.header.json(),
            "validators": [validator.json() for validator in self.validators],
        }

    @classmethod
    def read(cls, value: object) -> Self:
        """Read the JSON form. Raises `CodecError`."""
        given = members(value, ("commit", "header", "validators"), "handover")
        return cls(Header.read(given["header"]), Commit.read(given["commit"]), read_validators(given["validators"]))


def serving_sets(first: Sequence[Validator], handovers: Sequence[Handover]) -> list[tuple[int, tuple[Validator, ...]]]:
    """Return each validator set with the first height at which it serves, from the first block's set on."""
    return [(1, tuple(first)), *((each.header.height + 1, each.validators) for each in handovers)]
