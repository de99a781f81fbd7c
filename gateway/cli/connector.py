"""`tidegate connector`: what standards are understood, and whether a message is."""

from pathlib import Path
from typing import Annotated

import typer

from connectors import registry
from gateway.cli.lazy import commands, examples
from gateway.cli.messages import CarrierCodeOption, describe, read_message, received

DataOption = Annotated[Path | None, typer.Option("--data", metavar="DIR", help="The gateway's folder.")]
app = commands("Look at connectors, check messages, make subscriptions.")


@app.command(name="list", epilog=examples("tidegate connector list"))
def show() -> None:
    """List the connectors, the standard of each, and the media types it takes."""
    for name in registry.names():
        connector = registry.get(name)
        typer.echo(f"{name:20} {connector.standard}")
        for endpoint in connector.endpoints:
            signed = f", signed by {endpoint.signature_header}" if endpoint.signature_header else ""
            typer.echo(f"  {endpoint.name:12} {', '.join(endpoint.media_types)}{signed}")


@app.command(epilog=examples("tidegate connector check events.json --connector dcsa_track_trace --show"))
def check(
    file: Annotated[Path, typer.Argument(help="A message as the standard defines it.")],
    connector: Annotated[str, typer.Option(help="The connector's name; see: tidegate connector list.")],
    carrier_code: CarrierCodeOption = None,
    *,
    show_documents: Annotated[bool, typer.Option("--show", help="Show the documents it maps to.")] = False,
) -> None:
    """Check a message without sending it: what it maps to, with every fault, its place in the message and its fix.

    Exit code 1 if it cannot be mapped.
    """
    found = registry.get(connector)
    for line in describe(found, received(read_message(file), carrier_code), documents=show_documents):
        typer.echo(line)


@app.command(epilog=examples("tidegate connector subscribe dcsa_track_trace --provider oceanline"))
def subscribe(
    connector: Annotated[str, typer.Argument(help="The connector's name.")],
    provider: Annotated[str, typer.Option(metavar="ID", help="The provider whose callbacks these are.")],
    data: DataOption = None,
) -> None:
    """Make a subscription to a standard's own callbacks: print its URL and, this once, its secret.

    Both are for the provider, whose system signs every callback with the secret as the standard says.
    """
    from gateway.cli.subscriptions import make  # noqa: PLC0415 - the other commands of this group need no database

    made, url = make(connector, provider, data=data)
    typer.echo(f"url    {url}")
    typer.echo(f"secret {made}")


@app.command(
    epilog=examples(
        "tidegate connector follow dcsa_track_trace --provider oceanline --url https://api.oceanline.example",
        "tidegate connector follow dcsa_track_trace --provider oceanline --url https://api.oceanline.example "
        "--headers headers.json --every 60",
    )
)
def follow(
    connector: Annotated[str, typer.Argument(help="The connector's name.")],
    provider: Annotated[str, typer.Option(metavar="ID", help="The provider whose API it is.")],
    url: Annotated[str, typer.Option(metavar="URL", help="The API's base URL, without the standard's own path.")],
    headers: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json", help="Headers to send, such as Authorization: a JSON object. Kept encrypted."
        ),
    ] = None,
    every: Annotated[int, typer.Option(metavar="SECONDS", help="How often to ask for what is new.")] = 60,
    data: DataOption = None,
) -> None:
    """Fetch what is new from a provider's API from now on. The worker does it; prints the source's id."""
    from gateway.cli import sources  # noqa: PLC0415 - the other commands of this group need no database

    typer.echo(sources.follow(connector, provider, url, headers=headers, every=every, data=data))


@app.command(epilog=examples("tidegate connector sources"))
def sources(data: DataOption = None) -> None:
    """List the APIs that are fetched from: accepted, refused, how long ago, and what went wrong."""
    from gateway.cli import sources  # noqa: PLC0415 - the other commands of this group need no database

    for line in sources.listed(data=data):
        typer.echo(line)


@app.command(epilog=examples("tidegate connector poll dBq3bFsFp5Vd9yG7yL0f2w"))
def poll(
    source: Annotated[str, typer.Argument(help="The source's id; see: tidegate connector sources.")],
    data: DataOption = None,
) -> None:
    """Fetch from a source now. Exit code 1 if it ended early."""
    from gateway.cli import sources  # noqa: PLC0415 - the other commands of this group need no database

    for line in sources.poll(source, data=data):
        typer.echo(line)


@app.command(epilog=examples("tidegate connector unfollow dBq3bFsFp5Vd9yG7yL0f2w"))
def unfollow(
    source: Annotated[str, typer.Argument(help="The source's id; see: tidegate connector sources.")],
    data: DataOption = None,
) -> None:
    """Fetch from a source no longer. What was fetched stays."""
    from gateway.cli import sources  # noqa: PLC0415 - the other commands of this group need no database

    sources.unfollow(source, data=data)
