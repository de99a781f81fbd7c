"""Options and connection of commands that speak to a gateway over HTTP."""

from pathlib import Path
from typing import Annotated

import typer
from stamina.instrumentation import set_on_retry_hooks

from gateway.client.connection import Connection
from gateway.client.dpop import ProofKey
from gateway.client.identity import Identity

DEFAULT_GATEWAY = "http://localhost:8440"

GatewayOption = Annotated[
    str, typer.Option("--gateway", metavar="URL", envvar="TIDEGATE_GATEWAY", help="The gateway's issuer URL.")
]
ClientOption = Annotated[str, typer.Option("--client", metavar="ID", help="Your participant id.")]
KeyOption = Annotated[Path, typer.Option("--key", metavar="KEY.pem", help="Your private key, as registered.")]


def connect(gateway: str, client: str, key: Path, *, proof_key: ProofKey | None = None) -> Connection:
    """Return a connection for a participant. Raises `KeyFileError`."""
    set_on_retry_hooks(())  # what is tried again is no news on a terminal
    return Connection(gateway, Identity.read(client, key), proof_key=proof_key)
