"""`tidegate keys`: private keys, and what to register of them."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from gateway import keys
from gateway.cli.faults import USAGE, CommandError
from gateway.cli.lazy import commands, examples
from gateway.cli.output import write_private
from gateway.cli.runtime import DataOption, read_settings, registered
from gateway.client.identity import new_key, pem, public_jwk
from gateway.clock import rfc3339, utc_now

app = commands("Make keys, and rotate them.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="organisation, sealing or receipts.")]


@app.command(epilog=examples("tidegate keys create /srv/tidegate/keys"))
def create(folder: Annotated[Path, typer.Argument(metavar="DIR", help="An empty folder, or one to be made.")]) -> None:
    """Make every private key of a gateway, in a folder that its owner alone can read.

    The embedded gateway does so by itself at first start; one with a database server is given the folder as
    TIDEGATE_KEYS_DIR. Back the folder up: without it nothing stored can be read.
    """
    keys.create(folder)
    typer.echo(f"keys made in {folder}")


@app.command(epilog=examples("tidegate keys renew", "tidegate keys renew --data /srv/tidegate --ahead 86400"))
def renew(
    data: DataOption = None,
    ahead: Annotated[
        int, typer.Option(metavar="SECONDS", min=600, help="How long it is published before it signs.")
    ] = 3600,
) -> None:
    """Make the next key that signs access tokens, and publish it ahead of use.

    Gateways that run see it within seconds; the key before it is honoured until what it signed has ended. Copy the file
    to every machine that serves before it signs. To end a key at once, renew it and remove its file.
    """
    now = utc_now()
    since = (now + timedelta(seconds=ahead)).replace(microsecond=0)
    path = keys.rotate_oauth(read_settings(data=data).keys_path, since=since, now=now)
    typer.echo(f"{path} is published now, and signs from {rfc3339(since)} on")


@app.command(epilog=examples("tidegate keys client harbour-bank.pem"))
def client(file: Annotated[Path, typer.Argument(metavar="KEY.pem", help="The file to be made.")]) -> None:
    """Make the private key of a bank or provider (P-256), and print the JWK set to register.

    The JWK set belongs into the participant's file as keys.client; that of another key, with which a provider seals
    its own records, as keys.sealing.
    """
    if file.exists():
        raise keys.KeysError(f"{file} exists: expected a new file")
    key = new_key()
    write_private(file, pem(key))
    typer.echo(json.dumps({"keys": [public_jwk(key)]}, indent=2))


@app.command(epilog=examples("tidegate keys show", "tidegate keys show --json > tidegate.json"))
def show(
    data: DataOption = None, *, as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False
) -> None:
    """Show the public parts of the keys that the ledger knows, or shall know.

    As JSON they are what others need to register this gateway's organisation on a ledger of theirs: tidegate ledger
    propose org.register FILE.json. Of several keys of a name that is the newest.
    """
    settings = read_settings(data=data)
    keyring = keys.load(settings.keys_path)
    if as_json:
        newest = [registered(keyring.of(name)[-1], usage) for name, usage in keys.REGISTERED.items()]
        typer.echo(json.dumps({"org": settings.gateway_id, "keys": newest}, indent=2))
        return
    for name in keys.REGISTERED:
        for file, key in zip(keys.files(settings.keys_path, name), keyring.of(name), strict=True):
            typer.echo(f"{file.name:20} {key.kid}")


@app.command(
    epilog=examples(
        "tidegate keys rotate sealing",
        "tidegate keys rotate sealing --compromised-since 1184",
        "tidegate keys rotate organisation -o proposal.json",
    )
)
def rotate(
    name: NameArgument,
    compromised_since: Annotated[
        int, typer.Option(metavar="HEIGHT", min=0, help="From where on nothing holds that the old key signed.")
    ] = 0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write a proposal, and submit nothing.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Put a new key in the place of the organisation's, the sealing or the receipts key.

    The new key stands beside the old one, and is used once the ledger has taken it; gateway and worker see it by
    themselves. Where this gateway governs alone the worker submits the change; else a proposal is written, signed by
    this gateway if it governs, for the others to sign: tidegate ledger sign. Several machines that share a database
    need the new file in each one's keys folder before that. Running it again proposes the same new key.
    """
    from gateway.cli.rotating import rotate_key  # noqa: PLC0415 - imports what --help need not wait for

    if name not in keys.REGISTERED:
        raise CommandError(f"no key {name!r} that rotates; known: {', '.join(keys.REGISTERED)}", code=USAGE)
    for line in rotate_key(read_settings(data=data), name, compromised_since=compromised_since, output=output):
        typer.echo(line)
