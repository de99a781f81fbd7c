"""The one form of everything that is hashed or signed: RFC 8785 JSON, base64url without padding, SHA-256."""

import hashlib
import re
from binascii import a2b_base64, b2a_base64
from contextlib import suppress
from json import JSONEncoder
from typing import Any

import rfc8785

from ledger.errors import CodecError
from schemas import strict_json
from schemas.strict_json import DEPTH, Json, StrictJsonError

_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_LAST = {2: "AQgw", 3: "AEIMQUYcgkosw048"}
"""Letters that leave no bit unused, as the last of so many beyond a multiple of four."""
SALT_BYTES = 32
_ENCODE = JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode
_DOUBTFUL = re.compile(r'(?:":|[,\[])-?(?:[0-9]+[.eE]|[0-9]{16})')
"""What may be a fraction, an exponent, or an integer beyond 53 bits; or stand in a string, which is no harm."""


def canonical(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return the RFC 8785 form of a JSON value. Raises `CodecError` for what JSON or I-JSON cannot say.

    Python's own encoder differs from that form in numbers, and in the order of names beyond ASCII. Where neither can
    occur, as in nearly all that is signed here, its text is taken: it costs a tenth.
    """
    if isinstance(value, dict | list):
        with suppress(TypeError, ValueError, RecursionError):
            text = _ENCODE(value)
            if text.isascii() and not _DOUBTFUL.search(text):
                return text.encode("ascii")
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, RecursionError) as error:
        raise CodecError(f"no canonical form: {error}") from None


def parse(data: bytes, *, max_bytes: int, max_depth: int = DEPTH) -> Json:
    """Read JSON strictly (`schemas.strict_json`). Raises `CodecError`."""
    try:
        return strict_json.parse(data, max_bytes=max_bytes, max_depth=max_depth)
    except StrictJsonError as error:
        raise CodecError(str(error)) from None


def parse_canonical(data: bytes, *, max_bytes: int, max_depth: int = DEPTH) -> Json:
    """Read JSON that must be in RFC 8785 form, byte for byte. Raises `CodecError`."""
    value = parse(data, max_bytes=max_bytes, max_depth=max_depth)
    form = canonical(value)
    if form != data:
        place = next((n for n, (a, b) in enumerate(zip(form, data, strict=False)) if a != b), min(len(form), len(data)))
        raise CodecError(f"not canonical JSON (RFC 8785): first difference at byte {place}")
    return value


def b64u(data: bytes) -> str:
    """Return base64url without padding (RFC 4648 section 5)."""
    return b2a_base64(data, newline=False).translate(_URL_SAFE, b"=").decode("ascii")


def unb64u(text: object, *, size: int | None = None) -> bytes:
    """Return the bytes of base64url without padding, `size` of them if given.

    Raises `CodecError` for any other alphabet, padding, or unused bits that are not zero: one text for each value.
    """
    if not isinstance(text, str) or not _ALPHABET.fullmatch(text) or len(text) % 4 == 1:
        raise CodecError("expected base64url without padding")
    over = len(text) % 4
    if over and text[-1] not in _LAST[over]:
        raise CodecError("base64url with unused bits that are not zero")
    data = a2b_base64(text.encode("ascii").translate(_STANDARD) + b"=" * (-len(text) % 4))
    if size is not None and len(data) != size:
        raise CodecError(f"{len(data)} bytes, expected {size}")
    return data


def sha256(data: bytes) -> bytes:
    """Return the SHA-256 digest: 32 bytes."""
    return hashlib.sha256(data).digest()


def domain(kind: str) -> bytes:
    """Return the prefix that separates what is hashed or signed for one purpose from all others."""
    return f"tidegate/{kind}/1".encode("ascii") + b"\0"


def commitment(kind: str, salt: bytes, value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return the commitment to `value`: SHA-256 of the domain of `kind`, 32 random bytes, and the RFC 8785 form.

    Raises `CodecError` if the salt is not 32 bytes.
    """
    if len(salt) != SALT_BYTES:
        raise CodecError(f"salt of {len(salt)} bytes, expected {SALT_BYTES}")
    return sha256(domain(kind) + salt + canonical(value))
