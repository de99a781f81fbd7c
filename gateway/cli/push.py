"""`tidegate push`: a provider's message, as its standard defines it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from connectors import registry
from connectors.base import Connector, Received
from connectors.errors import Unmappable
from gateway.cli.faults import USAGE, CommandError
from gateway.cli.lazy import commands, examples
from gateway.cli.messages import CarrierCodeOption, describe, push_endpoint, read_message, received, unmappable
from gateway.cli.remote import DEFAULT_GATEWAY, GatewayOption, connect
from gateway.client import sealing
from gateway.client.identity import Identity
from gateway.client.provider import Provider
from gateway.clock import utc_now
from ledger.record import Sealer

app = commands()


@app.command(
    name="push",
    epilog=examples(
        "tidegate push events.json --connector dcsa_track_trace --dry-run",
        "tidegate push bill.json --connector dcsa_ebl --client oceanline --key oceanline.pem --owner lantern-trading",
        "tidegate push bill.json --connector dcsa_ebl --client oceanline --key oceanline.pem --owner lantern-trading "
        "--seal sealing.pem --carrier-code SCAC:OCLN",
    ),
)
def push_file(  # noqa: PLR0913 - the options of a command
    file: Annotated[Path, typer.Argument(help="The message; its bytes are sent as they are.")],
    connector: Annotated[str, typer.Option(help="The connector's name; see: tidegate connector list.")],
    client: Annotated[str | None, typer.Option("--client", metavar="ID", help="Your participant id.")] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="KEY.pem", help="Your private key.")] = None,
    owner: Annotated[str | None, typer.Option(metavar="ID", help="The data owner whose document it is.")] = None,
    gateway: GatewayOption = DEFAULT_GATEWAY,
    carrier_code: CarrierCodeOption = None,
    seal: Annotated[
        Path | None,
        typer.Option(metavar="KEY.pem", help="Seal the records here, under this key, registered as keys.sealing."),
    ] = None,
    *,
    party: Annotated[
        list[str] | None,
        typer.Option(metavar="ROLE:ID", help="Who a role of the document is; its consent is needed for its fields."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what it maps to; send nothing.")] = False,
) -> None:
    """Push a message as its standard defines it.

    With --seal this machine maps and seals it too: the gateway then stores and anchors records that it could not have
    made or changed, and banks see them as provider_sealed. It refuses records that are not what it maps itself.

    Prints the id and state of every record. Pushing the same message again changes nothing. Exit code 1, with every
    fault and its place, if the message cannot be mapped or is refused.
    """
    found, message = registry.get(connector), received(read_message(file), carrier_code)
    if dry_run:
        for line in describe(found, message, documents=True):
            typer.echo(line)
        return
    if client is None or key is None:
        raise CommandError("--client and --key are needed to push; --dry-run does without", code=USAGE)
    media_type, body = push_endpoint(found).media_types[0], message.body
    if seal is not None:
        media_type, body = sealing.MEDIA_TYPE, _seal(found, message, media_type, client, seal)
    named = dict(_party(each) for each in party or ())
    with connect(gateway, client, key) as connection:
        answer = Provider(connection).push(connector, body, content_type=media_type, owner=owner, parties=named)
    for record in answer.get("records", []):
        typer.echo(_line(record))


def _seal(connector: Connector, message: Received, media_type: str, client: str, key: Path) -> bytes:
    """Return the message with its records, sealed here. Raises `CommandError`, `KeyFileError`."""
    identity = Identity.read(client, key)
    if not isinstance(identity.key, Ed25519PrivateKey | EllipticCurvePrivateKey):
        raise CommandError(f"{key}: records are sealed with an Ed25519 or P-256 key", code=USAGE)
    sealer = Sealer(client, identity.kid, identity.key)
    try:
        return sealing.seal(connector, message, media_type=media_type, sealer=sealer, issued_at=utc_now())
    except Unmappable as error:
        raise unmappable(error) from None


def _party(text: str) -> tuple[str, str]:
    role, _, participant = text.partition(":")
    if not role or not participant:
        raise CommandError(f"--party {text}: expected ROLE:ID, such as consignee:lantern-trading", code=USAGE)
    return role, participant


def _line(record: Mapping[str, Any]) -> str:
    warnings = [f"\n  warning {each.get('pointer')}: {each.get('message')}" for each in record.get("warnings") or []]
    return f"{record.get('id')}  {record.get('state'):12} {record.get('product')}{''.join(warnings)}"
