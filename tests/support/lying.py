"""A node that lies: it stands before a real one, and changes what that answers."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve

from tests.support.nodes import Node

Change = Callable[[Any], None]
"""Changes the result of a call."""


@dataclass
class Liar:
    """Where the lying node is, and how it changes the results of which calls."""

    url: str = ""
    lies: dict[str, Change] = field(default_factory=dict)


@contextmanager
def lying(node: Node) -> Iterator[Liar]:
    """Yield a liar before `node`."""
    liar = Liar()

    def hand_on(client: ServerConnection) -> None:
        with connect(f"ws://{node.rpc}/websocket", proxy=None) as true:
            try:
                for message in client:
                    true.send(message)
                    answer = json.loads(true.recv())
                    if change := liar.lies.get(json.loads(message)["method"]):
                        change(answer["result"])
                    client.send(json.dumps(answer))
            except ConnectionClosed:
                return

    with serve(hand_on, "127.0.0.1", 0) as server:
        liar.url = f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield liar
        server.shutdown()
        thread.join()
