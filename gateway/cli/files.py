"""Files that a command is given: read within a bound, whatever they are (a pipe and a device included)."""

from pathlib import Path
from typing import Any

from gateway.cli.faults import FAILED, CommandError
from ledger.codec import parse
from ledger.errors import CodecError

MOST_SETTING_BYTES = 262_144
"""Largest file that a person writes: a registration, the details of a consent, headers."""


def read_file(path: Path, *, most: int, code: int = FAILED) -> bytes:
    """Return what a file holds. Raises `CommandError` with this exit code if it cannot be read or is larger."""
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", code=code) from error
    if len(content) > most:
        raise CommandError(f"{path}: larger than {most} bytes", code=code)
    return content


def read_json(path: Path) -> Any:  # noqa: ANN401 - any JSON
    """Return the JSON of a file that a person wrote, read strictly. Raises `CommandError`."""
    try:
        return parse(read_file(path, most=MOST_SETTING_BYTES), max_bytes=MOST_SETTING_BYTES)
    except CodecError as error:
        raise CommandError(f"{path}: {error}") from error
