"""`tidegate events`: what a bank is told, and where it is sent."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.lazy import commands, examples
from gateway.cli.remote import DEFAULT_GATEWAY, ClientOption, GatewayOption, KeyOption, connect
from gateway.client.events import Event, Events

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The webhook's name, which you choose.")]
AfterOption = Annotated[int, typer.Option(metavar="NUMBER", help="After this event; 0 for all.")]
app = commands("See what you are told, and have it sent to you.")
BANK = "--client harbour-bank --key harbour-bank.pem"


@contextmanager
def _events(gateway: str, client: str, key: Path) -> Iterator[Events]:
    with connect(gateway, client, key) as connection:
        yield Events(connection)


def line(event: Event) -> str:
    """Return an event in one line."""
    counts = ", ".join(f"{count} {product}" for product, count in event.data.get("records", {}).items())
    when = f"{event.timestamp:%Y-%m-%dT%H:%M:%SZ}"
    return f"{event.number:6} {when} {event.type:20} {event.consent} version {event.version}  {counts}".rstrip()


@app.command(name="list", epilog=examples(f"tidegate events list {BANK}", f"tidegate events list {BANK} --after 118"))
def show(
    client: ClientOption,
    key: KeyOption,
    after: AfterOption = 0,
    gateway: GatewayOption = DEFAULT_GATEWAY,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List what you are told: number, time, type, consent, and how many records of each product."""
    with _events(gateway, client, key) as events:
        for event in events.after(after):
            typer.echo(event.body().decode() if as_json else line(event))


@app.command(epilog=examples(f"tidegate events send main https://bank.example/tidegate {BANK}"))
def send(
    name: NameArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where: https, on the public internet.")],
    client: ClientOption,
    key: KeyOption,
    gateway: GatewayOption = DEFAULT_GATEWAY,
) -> None:
    """Have events sent to a URL from now on, or a webhook's to another URL.

    Prints a new webhook's secret, this once: with it you verify what arrives (Standard Webhooks).
    """
    with _events(gateway, client, key) as events:
        secret = events.put_webhook(name, url)
    typer.echo(f"events are sent to {url}" if secret is None else secret)


@app.command(epilog=examples(f"tidegate events webhooks {BANK}"))
def webhooks(client: ClientOption, key: KeyOption, gateway: GatewayOption = DEFAULT_GATEWAY) -> None:
    """List your webhooks."""
    with _events(gateway, client, key) as events:
        for each in events.webhooks():
            gone = f"  gone since {each['gone_at']}: nothing is sent" if each.get("gone_at") else ""
            typer.echo(f"{each['name']:20} {each['url']}{gone}")


@app.command(epilog=examples(f"tidegate events rotate main {BANK}"))
def rotate(name: NameArgument, client: ClientOption, key: KeyOption, gateway: GatewayOption = DEFAULT_GATEWAY) -> None:
    """Make a new secret and print it, this once. The one before signs too for a day."""
    with _events(gateway, client, key) as events:
        typer.echo(events.rotate_secret(name))


@app.command(epilog=examples(f"tidegate events replay main {BANK} --after 118"))
def replay(
    name: NameArgument,
    client: ClientOption,
    key: KeyOption,
    after: AfterOption = 0,
    until: Annotated[int | None, typer.Option(metavar="NUMBER", help="Up to this event.")] = None,
    gateway: GatewayOption = DEFAULT_GATEWAY,
) -> None:
    """Have events sent once more, as they were, under their own ids."""
    with _events(gateway, client, key) as events:
        typer.echo(f"{events.replay(name, after=after, until=until)} events are sent once more")


@app.command(name="log", epilog=examples(f"tidegate events log main {BANK} --after 118"))
def show_log(
    name: NameArgument,
    client: ClientOption,
    key: KeyOption,
    after: AfterOption = 0,
    gateway: GatewayOption = DEFAULT_GATEWAY,
) -> None:
    """Show what became of each event that was sent, with every attempt."""
    with _events(gateway, client, key) as events:
        for each in events.deliveries(name, after=after):
            for told in _told(each):
                typer.echo(told)


def _told(delivery: Mapping[str, Any]) -> Iterator[str]:
    again = f", again at {delivery['next_at']}" if delivery.get("next_at") else ""
    yield f"{delivery['number']:6} {delivery['state']}{again}"
    for each in delivery["attempts"]:
        yield f"       {each['at']} {each['status'] or each['error']} in {each['milliseconds']} ms"


@app.command(epilog=examples(f"tidegate events stop main {BANK}"))
def stop(name: NameArgument, client: ClientOption, key: KeyOption, gateway: GatewayOption = DEFAULT_GATEWAY) -> None:
    """Have nothing more sent to a webhook, and forget it with its log."""
    with _events(gateway, client, key) as events:
        events.delete_webhook(name)
