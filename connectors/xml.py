"""Read XML within bounds: what could name, fetch or expand anything outside the message is refused.

XML 1.0 without a document type declaration: so there are no entities but the five predefined ones, no default
attributes, nothing to load. Size, depth, number of elements and attributes, and length of texts are bounded while the
bytes are read, and so are time and memory. Comments and processing instructions say nothing; an undeclared prefix is
refused.
"""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from connectors.base import Fault, Received
from connectors.errors import Unmappable
from connectors.messages import MOST_BYTES

MEDIA_TYPES = ("application/xml", "text/xml")
DEEPEST, MOST_ELEMENTS, MOST_ATTRIBUTES, LONGEST_TEXT = 64, 100_000, 64, 50_000
"""Depth of elements; elements of a message; attributes of an element; characters of a text or an attribute."""
LONGEST_NAME = 100
"""Characters of a name that the standards do not come near."""
ENCODINGS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "iso-8859-1",
    "latin1": "iso-8859-1",
    "windows-1252": "windows-1252",
    "utf-16": "utf-16",
}
"""Encodings that are read, by the names that senders give them."""
MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_DECLARED = re.compile(r"""\ufeff?<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"'>]*)["']""")
_CHARSET = re.compile(r""";\s*charset\s*=\s*"?([^";\s]+)""", re.IGNORECASE)
_HEAD = 512
"""Bytes within which an XML declaration ends; an even number, for UTF-16."""


@dataclass(slots=True, eq=False)
class Element:
    """An element: `name` as `{namespace}local`, attributes by name, its own text, its children in their order.

    `position` counts from 1 among its siblings of the same name.
    """

    name: str
    attributes: Mapping[str, str]
    parent: "Element | None" = None
    position: int = 1
    text: str = ""
    children: list["Element"] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def local(self) -> str:
        """Return the name without its namespace."""
        return self.name.rpartition("}")[2]

    @property
    def place(self) -> str:
        """Return where it stands, as `connectors.base.Fault` says it."""
        if self.parent is None:
            return f"/{self.local}"
        repeated = f"[{self.position}]" if self.parent.counts[self.name] > 1 else ""
        return f"{self.parent.place}/{self.local}{repeated}"

    @property
    def blank(self) -> bool:
        """Return whether it has neither text nor children, and so says nothing."""
        return not self.text and not self.children

    def select(self, *names: str) -> list["Element"]:
        """Return its descendants by these names, one for each level, without those that are blank."""
        found = [self]
        for name in names:
            found = [child for each in found for child in each.children if child.name == name and not child.blank]
        return found


def read(request: Received) -> Element:
    """Return the root of a message. Raises `Unmappable`.

    An element with nothing but blank children is blank itself. Texts keep their inner white space.
    """
    if len(request.body) > MOST_BYTES:
        raise _refusal(f"{len(request.body)} bytes, expected at most {MOST_BYTES}", "send it in several messages")
    data = _decode(request).encode()
    reader = _Reader()
    log: Any
    target: Any = reader  # the stubs ask of it what lxml does not
    parser = etree.XMLParser(
        target=target,
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
    )
    try:
        etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        log = error.error_log
        said = _explain(*error.position, log.last_error if log else None)
        raise _refusal(said, "send one well-formed XML document", place=reader.place) from None
    log = parser.error_log
    for entry in log.filter_from_errors():  # libxml2 goes on after a prefix without its namespace
        raise _refusal(_explain(entry.line, entry.column, entry), "declare the namespace")
    if reader.root is None:  # lxml raises for a message without an element
        raise _refusal("has no element", "send one well-formed XML document")
    return reader.root


def _refusal(message: str, fix: str, *, place: str = "") -> Unmappable:
    return Unmappable([Fault(place, message, fix)])


def _explain(line: int, column: int, entry: Any) -> str:  # noqa: ANN401 - of lxml's log
    """Say what is wrong and where, without repeating the message as libxml2 does."""
    kind = entry.type_name.replace("ERR_", "").replace("_", " ").lower() if entry else "syntax"
    return f"is not well-formed XML at line {line}, column {column}: {kind}"


