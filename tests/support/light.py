"""The engine's own light client: a process that verifies what nodes say, and hands on what holds."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.backends.cometbft import engine
from ledger.backends.cometbft.rpc import Connection, RefusedCall
from ledger.blocks.headers import Header
from tests.support.nodes import Node, free_address, until


@dataclass
class LightClient:
    """Where it answers, its process, and what it logged."""

    address: str
    process: subprocess.Popen[bytes]
    output: Path

    def ask(self, method: str, **parameters: Any) -> Any:
        """Return the result of a call, which the client has verified."""
        node = Connection(f"http://{self.address}")
        try:
            return node.call(method, **parameters)
        finally:
            node.close()

    def refuses(self, method: str, **parameters: Any) -> str:
        """Return why the client does not hand on the result of a call."""
        try:
            raise AssertionError(f"it answered {self.ask(method, **parameters)}")
        except RefusedCall as error:
            return error.detail

    def log(self) -> str:
        return self.output.read_text(errors="replace")


@contextmanager
def light_client(
    chain: str, folder: Path, *, primary: Node, witnesses: Sequence[Node], trusted: Header, claimed: bytes = b""
) -> Iterator[LightClient]:
    """Run a light client that trusts one header, or that another hash, `claimed`, is at its height."""
    address, output = free_address(), folder / "light.log"
    command = [str(engine.find()), "light", chain, "--laddr", f"tcp://{address}", "--home-dir", str(folder / "light")]
    command += ["--primary", primary.url, "--witnesses", ",".join(each.url for each in witnesses)]
    command += ["--height", str(trusted.height), "--hash", (claimed or trusted.hash()).hex()]
    with output.open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:  # noqa: S603 - the pinned engine
        try:
            client = LightClient(address, process, output)
            until(lambda: process.poll() is not None or client.ask("health") == {}, "the light client answers")
            yield client
        finally:
            process.terminate()
