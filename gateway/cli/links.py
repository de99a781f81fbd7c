"""`tidegate links`: whose customers a provider's customers are, by their own word."""

from typing import Annotated

import typer

from gateway.cli.lazy import commands, examples
from gateway.cli.remote import DEFAULT_GATEWAY, ClientOption, GatewayOption, KeyOption, connect
from gateway.client.provider import Provider

OwnerArgument = Annotated[str, typer.Argument(help="The owner's participant id.")]
app = commands("Ask data owners to confirm that they are your customers.")


@app.command(epilog=examples("tidegate links ask lantern-trading --client oceanline --key oceanline.pem"))
def ask(owner: OwnerArgument, client: ClientOption, key: KeyOption, gateway: GatewayOption = DEFAULT_GATEWAY) -> None:
    """Ask a data owner to confirm that it is your customer. Asking again changes nothing.

    The owner confirms in the portal, under Carriers; before that, nothing can be pushed in its name.
    """
    with connect(gateway, client, key) as connection:
        Provider(connection).ask_link(owner)
    typer.echo(f"asked; {owner} confirms at {gateway}/portal/links")


@app.command(name="list", epilog=examples("tidegate links list --client oceanline --key oceanline.pem"))
def show(client: ClientOption, key: KeyOption, gateway: GatewayOption = DEFAULT_GATEWAY) -> None:
    """List whom you asked, and who has confirmed."""
    with connect(gateway, client, key) as connection:
        for link in Provider(connection).links():
            typer.echo(f"{link['owner']:32} {'confirmed' if link.get('confirmed_at') else 'asked'}")
