"""A message in a file, mapped as the gateway would map it: for `connector check` and `push --dry-run`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

import schemas
from connectors.base import Connector, Endpoint, Fault, Received
from connectors.errors import Unmappable
from connectors.messages import MOST_BYTES
from gateway.cli.faults import USAGE, CommandError
from gateway.cli.files import read_file

PUSH = "push"


def push_endpoint(connector: Connector) -> Endpoint:
    """Return where a provider's pushes arrive."""
    return next(each for each in connector.endpoints if each.name == PUSH)


def read_message(path: Path) -> bytes:
    """Read the message. Raises `CommandError`."""
    return read_file(path, most=MOST_BYTES)


CarrierCodeOption = Annotated[
    str | None,
    typer.Option(
        "--carrier-code", metavar="LIST:CODE", help="Your registered carrier code, such as SCAC:MAEU, if you have one."
    ),
]


def received(message: bytes, carrier_code: str | None) -> Received:
    """Return a message as the gateway would see it, pushed by who has this carrier code. Raises `CommandError`."""
    if carrier_code is None:
        return Received(PUSH, message)
    list_, colon, code = carrier_code.partition(":")
    if not (list_ and colon and code):
        raise CommandError(f"--carrier-code {carrier_code!r}: expected LIST:CODE, such as SCAC:MAEU", code=USAGE)
    return Received(PUSH, message, carrier_code={"list": list_, "code": code})


def describe(connector: Connector, received: Received, *, documents: bool) -> Iterator[str]:
    """Tell what the message maps to, line by line; with `documents` each document too.

    Raises `CommandError` with every fault and its place if it does not.
    """
    try:
        items = connector.parse(received).items
    except Unmappable as error:
        raise unmappable(error) from None
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


def unmappable(error: Unmappable) -> CommandError:
    """Return the error that shows every fault of a message and its place."""
    return CommandError("\n".join(["the message cannot be mapped:", *map(_line, error.faults)]))


def _line(fault: Fault) -> str:
    return f"  {fault.pointer or '(whole message)'}: {fault.message}{f' Fix: {fault.fix}' if fault.fix else ''}"
