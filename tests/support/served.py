"""A gateway served by uvicorn on a free port of this machine, for a real browser."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from gateway import keys
from gateway.app import create_app
from gateway.clock import utc_now
from gateway.settings import Settings

PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Served:
    """A gateway that listens."""

    url: str
    app: FastAPI
    settings: Settings


@contextmanager
def served(database_url: str, folder: Path, **changes: Any) -> Iterator[Served]:
    """Serve a gateway until the block ends; `changes` are settings, or the `keyring` of another on the database."""
    keyring: keys.Keyring | None = changes.pop("keyring", None)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", changes.get("port", 0)))
        port = listening.getsockname()[1]
        settings = Settings(**{"data_dir": folder, "issuer": f"http://localhost:{port}", "port": port, **changes})
        if keyring is None:
            keys.create(settings.keys_path)
        held = keyring or keys.load(settings.keys_path)
        app = create_app(settings, keyring=held, database_url=database_url, clock=utc_now)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="on", proxy_headers=False))
        app.state.leaving = lambda: server.should_exit
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        _until_started(server)
        yield Served(settings.issuer, app, settings)
        server.should_exit = True
        thread.join(PATIENCE)


def _until_started(server: uvicorn.Server) -> None:
    deadline = time.monotonic() + PATIENCE
    while not server.started:
        if time.monotonic() > deadline:
            raise TimeoutError("the gateway did not start")
        time.sleep(0.01)
