"""`tidegate keys`: private keys, and what to register of them."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gateway import keys
from gateway.cli.lazy import commands, examples
from gateway.cli.output import write_private
from gateway.client.identity import new_key, pem, public_jwk

app = commands("Make keys.")


@app.command(epilog=examples("tidegate keys create /srv/tidegate/keys"))
def create(folder: Annotated[Path, typer.Argument(metavar="DIR", help="An empty folder, or one to be made.")]) -> None:
    """Make every private key of a gateway, in a folder that its owner alone can read.

    The embedded gateway does so by itself at first start; one with a database server is given the folder as
    TIDEGATE_KEYS_DIR. Back the folder up: without it nothing stored can be read.
    """
    keys.create(folder)
    typer.echo(f"keys made in {folder}")


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
