"""The protobuf wire format, as far as CometBFT's hashed messages use it (proto3: zero values are left out).

One function a field kind; a message is the concatenation of its fields in order of number.
"""

VARINT, FIXED64, BYTES = 0, 1, 2
SEVEN_BITS = 0x7F


def varint(value: int) -> bytes:
    """Return an unsigned base-128 varint; negative numbers as 64-bit two's complement."""
    value &= (1 << 64) - 1
    out = bytearray()
    while value > SEVEN_BITS:
        out.append(value & SEVEN_BITS | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def integer(number: int, value: int) -> bytes:
    """Return field `number` of type int32, int64, uint32, uint64 or enum; nothing if zero."""
    return varint(number << 3 | VARINT) + varint(value) if value else b""


def sfixed64(number: int, value: int) -> bytes:
    """Return field `number` of type sfixed64; nothing if zero."""
    return varint(number << 3 | FIXED64) + value.to_bytes(8, "little", signed=True) if value else b""


def data(number: int, value: bytes) -> bytes:
    """Return field `number` of type bytes or string; nothing if empty."""
    return message(number, value) if value else b""


def message(number: int, value: bytes) -> bytes:
    """Return field `number` holding a message, present even when empty (gogoproto's non-nullable)."""
    return varint(number << 3 | BYTES) + varint(len(value)) + value


def delimited(value: bytes) -> bytes:
    """Return a message preceded by its length."""
    return varint(len(value)) + value


def timestamp(nanoseconds: int) -> bytes:
    """Return google.protobuf.Timestamp for nanoseconds since 1970-01-01T00:00:00Z."""
    return integer(1, nanoseconds // 10**9) + integer(2, nanoseconds % 10**9)
