"""Change a message anywhere, whatever it is written in: JSON as parsed, XML as bytes."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from lxml import etree

Place = tuple[str | int, ...]
"""Names and indexes to a member of a JSON message; indexes to an element of an XML message."""


def places(message: Any) -> list[Place]:
    """Return every place of a message, that of the whole first."""
    return sorted(_elements(etree.fromstring(message)) if isinstance(message, bytes) else _members(message), key=repr)


def changed(message: Any, place: Place, content: Any) -> Any:
    """Return a message with other content at a place.

    Of an element of XML content that is text or a number becomes the text; None removes it, an empty list doubles it, a
    list of something puts an unknown element into it, an object empties it.
    """
    if isinstance(message, bytes):
        return _changed_xml(message, place, content)
    if not place:
        return content
    copy = deepcopy(message)
    target = copy
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = content
    return copy


def _members(value: Any, place: Place = ()) -> Iterator[Place]:
    yield place
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from _members(inner, (*place, step))


def _elements(element: etree._Element, place: Place = ()) -> Iterator[Place]:
    yield place
    for index, child in enumerate(element):
        yield from _elements(child, (*place, index))


def _changed_xml(message: bytes, place: Place, content: Any) -> bytes:
    root = element = etree.fromstring(message)
    for step in place:
        element = element[int(step)]
    parent = element.getparent()
    if content is None or content == []:
        if parent is not None:
            if content is None:
                parent.remove(element)
            else:
                parent.append(deepcopy(element))
    elif isinstance(content, list):
        etree.SubElement(element, "{urn:nobody}Unknown").text = json.dumps(content)
    else:
        for child in list(element):
            element.remove(child)
        element.text = "" if content == {} else str(content)
    return etree.tostring(root)
