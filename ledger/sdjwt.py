"""Selective disclosure for JWTs (SD-JWT, RFC 9901): conceal claims, and reveal those whose disclosures are shown.

Every member of an object and every element of an array is made a disclosure of its own, recursively, so that a
withheld object or array is one digest and does not show how long it is.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from json import JSONEncoder
from json.encoder import encode_basestring
from secrets import token_bytes
from typing import Any

from ledger.codec import b64u, parse, sha256, unb64u
from ledger.errors import CodecError, VerificationError

SALT_BYTES = 16
"""128 random bits (RFC 9901 section 9.3)."""
MOST_DISCLOSURE_BYTES = 1_048_576
MOST_DISCLOSURES = 30_000
"""A record of the greatest size has fewer, with salts as they should be."""
MOST_DEPTH = 64
ALG = "sha-256"
RESERVED = ("_sd", "...")
_TEXT = encode_basestring
_ENCODE = JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A claim made disclosable: its pointer without array indexes, its parent's number if it has one, its text."""

    pointer: str
    parent: int | None
    encoded: str


def conceal(
    claims: Mapping[str, Any], *, salt: Callable[[int], bytes] = token_bytes
) -> tuple[list[str], list[Disclosure]]:
    """Return the digests for `_sd` of the top object, and all disclosures, parents before children.

    `salt` gives fresh random bytes. Raises `CodecError` for a member named `_sd` or `...` (RFC 9901 section 4.1).
    """
    found: list[Disclosure] = []
    return _conceal_members(claims, "", None, found, salt), found


def _conceal_members(
    claims: Mapping[str, Any], pointer: str, parent: int | None, found: list[Disclosure], salt: Callable[[int], bytes]
) -> list[str]:
    digests = []
    for name, value in claims.items():
        if name in RESERVED:
            raise CodecError(f"a claim named {name!r} cannot be made disclosable")
        digests.append(_disclose(name, value, pointer + step(name), parent, found, salt))
    return sorted(digests)


def _disclose(
    name: str | None,
    value: object,
    pointer: str,
    parent: int | None,
    found: list[Disclosure],
    salt: Callable[[int], bytes],
) -> str:
    """Add the disclosure of a value, parents before children, and return its digest."""
    own = len(found)
    found.append(Disclosure(pointer, parent, ""))
    shown = _conceal_value(value, pointer, own, found, salt)
    head = _TEXT(b64u(salt(SALT_BYTES))) if name is None else f"{_TEXT(b64u(salt(SALT_BYTES)))},{_TEXT(name)}"
    encoded = b64u(f"[{head},{shown}]".encode())
    found[own] = Disclosure(pointer, parent, encoded)
    return digest(encoded)


def _conceal_value(value: object, pointer: str, own: int, found: list[Disclosure], salt: Callable[[int], bytes]) -> str:
    """Return the JSON text of a value whose members and elements are digests."""
    if isinstance(value, Mapping):
        digests = _conceal_members(value, pointer, own, found, salt)
        return _members_text(digests)
    if isinstance(value, list):
        return "[" + ",".join(f'{{"...":"{_disclose(None, each, pointer, own, found, salt)}"}}' for each in value) + "]"
    return _ENCODE(value)


def _members_text(digests: list[str]) -> str:
    return '{"_sd":["' + '","'.join(digests) + '"]}' if digests else "{}"


def step(name: str) -> str:
    """Return the part of a JSON pointer that leads to a member (RFC 6901 section 3)."""
    return "/" + (name.replace("~", "~0").replace("/", "~1") if "/" in name or "~" in name else name)


def digest(encoded: str) -> str:
    """Return the digest of a disclosure: base64url of SHA-256 of its ASCII text (RFC 9901 section 4.2.3)."""
    return b64u(sha256(encoded.encode("ascii")))


def combine(jwt: str, disclosures: Iterable[str]) -> str:
    """Return the SD-JWT without key binding: JWT and disclosures, each followed by a tilde (RFC 9901 section 4)."""
    return "~".join([jwt, *disclosures, ""])


def split(presentation: str) -> tuple[str, list[str]]:
    """Return the JWT and the disclosures of an SD-JWT without key binding. Raises `CodecError`."""
    jwt, *disclosures = presentation.split("~")
    if not disclosures or disclosures.pop():
        raise CodecError("an SD-JWT without key binding ends in a tilde")
    if len(disclosures) > MOST_DISCLOSURES:
        raise CodecError(f"{len(disclosures)} disclosures, expected at most {MOST_DISCLOSURES}")
    return jwt, disclosures


