"""What a bank asks: a JSON body, for identifiers are trade data and do not belong in URLs. Pure."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.access.rules import Question
from gateway.errors import InvalidError
from ledger.codec import b64u, canonical, parse, sha256, unb64u
from ledger.errors import CodecError

MOST_BYTES = 65_536
MOST_DEPTH = 6
MOST_ITEMS = 200
MEMBERS = ("products", "identifiers", "since", "cursor")
CURSOR_LIFE = timedelta(minutes=15)
DOMAIN = b"tidegate/cursor/1\0"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: instant received and id of the last record looked at."""

    received_at: datetime
    record_id: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as read. `digest`: base64url of SHA-256 of its bytes; `subject`: what its pages have in common."""

    question: Question
    since: datetime | None
    cursor: str | None
    digest: str
    subject: str


def read(body: bytes) -> Asked:
    """Read a question; an empty body asks for all that the consent covers. Raises `InvalidError` with every fault."""
    try:
        value = parse(body, max_bytes=MOST_BYTES, max_depth=MOST_DEPTH) if body else {}
    except CodecError as error:
        raise InvalidError(f"the question cannot be read: {error}") from None
    if not isinstance(value, dict) or set(value) - set(MEMBERS):
        raise InvalidError(f"the question must be a JSON object with some of {', '.join(MEMBERS)}")
    products, identifiers = (_list(value, name) for name in ("products", "identifiers"))
    if products is not None and not all(isinstance(each, str) for each in products):
        raise InvalidError("products must be a list of names", pointer="/products")
    if identifiers is not None and not all(_is_identifier(each) for each in identifiers):
        raise InvalidError("identifiers must be a list of {scheme, issuer?, value}", pointer="/identifiers")
    cursor = value.get("cursor")
    if cursor is not None and not isinstance(cursor, str):
        raise InvalidError("cursor must be what Tidegate-Next-Cursor said", pointer="/cursor")
    return Asked(
        question=Question(tuple(products) if products else None, tuple(identifiers) if identifiers else None),
        since=_instant(value.get("since")),
        cursor=cursor,
        digest=b64u(sha256(body)),
        subject=b64u(sha256(canonical({name: value[name] for name in MEMBERS[:3] if name in value}))),
    )


def _is_identifier(value: object) -> bool:
    """Say whether a value is `{scheme, issuer?: {list, code}, value}`, all of them texts."""
    if not isinstance(value, dict) or not {"scheme", "value"} <= set(value) <= {"scheme", "issuer", "value"}:
        return False
    issuer = value.get("issuer", {"list": "", "code": ""})
    if not isinstance(issuer, dict) or set(issuer) != {"list", "code"}:
        return False
    return all(isinstance(each, str) for each in (value["scheme"], value["value"], *issuer.values()))


def _list(value: Mapping[str, Any], name: str) -> list[Any] | None:
    given = value.get(name)
    if given is not None and (not isinstance(given, list) or not 1 <= len(given) <= MOST_ITEMS):
        raise InvalidError(f"{name} must be a list of 1 to {MOST_ITEMS}", pointer=f"/{name}")
    return given


def _instant(text: object) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text) if isinstance(text, str) else None
        if found is not None and found.tzinfo is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InvalidError("since must be an instant such as 2026-11-24T09:00:00Z", pointer="/since")


def write_cursor(place: Place, *, consent_id: str, version: int, subject: str, secret: bytes, now: datetime) -> str:
    """Return the cursor of the next page: for this question of this consent alone, and for a quarter of an hour."""
    content = {
        "after": [place.received_at.isoformat(), place.record_id],
        "consent": consent_id,
        "ends": int((now + CURSOR_LIFE).timestamp()),
        "subject": subject,
        "version": version,
    }
    data = canonical(content)
    return f"{b64u(data)}.{b64u(_mac(secret, data))}"


def read_cursor(cursor: str, *, consent_id: str, version: int, subject: str, secret: bytes, now: datetime) -> Place:
    """Return where the next page begins. Raises `InvalidError` for a cursor that is not of this question, or is old."""
    try:
        first, _, second = cursor.partition(".")
        data, mac = unb64u(first), unb64u(second)
    except CodecError:
        data, mac = b"", b""
    if not data or not hmac.compare_digest(mac, _mac(secret, data)):
        raise InvalidError("cursor is not one that this gateway gave", pointer="/cursor")
    content = json.loads(data)
    same = (content["consent"], content["version"], content["subject"]) == (consent_id, version, subject)
    if not same or now.timestamp() >= content["ends"]:
        raise InvalidError("cursor is of another question or consent, or is older than 15 minutes", pointer="/cursor")
    received_at, record_id = content["after"]
    return Place(datetime.fromisoformat(received_at), record_id)


def _mac(secret: bytes, data: bytes) -> bytes:
    return hmac.digest(secret, DOMAIN + data, "sha256")
