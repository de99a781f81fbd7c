"""What can go wrong in the ledger package.

LedgerError
├── CodecError         bytes that are not in the one canonical form
├── VerificationError  something that was to be verified is not true; knows its step
├── Unavailable        the ledger cannot be reached, or does not go on, for now
├── NewerRules         the ledger's rules are of a version that this software does not know
└── Rejected           the state machine does not accept an entry; knows its code
"""


class LedgerError(Exception):
    """Anything this package refuses."""


class CodecError(LedgerError):
    """Bytes or text are not in the form that is written here. Says got, expected and where."""


class VerificationError(LedgerError):
    """What was to be verified is not so. `step` is its number in the offline verification, where it is part of one."""

    def __init__(self, message: str, *, step: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.step = step


class Unavailable(LedgerError):  # noqa: N818 - a state of the world, not a mistake
    """The ledger cannot be reached, or does not go on, for now. Trying again later is right."""


class NewerRules(LedgerError):  # noqa: N818 - a state of the world, not a mistake
    """The ledger goes on by rules that this software does not know. Only a newer one can go on."""


class Rejected(LedgerError):  # noqa: N818 - a verdict of the state machine, named as it is spoken of
    """An entry that the state machine does not accept. `code` is one of `ledger.state.Code`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
