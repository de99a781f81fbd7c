"""What a process keeps from one pull to the next: what is final, and so never changes under its name.

Nothing kept here decides anything. How a consent stands, which records it covers and what they hold is read anew for
every pull; no key and no field of a record is kept. When something is full it is emptied: it fills again by itself.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from gateway.anchoring import own
from gateway.anchoring.reads import Anchored, AnchoredLeaf
from ledger.evidence import BlockPart

MOST_GRANTS, MOST_LEAVES, MOST_BLOCKS, MOST_KEYS = 2_000, 10_000, 2_000, 10_000
Name = TypeVar("Name", str, int)
Found = TypeVar("Found")


class Moved(Exception):  # noqa: N818 - nothing is wrong: it must be read again
    """What was read does not belong together any more: the consent or the ledger has moved on between two reads."""


@dataclass(frozen=True, slots=True)
class Granted:
    """A version of a consent: what it grants, and what proves it. `part` and `credentials` are those of an evidence."""

    consent_id: str
    version: int
    terms: Mapping[str, Any]
    commitment: str
    part: bytes
    credentials: tuple[str, ...]
    """The state's keys of the passkeys that signed."""
    activation: Anchored | None


@dataclass(slots=True)
class Kept:
    """What one process keeps. Keys are proved under one header, the newest: those under the one before it go."""

    grants: dict[str, Granted] = field(default_factory=dict)
    leaves: dict[str, AnchoredLeaf] = field(default_factory=dict)
    """By the leaf's hash, in hexadecimal."""
    blocks: dict[int, BlockPart] = field(default_factory=dict)
    handovers: dict[int, bytes] = field(default_factory=dict)
    """By the height of the header that they lead to."""
    _keys: dict[str, bytes] = field(default_factory=dict)
    _keys_at: int = 0
    _compromised: set[str] = field(default_factory=set)

    def keys(self, at: int) -> dict[str, bytes]:
        """Return the state proofs kept under header `at`, by key."""
        if at > self._keys_at:
            self._keys, self._keys_at = {}, at
        return self._keys if at == self._keys_at else {}

    def forgets_leaves(self, proofs: Mapping[str, bytes]) -> bool:
        """Forget all leaves if a state proof, by key, says for the first time that a key was compromised.

        What such a key anchored is anchored again. Who reads leaves meanwhile puts them where nobody looks any more.
        Returns whether they are forgotten.
        """
        keys = {key for key in proofs if key.startswith("key/") and own.value_in(proofs[key])["compromised_since"]}
        if keys <= self._compromised:
            return False
        self._compromised |= keys
        self.leaves = {}
        return True


def keep(kept: dict[Name, Found], more: Mapping[Name, Found], *, most: int) -> None:
    """Add to what is kept, after emptying it if there would be more than `most`."""
    if len(kept) + len(more) > most:
        kept.clear()
    kept.update(more)


async def completed(
    kept: dict[Name, Found],
    wanted: Collection[Name],
    read: Callable[[list[Name]], Awaitable[Mapping[Name, Found]]],
    *,
    most: int,
) -> dict[Name, Found]:
    """Return what is wanted and exists, by name: as kept, or else as read, and kept from then on."""
    found = {each: kept[each] for each in wanted if each in kept}
    if len(found) < len(wanted):
        more = await read(sorted(each for each in wanted if each not in found))
        keep(kept, more, most=most)
        found.update(more)
    return found
