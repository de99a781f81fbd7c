"""What can go wrong in a connector.

ConnectorError
├── Unmappable        the message is not what the standard says; carries every fault
├── SignatureError    the standard's own signature is missing or wrong
├── UnknownConnector  no connector of that name
├── TransientError    a standard's API did not answer; try again later
└── TerminalError     a standard's API refused; somebody has to look
"""

from collections.abc import Sequence

from connectors.base import Fault


class ConnectorError(Exception):
    """Anything a connector refuses."""


class Unmappable(ConnectorError):  # noqa: N818 - a verdict on a message
    """The message is not what the standard says. `faults` are all of them, each with its place."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults, the first at {faults[0].pointer or 'the top'}: {faults[0].message}")
        self.faults = tuple(faults)


class SignatureError(ConnectorError):
    """The standard's own signature is missing or does not verify."""


class UnknownConnector(ConnectorError):  # noqa: N818 - says what it is
    """There is no connector of that name."""


class TransientError(ConnectorError):
    """A standard's API cannot be reached, is overloaded or failed. `seconds`: how long it asks to be left alone."""

    def __init__(self, message: str, *, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class TerminalError(ConnectorError):
    """A standard's API refused the request: the same again will not help."""
