"""What a connector is: data and pure functions for one standard. It does no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

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
    """What is wrong with a message: its place there, what was found and expected, how to mend it.

    `pointer` is a JSON pointer into a message in JSON. Into one in XML it is the path of the elements' names without
    their namespaces, with the position from 1 of those that are repeated, as XPath writes it, and with `@` before the
    name of an attribute: `/Waybill/MasterConsignment/ApplicableRating[2]/TotalChargeAmount/@currencyID`. Empty: the
    whole message.
    """

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


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask a standard's API for: a path under the API's base URL, query parameters, headers."""

    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """What a standard's API answered with 200, and when. `headers` by lower-case name."""

    body: bytes
    at: datetime
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Onward:
    """Where to go on after a page: `cursor` for the next request; `more` if there are further pages now."""

    cursor: str
    more: bool


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


@runtime_checkable
class Polled(Connector, Protocol):
    """A connector whose standard has an API to fetch from. A cursor is a text of its own making."""

    def request(self, cursor: str | None) -> Request:
        """Return the request for what comes after `cursor`; None: for everything. Raises `ValueError` for another's."""

    def onward(self, cursor: str | None, page: Page) -> Onward:
        """Return where to go on after the page that `request(cursor)` brought. MUST reach its end.

        Raises `Unmappable` if the page is none of the API's.
        """

    def messages(self, page: Page) -> Sequence[bytes]:
        """Return the page's messages one by one, each as it could be pushed: none for an empty page.

        Raises `Unmappable` if the page is none of the API's.
        """
