"""What an embedded ledger's file keeps beside its blocks, against what they make: state, tree, ids and roots."""

from collections.abc import Iterator

from ledger.audit.chain import DAMAGE
from ledger.audit.findings import ENTRIES, STORED_STATE, UNREADABLE, Finding
from ledger.audit.replay import Replay
from ledger.backends.reader import EmbeddedReader
from ledger.codec import sha256
from ledger.entries import decode

Row = tuple[bytes | str, bytes | str]


def check(reader: EmbeddedReader, replay: Replay, *, first: int, walked: int) -> Iterator[Finding]:
    """Yield what the file says that its blocks do not. `replay` has executed them from the genesis to below `walked`.

    What the ledger has grown by meanwhile is executed here, while the file is held still.
    """
    with reader.still() as head:
        yield from _ids(reader, first, head)
        try:
            for height in range(walked, head):
                replay.apply(height, reader.block(height).entries)
            root = reader.root(head)
        except DAMAGE as error:
            yield Finding(UNREADABLE, f"block {head}", str(error))
            return
        if root != replay.root:
            what = f"the state's root is {root.hex()}, its blocks make {replay.root.hex()}"
            yield Finding(STORED_STATE, f"block {head}", what)
        yield from _state(reader, replay)
        yield from _nodes(reader, replay)


def _ids(reader: EmbeddedReader, first: int, head: int) -> Iterator[Finding]:
    for height, named, data in reader.entries_named(first, head + 1):
        try:
            got = decode(data).id
        except DAMAGE as error:
            yield Finding(ENTRIES, f"block {height}", f"entry {named} cannot be read: {error}")
            continue
        if got != named:
            yield Finding(ENTRIES, f"block {height}", f"entry {got} is filed under the id {named}: it is not found")


def _state(reader: EmbeddedReader, replay: Replay) -> Iterator[Finding]:
    statement = "SELECT key, value FROM state ORDER BY key"
    for key, got, expected in _differences(reader.db.execute(statement), replay.db.execute(statement)):
        told = f"it is {_told(got)}, the blocks make {_told(expected)}"
        yield Finding(STORED_STATE, f"state {key!s}", told)


def _nodes(reader: EmbeddedReader, replay: Replay) -> Iterator[Finding]:
    """Yield what is wrong with the tree; a tree that was begun late does not tell what older roots needed."""
    statement = "SELECT hash, node FROM nodes ORDER BY hash"
    mine = replay.db.execute(statement) if replay.whole_tree else iter(())
    missing = 0
    for key, got, expected in _differences(reader.db.execute(statement), mine):
        if got is None:
            missing += 1
        elif not isinstance(key, bytes) or not isinstance(got, bytes) or sha256(got) != key:
            told = key.hex() if isinstance(key, bytes) else str(key)
            yield Finding(STORED_STATE, f"node {told}", "it does not have the hash that it is filed under")
        elif expected is not None or replay.whole_tree:
            yield Finding(STORED_STATE, f"node {key.hex()}", "it stands in no tree that the blocks make")
    if missing:
        yield Finding(STORED_STATE, "the state's tree", f"{missing} of its nodes are gone")


def _differences(
    theirs: Iterator[Row], ours: Iterator[Row]
) -> Iterator[tuple[bytes | str, bytes | str | None, bytes | str | None]]:
    """Yield (key, theirs, ours) where two lists, sorted by key, are not the same."""
    got, expected = next(theirs, None), next(ours, None)
    while got is not None or expected is not None:
        if expected is None or (got is not None and got[0] < expected[0]):  # type: ignore[operator]
            yield got[0], got[1], None  # type: ignore[index]
            got = next(theirs, None)
        elif got is None or expected[0] < got[0]:  # type: ignore[operator]
            yield expected[0], None, expected[1]
            expected = next(ours, None)
        else:
            if got[1] != expected[1]:
                yield got[0], got[1], expected[1]
            got, expected = next(theirs, None), next(ours, None)


def _told(value: bytes | str | None) -> str:
    return "nothing" if value is None else str(value)
