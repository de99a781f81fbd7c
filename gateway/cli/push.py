"""`tidegate push`: a provider's message, as its standard defines it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from connectors import registry
from gateway.cli.faults import USAGE, CommandError
from gateway.cli.lazy import commands, examples
from gateway.cli.messages import describe, push_endpoint, read_message
from gateway.cli.remote import DEFAULT_GATEWAY, GatewayOption, connect
from gateway.client.provider import Provider

app = commands()


@app.command(
    name="push",
    epilog=examples(
        "tidegate push events.json --connector dcsa_track_trace --dry-run",
        "tidegate push bill.json --connector dcsa_ebl --client oceanline --key oceanline.pem --owner lantern-trading",
    ),
)
def push_file(
    file: Annotated[Path, typer.Argument(help="The message; its bytes are sent as they are.")],
    connector: Annotated[str, typer.Option(help="The connector's name; see: tidegate connector list.")],
    client: Annotated[str | None, typer.Option("--client", metavar="ID", help="Your participant id.")] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="KEY.pem", help="Your private key.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="ID", help="The data owner whose document it is.")] = None,
    gateway: GatewayOption = DEFAULT_GATEWAY,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it maps to; send nothing.")] = False,
) -> None:
    """Push a message as its standard defines it.

    Prints the id and state of every record. Pushing the same message again changes nothing. Exit code 1, with every
    fault and its place, if the message cannot be mapped or is refused.
    """
    found, message = registry.get(connector), read_message(file)
    if dry_run:
        for line in describe(found, message, documents=True):
            typer.echo(line)
        return
    if client is None or key is None:
        raise CommandError("--client and --key are needed to push; --dry-run does without", code=USAGE)
    media_type = push_endpoint(found).media_types[0]
    with connect(gateway, client, key) as connection:
        answer = Provider(connection).push(connector, message, content_type=media_type, owner=owner)
    for record in answer.get("records", []):
        typer.echo(_line(record))


def _line(record: Mapping[str, Any]) -> str:
    warnings = [f"\n  warning {each.get('pointer')}: {each.get('message')}" for each in record.get("warnings") or []]
    return f"{record.get('id')}  {record.get('state'):12} {record.get('product')}{''.join(warnings)}"
