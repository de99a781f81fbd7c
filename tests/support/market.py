"""A gateway that runs in processes of its own, its participants registered, carrier and owner linked."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.cli.demo import cast
from gateway.cli.demo.browser import Browser
from gateway.cli.demo.play import message
from gateway.cli.demo.stage import Stage
from gateway.client.connection import Connection
from gateway.client.provider import Provider

PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Market:
    """Everybody, in `folder`."""

    stage: Stage
    players: cast.Cast
    owner: Browser
    folder: Path

    def message(self, name: str) -> Path:
        """Return the file of one of the demo's messages."""
        path = self.folder / name
        path.write_bytes(message(name))
        return path

    @property
    def log(self) -> str:
        """What gateway and worker have logged so far. A line is written a moment after what it tells."""
        return (self.folder / "gateway.log").read_text()

    def lines(self, count: int, **members: Any) -> list[dict[str, Any]]:
        """Return the lines of the log that have these members, once there are `count` of them."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = [json.loads(line) for line in self.log.splitlines() if line.startswith("{") and line.endswith("}")]
            matching = [line for line in found if members.items() <= line.items()]
            if len(matching) >= count:
                return matching
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(matching)} lines with {members}, expected {count}")
            time.sleep(0.01)


@contextmanager
def opened(folder: Path, **variables: str) -> Iterator[Market]:
    """Open a market, until the block ends; `variables` are those of its gateway's environment."""
    players, stage = cast.gather(folder), Stage(folder)
    stage.environment.update(variables)
    with stage:
        stage.operate("participants", "add", *map(str, players.registrations))
        link = stage.operate("owners", "invite", cast.OWNER, "--name", "Finance desk", "--authority", "Director")
        with Browser(stage.issuer) as owner, Connection(stage.issuer, players.carrier) as carrier:
            owner.press(owner.open(link), "Make a passkey")
            Provider(carrier).ask_link(cast.OWNER)
            owner.press(owner.open(f"{stage.issuer}/portal/links"), "Yes, we are their customer")
            yield Market(stage, players, owner, folder)
