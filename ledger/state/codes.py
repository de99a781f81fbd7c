"""The result codes of entries; they stand in the block's results and never change their meaning."""

from enum import IntEnum


class Code(IntEnum):
    """What became of an entry."""

    OK = 0
    """Accepted."""
    MALFORMED = 1
    """Not an entry: not canonical, incomplete, or a body that is not of its type."""
    WRONG_CHAIN = 2
    """Made for another chain."""
    TOO_LATE = 3
    """The height is above the entry's `not_after_height`."""
    REPEATED = 4
    """An entry of this id was accepted before."""
    WRONG_SIGNER = 5
    """Signed by an organisation or key that is unknown, ended, suspended, of another usage, or not the one that may."""
    BAD_SIGNATURE = 6
    """A signature does not verify."""
    TOO_FEW_SIGNATURES = 7
    """Fewer governing organisations signed than genesis asks for."""
    EXISTS = 8
    """What is to be added is already there."""
    UNKNOWN = 9
    """What is to be changed is not there."""
    OUT_OF_SEQUENCE = 10
    """The batch or version does not follow the last one."""
    WRONG_STATE = 11
    """The present state of the consent, title or claim does not allow this."""
    CONFLICT = 12
    """Somebody else holds an active claim on this fingerprint."""
    LOCKOUT = 13
    """It would leave fewer governing organisations than must sign."""
