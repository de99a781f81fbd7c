"""Ledgers written anew by somebody who holds the validator's key."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.backends.embedded import Embedded
from ledger.blocks import times
from ledger.entries import decode
from ledger.errors import Rejected


def rewritten(
    true: Path,
    path: Path,
    *,
    genesis: Mapping[str, Any],
    key: Ed25519PrivateKey,
    without: Callable[[str], bool],
    later: timedelta = timedelta(0),
) -> None:
    """Write at `path` the history of the ledger at `true` without entries of some types, signed by the same validator.

    Blocks have the times that they had, so up to the first entry left out they are the very same; `later` shifts all.
    """
    with closing(sqlite3.connect(true)) as db:
        entries = [bytes(row[0]) for row in db.execute("SELECT data FROM entries ORDER BY height, place")]
        headers = [json.loads(row[0]) for row in db.execute("SELECT header FROM blocks ORDER BY height")]
    moments = _moments([times.to_datetime(times.from_text(each["time"])) + later for each in headers])
    with closing(Embedded(path, genesis=genesis, validator_key=key, clock=lambda: next(moments))) as made:
        for each in entries:
            if not without(decode(each).type):
                with suppress(Rejected):
                    made.submit(each)


def _moments(known: list[datetime]) -> Iterator[datetime]:
    """Yield the moments, then the last one for ever."""
    yield from known
    while True:
        yield known[-1]
