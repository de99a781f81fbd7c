"""Expected faults end a command with one message and a documented exit code; anything else is a bug and shows itself.

0 it was done; 1 it failed or was refused; 2 the command was not used as it is written; 3 it cannot be said (yet).
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

FAILED, USAGE, CANNOT_SAY = 1, 2, 3
EXPECTED = {
    "gateway.client.errors": ("ClientError",),
    "gateway.client.passkey": ("PasskeyError",),
    "gateway.errors": ("GatewayError",),
    "gateway.keys": ("KeysError",),
    "connectors.errors": ("ConnectorError",),
    "ledger.errors": ("LedgerError",),
}
"""Errors that say what is wrong by themselves. Looked up by name: who raised one has imported its module."""


class CommandError(Exception):
    """A command cannot be done. The message says why, and what to do."""

    def __init__(self, message: str, *, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def told() -> Iterator[None]:
    """Print an expected fault to standard error and exit with its code."""
    try:
        yield
    except Exception as error:
        code = exit_code(error)
        if code is None:
            raise
        print(f"error: {error}", file=sys.stderr)  # noqa: T201 - the command line's own output
        raise SystemExit(code) from None


def exit_code(error: Exception) -> int | None:
    """Return the exit code of an expected fault; None for a bug."""
    if isinstance(error, CommandError):
        return error.code
    if type(error).__name__ == "NotYetError":
        return CANNOT_SAY
    return FAILED if isinstance(error, _expected()) else None


def _expected() -> tuple[type[Exception], ...]:
    return tuple(
        getattr(sys.modules[module], name)
        for module, names in EXPECTED.items()
        if module in sys.modules
        for name in names
    )
