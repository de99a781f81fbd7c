"""The demo's folder: only what a demo made there before is ever removed."""

import fcntl
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from gateway.cli.faults import CommandError

MARK = ".tidegate-demo.json"
MADE = (
    "data",
    "carrier",
    "haulier",
    "forwarder",
    "owner",
    "bank",
    "messages",
    "attacks",
    "attestations.json",
    "evidence.json",
    "pulls.json",
    "trust.json",
    "gateway.log",
)
"""What a demo makes in its folder."""


def prepare(folder: Path, *, made: Sequence[str] = MADE, option: str = "--out") -> None:
    """Make an empty folder for a demo that makes `made` in it, removing what an earlier one made.

    Raises `CommandError` if it holds anything else, or if an earlier demo still runs there; `option` names another.
    """
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file: expected a folder, or nothing")
    mark = folder / MARK
    if mark.is_file():
        _refuse_running(folder)
        _remove(folder, json.loads(mark.read_bytes())["made"])
    elif folder.is_dir() and any(folder.iterdir()):
        raise CommandError(f"{folder} is not empty, and no demo made it: choose another with {option}")
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps({"made": made}))


def _remove(folder: Path, names: list[str]) -> None:
    for name in names:
        path = folder / Path(name).name
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif path.is_dir():
            shutil.rmtree(path)


def _refuse_running(folder: Path) -> None:
    lock = folder / "data" / "serve.lock"
    if not lock.is_file():
        return
    with lock.open("r+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CommandError(
                f"an earlier demo still runs in {folder}: stop it, or choose another with --out"
            ) from None
