"""`tidegate listen`: what happens, as it happens."""

from typing import Annotated

import httpx2
import typer

from gateway.cli.events import line
from gateway.cli.faults import USAGE, CommandError
from gateway.cli.lazy import commands, examples
from gateway.cli.remote import DEFAULT_GATEWAY, ClientOption, GatewayOption, KeyOption, connect
from gateway.client.events import Event, Events
from gateway.client.webhooks import new_secret, sign_webhook

app = commands()
FORWARD_SECONDS = 10.0


@app.command(
    epilog=examples(
        "tidegate listen --client harbour-bank --key harbour-bank.pem",
        "tidegate listen --client harbour-bank --key harbour-bank.pem --forward http://localhost:3000/tidegate",
    )
)
def listen(
    client: ClientOption,
    key: KeyOption,
    forward: Annotated[
        str | None, typer.Option(metavar="URL", help="Post each event there, signed as a webhook is.")
    ] = None,
    secret: Annotated[
        str | None, typer.Option(metavar="WHSEC", help="Sign with this secret; without it one is made, and printed.")
    ] = None,
    after: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="Begin after this event; without it, with what is new.")
    ] = None,
    gateway: GatewayOption = DEFAULT_GATEWAY,
) -> None:
    """Show what happens as it happens, one line an event, until Ctrl-C.

    With --forward each event is posted to a URL of yours too, which may be on this machine: what receives webhooks can
    be built and tried before it is on the internet.
    """
    signed_with = secret or new_secret()
    if forward is not None and secret is None:
        typer.echo(f"signed with {signed_with}", err=True)
    with connect(gateway, client, key) as connection, httpx2.Client(timeout=FORWARD_SECONDS, trust_env=False) as http:
        events = Events(connection)
        start = after if after is not None else max((each.number for each in events.after(0)), default=0)
        typer.echo(f"listening after event {start}", err=True)
        try:
            for event in events.stream(start):
                said = "" if forward is None else f"  -> {_forward(http, forward, signed_with, event)}"
                typer.echo(f"{line(event)}{said}")
        except KeyboardInterrupt:
            return


def _forward(http: httpx2.Client, url: str, secret: str, event: Event) -> str:
    """Post an event; return what was answered. Raises `CommandError` if the URL is none."""
    body = event.body()
    try:
        return str(http.post(url, content=body, headers=sign_webhook(secret, event.id, body)).status_code)
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
        raise CommandError(f"--forward {url}: expected an http or https URL", code=USAGE) from None
    except httpx2.TransportError as error:
        return str(error) or type(error).__name__
