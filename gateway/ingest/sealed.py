"""Records that the provider sealed itself: the gateway maps the original too, and takes nothing that differs.

`application/vnd.tidegate.sealed+json` is `{"original": {"media_type", "body"}, "records": [...]}`: the message as its
standard defines it, base64url, and one SD-JWT with all its disclosures for each document or event, in their order.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.base import Fault, Mapped
from gateway.errors import InvalidError
from ledger import jws, record
from ledger.blocks.forms import members
from ledger.codec import canonical, parse, unb64u
from ledger.disclosures import arrange
from ledger.errors import CodecError, VerificationError
from ledger.record import SealedRecord, Shown
from ledger.sdjwt import split

MEDIA_TYPE = "application/vnd.tidegate.sealed+json"
CLOCKS_DIFFER = timedelta(seconds=60)
MOST_DIFFERENCES = 20


@dataclass(frozen=True, slots=True)
class Envelope:
    """The original message, its media type, and the records that the provider made of it."""

    media_type: str
    original: bytes
    records: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sealer:
    """A provider and its registered public sealing keys (JWK, by `kid`)."""

    provider_id: str
    keys: Mapping[str, Mapping[str, Any]]


def is_sealed(content_type: str) -> bool:
    """Say whether content of this type is a message with the records that its provider sealed."""
    return content_type.partition(";")[0].strip().lower() == MEDIA_TYPE


def read_envelope(body: bytes) -> Envelope:
    """Take the body of a push of sealed records apart. Raises `InvalidError`."""
    try:
        envelope = members(parse(body, max_bytes=len(body)), ("original", "records"), "sealed push")
        original = members(envelope["original"], ("body", "media_type"), "original")
        if not isinstance(original["media_type"], str) or not isinstance(original["body"], str):
            raise CodecError("original: expected media_type and body as texts")
        found = envelope["records"]
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise CodecError("records: expected a list of SD-JWTs")
        return Envelope(original["media_type"], unb64u(original["body"]), tuple(found))
    except CodecError as error:
        raise InvalidError(f"the body is no {MEDIA_TYPE}: {error}") from None


def check(
    presentations: Sequence[str],
    items: Sequence[Mapped],
    sealer: Sealer,
    original: Mapping[str, str],
    *,
    now: datetime,
) -> list[SealedRecord]:
    """Return the records ready to be stored, one for each item.

    Raises `InvalidError` with every fault unless each says exactly what its item maps to, and the provider signed it.
    """
    if len(presentations) != len(items):
        message = f"{len(presentations)} records for {len(items)} documents or events of the original"
        raise InvalidError(f"{message}; expected one each, in their order")
    made: list[SealedRecord] = []
    faults: list[Fault] = []
    for number, (presentation, item) in enumerate(zip(presentations, items, strict=True)):
        place = f"/records/{number}"
        try:
            shown = record.read(presentation)
            _check_signature(shown, sealer, now)
            differing = [
                Fault(place, said, "seal what the connector maps") for said in _differences(shown, item, original)
            ]
            if differing:
                faults += differing
                continue
            jwt, encoded = split(presentation)
            made.append(SealedRecord(jwt, arrange(jws.payload(shown.jws, max_bytes=record.MOST_BYTES), encoded)))
        except (CodecError, VerificationError) as error:
            faults.append(Fault(place, str(error), "seal with tidegate push --seal"))
    if faults:
        errors = [{"pointer": each.pointer, "message": each.message, "fix": each.fix} for each in faults]
        raise InvalidError("sealed records differ from the original; nothing was stored; see errors", errors=errors)
    return made


def _check_signature(shown: Shown, sealer: Sealer, now: datetime) -> None:
    if (shown.issuer, shown.provider) != (sealer.provider_id, sealer.provider_id):
        said = f"iss {shown.issuer!r} and provider {shown.provider!r}"
        raise VerificationError(f"{said}; expected {sealer.provider_id!r} for both, who pushes")
    key = sealer.keys.get(shown.jws.kid)
    if key is None:
        raise VerificationError(f"signed with {shown.jws.kid!r}, which is none of the provider's sealing keys")
    jws.verify(shown.jws, key)
    if shown.issued_at > (now + CLOCKS_DIFFER).timestamp():
        raise VerificationError(f"iat {shown.issued_at} lies in the future; expected at most now")


def _differences(shown: Shown, item: Mapped, original: Mapping[str, str]) -> Iterator[str]:
    if (shown.product, shown.version) != (item.product, item.version):
        yield f"is a {shown.product} {shown.version}, the original maps to a {item.product} {item.version}"
        return
    expected = {**item.document, record.ORIGINAL: dict(original)}
    for count, place in enumerate(_different(shown.claims, expected, "")):
        if count == MOST_DIFFERENCES:
            return
        yield f"{place} is not what the original maps to"


def _different(given: object, expected: object, place: str) -> Iterator[str]:
    """Yield where two JSON values differ, as pointers."""
    if isinstance(given, dict) and isinstance(expected, Mapping):
        for name in sorted(given.keys() | expected.keys()):
            if name in given and name in expected:
                yield from _different(given[name], expected[name], f"{place}/{name}")
            else:
                yield f"{place}/{name}"
    elif isinstance(given, list) and isinstance(expected, list | tuple) and len(given) == len(expected):
        for number, pair in enumerate(zip(given, expected, strict=True)):
            yield from _different(*pair, f"{place}/{number}")
    elif canonical(given) != canonical(expected):
        yield place or "the document"
