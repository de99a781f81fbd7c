"""A connection to a node's RPC: JSON-RPC 2.0 over one websocket, calls and the news of blocks alike."""

import itertools
import json
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, InvalidStateError
from contextlib import ExitStack, suppress
from typing import Any
from urllib.parse import urlsplit

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from ledger.errors import LedgerError, Unavailable

OPEN_SECONDS, ANSWER_SECONDS, ALIVE_SECONDS = 3.0, 10.0, 5.0
MOST_BYTES = 33_554_432
"""Of one answer: a block of 2 MiB, in base64, with its results."""
SCHEMES = {"http": "ws", "https": "wss"}
NEW_BLOCKS = "tm.event='NewBlockHeader'"


class RefusedCall(LedgerError):  # noqa: N818 - an answer, not a fault of ours
    """A node answered a call with an error; `detail` is what it said."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the node refused a call: {detail}")
        self.detail = detail


class Connection:
    """An open connection. Any thread may call; a thread of its own reads."""

    def __init__(self, address: str) -> None:
        """Connect to a node, `http(s)://host:port`. Raises `Unavailable`, `LedgerError` for an address that is none."""
        parts = urlsplit(address)
        if parts.scheme not in SCHEMES or not parts.netloc or parts.path.strip("/"):
            raise LedgerError(f"{address!r} is no node's address, expected such as http://127.0.0.1:26657")
        self.address = address
        self.height = 0
        """The newest height that the node told of."""
        self.told_at = time.monotonic()
        """When it told of one last."""
        self._news = threading.Condition()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._subscription = 0
        self._ended = False
        try:
            opened = connect(
                f"{SCHEMES[parts.scheme]}://{parts.netloc}/websocket",
                compression=None,
                open_timeout=OPEN_SECONDS,
                close_timeout=1,
                ping_interval=ALIVE_SECONDS,
                ping_timeout=ALIVE_SECONDS,
                max_size=MOST_BYTES,
                proxy=None,
            )
            self._socket = ExitStack().enter_context(opened)  # the library wants a context; `close` ends it
        except (OSError, WebSocketException) as error:
            raise Unavailable(f"the node at {address} cannot be reached: {_short(error)}") from None
        self._reader = threading.Thread(target=self._read, name=f"ledger {address}", daemon=True)
        self._reader.start()

    def follow(self) -> None:
        """Have the node tell of every new block from now on. Raises `Unavailable`, `RefusedCall`."""
        self._subscription = next(self._numbers)
        self.result(self._send(self._subscription, "subscribe", {"query": NEW_BLOCKS}))

    def take_height(self, height: int) -> None:
        """Take note of a height that the node told of."""
        with self._news:
            self.height, self.told_at = max(self.height, height), time.monotonic()
            self._news.notify_all()

    def wait_for(self, height: int, seconds: float) -> bool:
        """Wait until the node told of `height`; return whether it did in time."""
        with self._news:
            return self._news.wait_for(lambda: self.height >= height, seconds)

    def call(self, method: str, **parameters: Any) -> Any:  # noqa: ANN401 - whatever the node answers
        """Return a call's result. Raises `RefusedCall`, `Unavailable`."""
        return self.result(self.begin(method, **parameters))

    def begin(self, method: str, **parameters: Any) -> Future[Any]:  # noqa: ANN401 - as `call`
        """Send a call whose result is asked for later, so that several are under way at once."""
        return self._send(next(self._numbers), method, parameters)

    def result(self, call: Future[Any]) -> Any:  # noqa: ANN401 - as `call`
        """Return the result of a call that was begun. Raises `RefusedCall`, `Unavailable`."""
        try:
            return call.result(ANSWER_SECONDS)
        except TimeoutError:
            self.close()
            raise Unavailable(f"the node at {self.address} does not answer") from None

    def close(self) -> None:
        """Close the connection; calls under way raise `Unavailable`."""
        with suppress(OSError, WebSocketException):
            self._socket.close()
        if threading.current_thread() is not self._reader:
            self._reader.join()

    def _send(self, number: int, method: str, parameters: Mapping[str, Any]) -> Future[Any]:
        answer: Future[Any] = Future()
        self._waiting[number] = answer
        try:
            self._socket.send(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": parameters}))
        except (OSError, WebSocketException):
            self._ended = True
        if self._ended:  # looked at after the call is among those that the reading thread ends
            self._waiting.pop(number, None)
            raise self._lost()
        return answer

    def _read(self) -> None:
        try:
            for text in self._socket:
                self._take(json.loads(text))
        except (OSError, WebSocketException, ValueError, LookupError, TypeError):
            pass  # whatever ended it, it is said to those who wait
        finally:
            self._ended = True
            with suppress(OSError, WebSocketException):
                self._socket.close()
            for answer in list(self._waiting.values()):
                with suppress(InvalidStateError):
                    answer.set_exception(self._lost())

    def _take(self, message: Mapping[str, Any]) -> None:
        number = message["id"]
        if "error" in message:
            error = message["error"]
            answer = self._waiting.pop(number)  # of the subscription: none waits, and the connection ends
            answer.set_exception(RefusedCall(str(error.get("data") or error.get("message"))))
        elif number == self._subscription and message["result"]:
            self.take_height(int(message["result"]["data"]["value"]["header"]["height"]))
        else:
            self._waiting.pop(number).set_result(message["result"])

    def _lost(self) -> Unavailable:
        return Unavailable(f"the connection to the node at {self.address} ended")


def _short(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
