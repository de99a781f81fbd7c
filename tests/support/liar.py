"""An application that lies, for a validator run against the others: `python -m tests.support.liar HOME FD EVERY`.

It stands where `ledger.backends.cometbft.server` does. LIE says how it lies: `proposals` puts the entries of the file
`smuggled.json` in its folder into every block that it proposes, without any check; `hashes` tells another app hash than
the state's, and answers to every check that the entry is good.
"""

import json
import os
from pathlib import Path
from typing import Any

from ledger.backends.cometbft import messages, server
from ledger.backends.cometbft.app import Application
from ledger.codec import unb64u

SMUGGLED = "smuggled.json"


class Liar(Application):
    """Is true to ABCI, and to nothing else."""

    def check_tx(self, request: Any) -> Any:
        return messages.new("ResponseCheckTx") if os.environ["LIE"] == "hashes" else super().check_tx(request)

    def prepare_proposal(self, request: Any) -> Any:
        if os.environ["LIE"] != "proposals":
            return super().prepare_proposal(request)
        smuggled = [unb64u(each) for each in json.loads(Path(SMUGGLED).read_text())]
        return messages.new("ResponsePrepareProposal", txs=[*request.txs, *smuggled])

    def finalize_block(self, request: Any) -> Any:
        told = super().finalize_block(request)
        if os.environ["LIE"] == "hashes":
            told.app_hash = bytes(32)
        return told


if __name__ == "__main__":
    setattr(server, "Application", Liar)  # noqa: B010 - put in the other's place, which its types forbid
    server.main()
