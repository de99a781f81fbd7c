"""What commands say: rich on a terminal, plain text elsewhere."""

import os
from pathlib import Path

from rich.console import Console

PRIVATE_MODE = 0o600


def console(*, stderr: bool = False) -> Console:
    """Return a console that neither wraps nor colours when nobody looks."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that its owner alone can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