def _decode(request: Received) -> str:
    """Return the text, by byte order mark, `charset` of the Content-Type and XML declaration, which must agree.

    Without any of them it is UTF-8 (XML 1.0 section 4.3.3, RFC 7303 section 3).
    """
    marked = next((name for mark, name in MARKS.items() if request.body.startswith(mark)), None)
    declared = _DECLARED.match(request.body[:_HEAD].decode(marked or "iso-8859-1", errors="replace"))
    charset = _CHARSET.search(request.headers.get("content-type", ""))
    said = [marked, *(_encoding(each[1]) for each in (charset, declared) if each)]
    encodings = {each for each in said if each is not None} or {"utf-8"}
    if len(encodings) > 1:
        told = " and ".join(sorted(encodings))
        raise _refusal(f"says of itself that it is in {told}", "let media type, byte order mark and declaration agree")
    (encoding,) = encodings
    if encoding == "utf-16" and marked is None:
        raise _refusal("says that it is in utf-16, but has no byte order mark", "add the mark, or send UTF-8")
    try:
        return request.body.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise _refusal(f"is not in {encoding} at byte {error.start}", "send UTF-8, or declare the encoding") from None


def _encoding(name: str) -> str:
    if name.lower() not in ENCODINGS:
        accepted = ", ".join(dict.fromkeys(ENCODINGS.values()))
        raise _refusal(f"is in an encoding that is not read; expected one of {accepted}", "send UTF-8")
    return ENCODINGS[name.lower()]


class _Reader:
    """Takes what lxml's parser reads, and builds the elements; raises `Unmappable` at the first bound passed."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._texts: list[list[str]] = []
        self._lengths: list[int] = []
        self._recent: list[str] = []
        self._elements = 0

    @property
    def place(self) -> str:
        """Return the place of the innermost open element."""
        return self._open[-1].place if self._open else ""

    def doctype(self, *_: object) -> None:
        """Refuse a document type declaration: it could define entities, or name what is to be loaded."""
        raise _refusal("has a document type declaration, expected none", "send the message without <!DOCTYPE")

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Open an element."""
        self._settle()
        self._check(name, attributes)
        parent = self._open[-1] if self._open else None
        element = Element(name, dict(attributes), parent)
        if parent is None:
            self.root = element
        else:
            element.position = parent.counts[name] = parent.counts.get(name, 0) + 1
            parent.children.append(element)
        self._open.append(element)
        self._texts.append([])
        self._lengths.append(0)

    def data(self, text: str) -> None:
        """Take a piece of text."""
        self._recent.append(text)

    def end(self, name: str) -> None:  # noqa: ARG002 - the parser's arguments
        """Close the innermost element."""
        self._settle()
        element = self._open.pop()
        element.text = "".join(self._texts.pop())
        self._lengths.pop()
        if all(child.blank for child in element.children):
            element.children.clear()

    def close(self) -> None:
        """Do nothing: what was read is kept."""

    def _settle(self) -> None:
        """Give the text read since the last tag to the innermost element; white space between tags is nobody's."""
        text = "".join(self._recent)
        self._recent.clear()
        if self._open and text and not text.isspace():
            self._texts[-1].append(text)
            self._lengths[-1] += len(text)
            self._bound(self._lengths[-1], LONGEST_TEXT, "characters of text")

    def _check(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        self._bound(self._elements, MOST_ELEMENTS, "elements in a message")
        self._bound(len(self._open) + 1, DEEPEST, "elements within another")
        self._bound(len(attributes), MOST_ATTRIBUTES, "attributes")
        self._bound(max(map(len, [name, *attributes])), LONGEST_NAME, "characters of a name")
        self._bound(max(map(len, attributes.values()), default=0), LONGEST_TEXT, "characters of an attribute")

    def _bound(self, number: int, most: int, what: str) -> None:
        if number > most:
            fix = "send what the standard says, in several messages if need be"
            raise _refusal(f"has more than {most} {what}", fix, place=self.place)
