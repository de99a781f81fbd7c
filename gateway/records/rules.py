"""What a record that arrives is to those already stored under its key. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """Where a record stands among the versions of its document or event."""

    CURRENT = "current"
    SUPERSEDED = "superseded"
    """A later version is stored."""
    RETRACTED = "retracted"
    """The newest version, and it says that the document or event never was."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version under a natural key. `revision` sorts as text; None where the standard numbers none.

    `content` is a digest: equal if the documents are.
    """

    id: str
    revision: str | None
    content: bytes
    state: State
    retracts: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """What is asked of a stored record when something arrives; its fields are columns of the table."""

    id: str
    product: str
    key: str
    revision: str | None
    content: bytes
    state: str
    retracts: bool
    owner_id: str | None
    owner_basis: str | None
    owner_keys: list[str]
    parties: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The document is already stored, as record `id`."""

    id: str


@dataclass(frozen=True, slots=True)
class Store:
    """A new version: stored in `state`; `supersedes` is no longer current; `superseded_by` is newer than it."""

    state: State
    supersedes: str | None = None
    superseded_by: str | None = None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """The provider sent another content under a revision that it has used."""

    id: str
    revision: str


def place(arriving: Version, stored: Sequence[Version]) -> Duplicate | Store | Contradiction:
    """Say what `arriving` is to the versions `stored` under the same key, in any order.

    Where the standard numbers revisions, the highest is current whatever the order of arrival; where it does not, the
    last to arrive is.
    """
    for version in stored:
        if version.content == arriving.content and version.revision == arriving.revision:
            return Duplicate(version.id)
    newest = next((version for version in stored if version.state is not State.SUPERSEDED), None)
    state = State.RETRACTED if arriving.retracts else State.CURRENT
    if newest is None:
        return Store(state)
    if arriving.revision is None or newest.revision is None:
        return Store(state, supersedes=newest.id)
    if taken := next((version for version in stored if version.revision == arriving.revision), None):
        return Contradiction(taken.id, arriving.revision)
    if arriving.revision < newest.revision:
        return Store(State.SUPERSEDED, superseded_by=newest.id)
    return Store(state, supersedes=newest.id)