def sd_hash(presentation: str) -> str:
    """Return base64url of SHA-256 over the SD-JWT as presented (RFC 9901 section 4.3.1)."""
    return b64u(sha256(presentation.encode("ascii")))


def reveal(payload: Mapping[str, Any], disclosures: Iterable[str]) -> dict[str, Any]:
    """Return the claims that a JWT payload and the disclosures show together. Raises what `opened` raises."""
    return opened(payload, disclosures)[0]


def opened(payload: Mapping[str, Any], disclosures: Iterable[str]) -> tuple[dict[str, Any], int]:
    """Return the claims that payload and disclosures show together, and how many digests stay closed.

    The procedure is that of RFC 9901 section 7.1.
    Raises `CodecError` for a disclosure that is not in form; `VerificationError` for a digest that stands twice, a
    disclosure that no digest calls for, a reserved or repeated claim name, or an unknown `_sd_alg`.
    """
    if payload.get("_sd_alg", ALG) != ALG:
        raise VerificationError(f"_sd_alg is {payload['_sd_alg']!r}, expected {ALG!r}")
    reader = _Reader(disclosures)
    claims = reader.members({name: value for name, value in payload.items() if name != "_sd_alg"}, 0)
    if reader.unused:
        raise VerificationError(f"{len(reader.unused)} disclosures belong to no digest")
    return claims, reader.closed


class _Reader:
    """Replaces digests by what their disclosures say; each digest and each disclosure once."""

    def __init__(self, disclosures: Iterable[str]) -> None:
        self._seen: set[str] = set()
        self.closed = 0
        """Digests met without a disclosure."""
        self.unused: dict[str, list[Any]] = {}
        for encoded in disclosures:
            own = digest(encoded) if encoded.isascii() else ""
            if own in self.unused:
                raise VerificationError("a disclosure stands twice")
            self.unused[own] = _read_disclosure(encoded)

    def members(self, given: Mapping[str, Any], depth: int) -> dict[str, Any]:
        shown = {name: self.value(value, depth) for name, value in given.items() if name != "_sd"}
        if "..." in given:
            raise VerificationError("an object has a member named '...'")
        for text in self._digests(given):
            parts = self._take(text, name=True)
            if parts is None:
                continue
            _, name, value = parts
            if not isinstance(name, str) or name in RESERVED or name in shown:
                raise VerificationError(f"a disclosure has the claim name {name!r}, which is reserved or already there")
            shown[name] = self.value(value, depth)
        return shown

    def value(self, value: object, depth: int) -> object:
        if depth > MOST_DEPTH:
            raise VerificationError(f"claims nested deeper than {MOST_DEPTH}")
        if isinstance(value, dict):
            return self.members(value, depth + 1)
        if isinstance(value, list):
            return [shown for element in value for shown in self._element(element, depth + 1)]
        return value

    def _element(self, element: object, depth: int) -> list[object]:
        if not (isinstance(element, dict) and set(element) == {"..."}):
            return [self.value(element, depth)]
        parts = self._take(element["..."], name=False)
        return [] if parts is None else [self.value(parts[1], depth)]

    def _digests(self, given: Mapping[str, Any]) -> list[Any]:
        digests = given.get("_sd", [])
        if not isinstance(digests, list):
            raise VerificationError("_sd is no list")
        return digests

    def _take(self, text: object, *, name: bool) -> list[Any] | None:
        if not isinstance(text, str) or text in self._seen:
            raise VerificationError("a digest is no string, or stands twice")
        self._seen.add(text)
        parts = self.unused.pop(text, None)
        if parts is None:
            self.closed += 1
        elif len(parts) != (3 if name else 2):
            raise VerificationError(f"a disclosure has {len(parts)} elements where {3 if name else 2} are expected")
        return parts


def _read_disclosure(encoded: str) -> list[Any]:
    parts = parse(unb64u(encoded), max_bytes=MOST_DISCLOSURE_BYTES)
    if not isinstance(parts, list) or len(parts) not in (2, 3) or not isinstance(parts[0], str):
        raise CodecError("a disclosure is no list of salt, name and value, or of salt and value")
    return parts
