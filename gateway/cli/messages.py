"""A message in a file, mapped as the gateway would map it: for `connector check` and `push --dry-run`."""

import json
from collections.abc import Iterator
from pathlib import Path

import schemas
from connectors.base import Connector, Endpoint, Fault, Received
from connectors.errors import Unmappable
from gateway.cli.faults import CommandError

PUSH = "push"


def push_endpoint(connector: Connector) -> Endpoint:
    """Return where a provider's pushes arrive."""
    return next(each for each in connector.endpoints if each.name == PUSH)


def read_message(path: Path) -> bytes:
    """Read the message. Raises `CommandError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error


def describe(connector: Connector, message: bytes, *, documents: bool) -> Iterator[str]:
    """Tell what the message maps to, line by line; with `documents` each document too.

    Raises `CommandError` with every fault and its place if it does not.
    """
    try:
        items = connector.parse(Received(PUSH, message)).items
    except Unmappable as error:
        raise CommandError("\n".join(["the message cannot be mapped:", *map(_line, error.faults)])) from None
    for item in items:
        identifiers = ", ".join(f"{each['scheme']} {each['value']}" for each in item.identifiers)
        yield f"{item.product} {item.version}  {item.key}  {identifiers}"
        yield from (f"  warning {_line(warning).strip()}" for warning in item.warnings)
        wrong = schemas.faults(item.product, item.version, item.document)
        if wrong:
            places = [f"  {each.pointer or '(top)'}: {each.message}" for each in wrong]
            raise CommandError("\n".join([f"{item.place or 'the message'} maps to no valid {item.product}:", *places]))
        if documents:
            yield json.dumps(item.document, indent=2, ensure_ascii=False)


def _line(fault: Fault) -> str:
    return f"  {fault.pointer or '(whole message)'}: {fault.message}{f' Fix: {fault.fix}' if fault.fix else ''}"
