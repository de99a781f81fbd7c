"""The wires between nodes: a proxy for each direction in which one may connect to another, so that they can be cut.

A cut wire carries nothing and closes nothing, as a network that drops every packet; once it is mended, what was sent
meanwhile arrives, as TCP would send it again.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

CHUNK_BYTES = 65_536
Done = TypeVar("Done")


class Links:
    """Wires, each between two nodes by their names; one thread carries what goes over all of them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="links", daemon=True)
        self._thread.start()
        self._open: dict[frozenset[str], asyncio.Event] = {}
        self._servers: list[asyncio.Server] = []

    def lay(self, source: str, target: str, address: str) -> str:
        """Lay a wire by which `source` connects to `target` at `address`; return the address to use instead."""
        return self._do(self._lay(source, target, address))

    def wire(self, settings: Path, source: str, addresses: Mapping[str, str]) -> None:
        """Have the node with these settings connect to others, addresses by name, by wires."""
        text = settings.read_text()
        for target, address in addresses.items():
            text = text.replace(f"@{address}", f"@{self.lay(source, target, address)}")
        settings.write_text(text)

    @contextmanager
    def cut(self, *names: str) -> Iterator[None]:
        """Cut these nodes off from all others, and from each other, until the block ends."""
        wires = [state for ends, state in self._open.items() if ends & set(names)]
        self._do(self._set(wires, whole=False))
        try:
            yield
        finally:
            self._do(self._set(wires, whole=True))

    def close(self) -> None:
        """End all wires."""
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Done]) -> Done:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _lay(self, source: str, target: str, address: str) -> str:
        state = self._open.setdefault(frozenset((source, target)), asyncio.Event())
        state.set()
        host, _, port = address.rpartition(":")

        async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                await state.wait()
                far_reader, far_writer = await asyncio.open_connection(host, int(port))
                await asyncio.gather(_pump(reader, far_writer, state), _pump(far_reader, writer, state))
            writer.close()

        server = await asyncio.start_server(carry, "127.0.0.1", 0)
        self._servers.append(server)
        near = server.sockets[0].getsockname()
        return f"{near[0]}:{near[1]}"

    async def _set(self, wires: list[asyncio.Event], *, whole: bool) -> None:
        for each in wires:
            (each.set if whole else each.clear)()

    async def _end(self) -> None:
        for server in self._servers:
            server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, state: asyncio.Event) -> None:
    """Carry one direction of a connection until it ends."""
    try:
        with suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                await state.wait()
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()
