"""ABCI's socket protocol: messages one after the other, each preceded by its length as an unsigned varint."""

from asyncio import IncompleteReadError, StreamReader

from ledger.blocks.wire import SEVEN_BITS, delimited
from ledger.errors import CodecError

MOST_BYTES = 104_857_600
"""Of one message, as CometBFT bounds it too (100 MiB)."""
MOST_LENGTH_BYTES = 4
"""Of a length up to `MOST_BYTES`."""

frame = delimited
"""Return a message as it is sent."""


async def read_frame(reader: StreamReader) -> bytes | None:
    """Return the next message, None at the stream's end.

    Raises `CodecError` for a length that is too large or not in its shortest form, or a stream that ends in between.
    """
    try:
        size = await _length(reader)
        return None if size is None else await reader.readexactly(size)
    except IncompleteReadError as error:
        raise CodecError(f"the stream ended after {len(error.partial)} bytes, expected {error.expected}") from None


async def _length(reader: StreamReader) -> int | None:
    size = 0
    for place in range(MOST_LENGTH_BYTES):
        byte = await reader.read(1)
        if not byte:
            if place:
                raise CodecError("the stream ended within a message's length")
            return None
        size |= (byte[0] & SEVEN_BITS) << 7 * place
        if byte[0] <= SEVEN_BITS:
            return _bounded(size, shortest=place == 0 or byte[0] > 0)
    raise CodecError(f"a message's length has more than {MOST_LENGTH_BYTES} bytes")


def _bounded(size: int, *, shortest: bool) -> int:
    if not shortest:
        raise CodecError("a message's length is not in its shortest form")
    if size > MOST_BYTES:
        raise CodecError(f"a message of {size} bytes, expected at most {MOST_BYTES}")
    return size
