"""The application's process: answers the engine on the listening socket that the supervisor hands over.

One thread. The engine opens four connections (consensus, mempool, queries, snapshots); requests of each are answered in
order. A request that cannot be answered ends the process: better a node that stops than one that answers wrongly.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from ledger.backends.cometbft import messages
from ledger.backends.cometbft.app import Application
from ledger.backends.cometbft.layout import Home
from ledger.backends.cometbft.peers import Peers
from ledger.backends.cometbft.snapshots import Snapshots
from ledger.backends.cometbft.store import Store
from ledger.backends.cometbft.supervisor import OTHER_SOFTWARE
from ledger.backends.cometbft.wire import frame, read_frame
from ledger.errors import CodecError, NewerRules

STILL_SECONDS = 60.0
"""After how long without a new block the watchdog says so: an idle chain makes one every 15 seconds."""
LOOK_SECONDS = 5.0
STANDARD_INPUT = 0
MOST_HELD_BYTES = 65_536
"""Of answers that are not sent yet: they are when the engine asks for them (`flush`), after a burst of requests."""
_log = logging.getLogger(__name__)


class Server:
    """Answers ABCI requests until it is stopped or one cannot be answered."""

    def __init__(self, app: Application, snapshots: Snapshots) -> None:
        self._app, self._snapshots = app, snapshots
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self, listener: socket.socket) -> None:
        """Serve on a listening unix socket. Raises what kept a request from being answered."""
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self.stop)
        loop.add_reader(STANDARD_INPUT, self._when_orphaned)
        async with await asyncio.start_server(self._serve, sock=listener):
            watchdog = asyncio.create_task(self._watch())
            try:
                await self._ended
            finally:
                watchdog.cancel()

    def stop(self) -> None:
        """End, after the request at hand."""
        if not self._ended.done():
            self._ended.set_result(None)

    def _when_orphaned(self) -> None:
        """End when whoever started this process is gone: then the pipe on standard input ends."""
        if not os.read(STANDARD_INPUT, 1024):
            self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answered = bytearray()
        try:
            while (data := await read_frame(reader)) is not None:
                request = messages.parse("Request", data)
                answered += frame(self.answer(request).SerializeToString())
                kind = request.WhichOneof("value")
                if kind == "flush" or len(answered) > MOST_HELD_BYTES:
                    writer.write(bytes(answered))
                    answered.clear()
                    await writer.drain()
                if kind == "commit":
                    self._take_snapshot()
        except (CodecError, DecodeError, ConnectionError) as error:
            _log.warning("a connection of the engine ended: %s", error)
        except Exception as error:  # noqa: BLE001 - a node must not go on from what it cannot do
            if not self._ended.done():
                self._ended.set_exception(error)
        finally:
            writer.close()

    def answer(self, request: Any) -> Any:  # noqa: ANN401 - messages
        """Return the response to a request."""
        kind = request.WhichOneof("value")
        match kind:
            case "echo":
                response = messages.new("ResponseEcho", message=request.echo.message)
            case "flush":
                response = messages.new("ResponseFlush")
            case None:
                raise CodecError("a request of a kind that ABCI 2.0 without vote extensions has not")
            case _:
                response = getattr(self._app, kind)(getattr(request, kind))
        return messages.new("Response", **{kind: response})

    def _take_snapshot(self) -> None:
        """Make a snapshot's parts, one at a time, whenever there is nothing else to do."""
        if self._snapshots.go_on():
            asyncio.get_running_loop().call_soon(self._take_snapshot)

    async def _watch(self) -> None:
        """Say so when the height does not move: the engine itself keeps answering."""
        said = 0.0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            still = time.monotonic() - self._app.moved_at
            if still > STILL_SECONDS and time.monotonic() - said > STILL_SECONDS:
                said = time.monotonic()
                _log.warning("no block for %d seconds: are more than two thirds of the validators up?", still)


async def _main(home: Home, listener: socket.socket, every: int) -> None:
    store = Store(home.state)
    try:
        snapshots = Snapshots(home.snapshots, store, every=every)
        await Server(Application(store, snapshots, Peers(home.peers)), snapshots).run(listener)
    finally:
        store.close()


def main() -> None:
    """Run the application: `python -m ledger.backends.cometbft.server HOME FD EVERY`, as the supervisor does."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    home, descriptor, every = sys.argv[1:]
    with socket.socket(fileno=int(descriptor)) as listener, suppress(KeyboardInterrupt):
        try:
            asyncio.run(_main(Home(Path(home)), listener, int(every)))
        except NewerRules as error:
            _log.error("%s", error)
            sys.exit(OTHER_SOFTWARE)


if __name__ == "__main__":
    main()
