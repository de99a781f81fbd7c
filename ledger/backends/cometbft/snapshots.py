"""Snapshots of the state, for a node that joins: taken every so many blocks, served in parts, checked when they arrive.

A part is canonical JSON, `[[key, value (JSON text)], ...]`, keys in order over all parts. The snapshot's metadata lists
the SHA-256 of each part, and its hash is the metadata's. What it holds is checked against the chain's app hash.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.backends.cometbft import messages
from ledger.backends.cometbft.store import Store
from ledger.codec import b64u, canonical, parse_canonical, sha256
from ledger.errors import CodecError

FORMAT = 1
EVERY = 1000
KEPT = 2
"""How many snapshots are kept: a node that joins may still be fetching the one before the newest."""
MOST_KEYS = 5000
"""In a part: about one MiB."""
MOST_PART_BYTES, MOST_PARTS = 8_388_608, 100_000


class Snapshots:
    """The snapshots in a folder: one folder a height, with its parts and `metadata.json`."""

    def __init__(self, folder: Path, store: Store, *, every: int = EVERY) -> None:
        self._folder, self._store, self._every = folder, store, every
        self._taking: Iterator[None] | None = None

    def take_if_due(self, height: int) -> None:
        """Begin a snapshot at `height` if it is one of those; `go_on` makes its parts."""
        if height % self._every == 0 and self._taking is None:
            self._taking = self._take(height)

    def go_on(self) -> bool:
        """Make the next part of a snapshot that was begun; return whether there is more to do."""
        if self._taking is None:
            return False
        try:
            next(self._taking)
        except StopIteration:
            self._taking = None
        return self._taking is not None

    def listed(self) -> list[Any]:
        """Return the snapshots that are complete, as ABCI's messages."""
        return [self._described(height) for height in self._heights()]

    def chunk(self, height: int, form: int, number: int) -> bytes:
        """Return a part, empty if there is none."""
        file = self._folder / str(height) / str(number)
        return file.read_bytes() if form == FORMAT and file.is_file() else b""

    def _take(self, height: int) -> Iterator[None]:
        draft = self._folder / f".{height}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        digests: list[str] = []
        after = ""
        while values := self._store.values(height, after=after, most=MOST_KEYS):
            after = values[-1][0]
            part = canonical([[key, value] for key, value in values if value is not None])
            (draft / str(len(digests))).write_bytes(part)
            digests.append(b64u(sha256(part)))
            yield
        (draft / "metadata.json").write_bytes(canonical(digests))
        shutil.rmtree(self._folder / str(height), ignore_errors=True)
        draft.rename(self._folder / str(height))
        for old in self._heights()[:-KEPT]:
            shutil.rmtree(self._folder / str(old))

    def _heights(self) -> list[int]:
        return sorted(int(each.parent.name) for each in self._folder.glob("[0-9]*/metadata.json"))

    def _described(self, height: int) -> Any:  # noqa: ANN401 - a message
        metadata = (self._folder / str(height) / "metadata.json").read_bytes()
        return messages.new(
            "Snapshot",
            height=height,
            format=FORMAT,
            chunks=metadata.count(b",") + 1,
            hash=sha256(metadata),
            metadata=metadata,
        )


class Arriving:
    """A snapshot that other nodes send, part by part."""

    def __init__(self, snapshot: Any, app_hash: bytes) -> None:  # noqa: ANN401 - a message
        """Raises `CodecError` unless the snapshot's description is in order; `app_hash` is the chain's."""
        digests = parse_canonical(snapshot.metadata, max_bytes=MOST_PARTS * 48)
        if snapshot.format != FORMAT or sha256(snapshot.metadata) != snapshot.hash:
            raise CodecError("the snapshot is of another format, or its hash is not its metadata's")
        if not isinstance(digests, list) or not 1 <= len(digests) <= MOST_PARTS or len(digests) != snapshot.chunks:
            raise CodecError("the snapshot has another number of parts than its metadata says")
        self._digests, self._height, self._app_hash = digests, snapshot.height, app_hash
        self._parts: dict[int, bytes] = {}

    def take(self, number: int, part: bytes) -> bool:
        """Keep a part; return False if it is not the one that was announced."""
        if number >= len(self._digests) or b64u(sha256(part)) != self._digests[number]:
            return False
        self._parts[number] = part
        return True

    @property
    def complete(self) -> bool:
        """Whether every part is there."""
        return len(self._parts) == len(self._digests)

    def restore(self, store: Store) -> bool:
        """Put the state in place; return False if it is not the one that the chain committed to."""
        try:
            return store.restore(self._height, self._values(), self._app_hash)
        except CodecError:
            return False

    def _values(self) -> Iterator[tuple[str, str]]:
        before = ""
        for number in range(len(self._digests)):
            pairs = parse_canonical(self._parts[number], max_bytes=MOST_PART_BYTES)
            for pair in pairs if isinstance(pairs, list) else [None]:
                if not isinstance(pair, list) or [type(each) for each in pair] != [str, str] or str(pair[0]) <= before:
                    raise CodecError("a part is not a list of keys in order, each with its value")
                before = str(pair[0])
                yield before, str(pair[1])
