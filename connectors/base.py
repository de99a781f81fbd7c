"""What a connector is: data and pure functions for one standard. It does no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

Identifier = Mapping[str, Any]
"""`{scheme, issuer?: {list, code}, value}`: never a bare number."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where messages of a standard arrive. `signature_header` names the standard's own signature, if it has one."""

    name: str
    media_types: tuple[str, ...]
    signature_header: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came in. `headers` by lower-case name; `carrier_code` is the pushing provider's own, if any."""

    endpoint: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    carrier_code: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a message: JSON pointer into it, what was found and expected, how to mend it."""

    pointer: str
    message: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A product document made of a message, or of a part of it.

    `key` names the document among those of its provider and product; of equal keys the greater `revision` (as
    texts compare) supersedes, or the later to arrive where the standard numbers none.
    `owner_references` are the identifiers by which an owner may be assigned or inherited; `place` points into the
    message.
    """

    product: str
    version: int
    document: Mapping[str, Any]
    key: str
    revision: str | None
    identifiers: tuple[Identifier, ...]
    owner_references: tuple[Identifier, ...]
    place: str
    warnings: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """All that a message holds, in its order."""

    items: tuple[Mapped, ...]


class Connector(Protocol):
    """A connector maps one standard. It never stores, signs or decides on consent."""

    @property
    def name(self) -> str:
        """As in `POST /ingest/{name}`."""

    @property
    def standard(self) -> str:
        """The standard and version, in its own words."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """`push` is what a provider sends; others are the standard's own callbacks."""

    def parse(self, request: Received) -> Batch:
        """Return what the message holds. Equal requests MUST yield equal batches.

        Raises `Unmappable` with every fault and its place; no other exception, whatever the bytes.
        """

    def verify_signature(self, request: Received, secret: bytes) -> None:
        """Raise `SignatureError` unless the message carries the standard's own signature made with `secret`.

        Compares in constant time. Raises `SignatureError` too where the standard has no signature.
        """
