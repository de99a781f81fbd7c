"""The nodes that a gateway may use: one at a time, another when it fails or stands still."""

import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ledger.backends.cometbft.rpc import Connection
from ledger.errors import LedgerError, Unavailable

STILL_SECONDS = 40.0
"""A node that tells of no block for so long is left if another knows more: an idle chain makes one every 15."""
CATCH_UP_SECONDS = 3.0
"""How long a node may take to reach what another told of before."""


class Nodes:
    """Connections to nodes of one chain."""

    def __init__(self, addresses: Sequence[str], *, chain: str) -> None:
        if not addresses:
            raise LedgerError("no node is named: expected at least one address")
        self._addresses = list(addresses)
        self._chain = chain
        self._mutex = threading.RLock()
        self._open: Connection | None = None
        self._highest = 0

    def connection(self) -> Connection:
        """Return the connection in use, a new one if there is none. Raises `Unavailable` if no node answers."""
        with self._mutex:
            if self._open is None:
                self._open = self._connect(self._addresses)
            return self._open

    def call(self, method: str, **parameters: Any) -> Any:  # noqa: ANN401 - whatever the node answers
        """Return a call's result from the node in use, or another. Raises `RefusedCall`, `Unavailable`."""
        return self.calls((method, parameters))[0]

    def calls(self, *wanted: tuple[str, dict[str, Any]]) -> list[Any]:
        """Return the results of several calls to one node, sent together."""
        for _ in self._addresses:
            node = self.connection()
            with suppress(Unavailable):
                begun = [node.begin(method, **parameters) for method, parameters in wanted]
                return [node.result(each) for each in begun]
            self._leave(node)
        raise Unavailable(f"none of {len(self._addresses)} nodes answers")

    def height(self) -> int:
        """Return the newest height that a node told of: it never falls. Raises `Unavailable`."""
        with self._mutex:
            node = self.connection()
            if time.monotonic() - node.told_at > STILL_SECONDS:
                node = self._look_around(node)
            self._highest = max(self._highest, node.height)
            return self._highest

    def close(self) -> None:
        """Close the connection."""
        with self._mutex:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _connect(self, addresses: Sequence[str]) -> Connection:
        faults = []
        for address in addresses:
            try:
                return self._connect_to(address)
            except LedgerError as error:
                faults.append(str(error))
        raise Unavailable("; ".join(faults))

    def _connect_to(self, address: str) -> Connection:
        """Connect to a node that knows at least what was known before: an answer must not be older than another."""
        node = Connection(address)
        try:
            node.follow()
            status = node.call("status")
            network = status["node_info"]["network"]
            if network != self._chain:
                raise LedgerError(f"the node at {address} is of chain {network!r}, expected {self._chain!r}")
            node.take_height(int(status["sync_info"]["latest_block_height"]))
            if not node.wait_for(self._highest, CATCH_UP_SECONDS):
                raise Unavailable(f"the node at {address} is at height {node.height}, expected {self._highest}")
        except BaseException:
            node.close()
            raise
        return node

    def _leave(self, node: Connection) -> None:
        """Use another node from now on: the one that failed goes to the end."""
        node.close()
        with self._mutex:
            if self._open is node:
                self._open = None
                self._addresses.remove(node.address)
                self._addresses.append(node.address)

    def _look_around(self, node: Connection) -> Connection:
        """Change to a node that knows more than the one in use, if there is one."""
        for address in self._addresses[1:]:
            with suppress(LedgerError):
                other = self._connect_to(address)
                if other.height > node.height:
                    self._addresses.remove(address)
                    self._addresses.insert(0, address)
                    self._open = other
                    node.close()
                    return other
                other.close()
        node.told_at = time.monotonic()  # looked around: no need to at once again
        return node
