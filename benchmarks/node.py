"""The peers on Node 22: installed outside the repository, as `peers/package-lock.json` says, and started."""

import json
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.servers import Server, started
from gateway.cli.ports import free_port
from tests.support.nodejs import CACHE, Nodejs

FOLDER = CACHE / "peers"
SOURCES = Path(__file__).parent / "peers"
NODEJS = Nodejs(FOLDER, least=22)
Running = AbstractContextManager[Server]


def install() -> None:
    """Install Node, if need be, and the peers' packages."""
    NODEJS.install()
    for source in SOURCES.iterdir():
        shutil.copy(source, FOLDER)
    NODEJS.packages()


@contextmanager
def running(program: str, **settings: Any) -> Iterator[Server]:  # noqa: ANN401 - any JSON
    """Run one of the peers' programs with its settings, and a port of its own."""
    port = free_port()
    path = FOLDER / f"{program}.json"
    path.write_text(json.dumps({"port": port, **settings}))
    with started([NODEJS.node, f"{program}.js", str(path)], port, folder=FOLDER) as server:
        yield server
