"""Software that knows one more version of the ledger's rules, which brings a type of entry that there is not.

`python -m tests.support.newer HOME FD EVERY` stands where `ledger.backends.cometbft.server` does; with LIE it lies as
`tests.support.liar`.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from ledger.backends.cometbft import server
from ledger.bodies import BODIES, digest
from ledger.state import EFFECTS, Changes, View, rules
from tests.support.liar import Liar

TYPE = "test.noted"
VERSION = 2


def _note(_state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    return {f"noted/{body['commitment']}": {"height": height, "org": acting}}


@contextmanager
def newer(version: int = VERSION) -> Iterator[None]:
    """Let this process be such software until the block ends, or one that knows still more versions."""
    with (
        patch.dict(BODIES, {TYPE: {"commitment": digest}}),
        patch.dict(EFFECTS, {TYPE: _note}),
        patch.dict(rules.BROUGHT, {TYPE: VERSION}),
        patch.object(rules, "NEWEST", version),
    ):
        yield


if __name__ == "__main__":
    if "LIE" in os.environ:
        setattr(server, "Application", Liar)  # noqa: B010 - put in the other's place, which its types forbid
    with newer():
        server.main()
