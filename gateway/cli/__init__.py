"""The command line: one module per group of commands, imported when it is run."""

import sys
from typing import Annotated

import typer

from gateway.cli.faults import told
from gateway.cli.lazy import Entry, LazyGroup

OPERATOR, PROVIDER, BANK, ANYBODY = "Operator", "Carrier or other provider", "Bank", "Anybody"

ENTRIES = {
    "demo": Entry("gateway.cli.demo", "Tell the whole story on this machine, from push to revocation.", ANYBODY),
    "verify": Entry("gateway.cli.verify", "Verify evidence offline.", ANYBODY),
    "serve": Entry("gateway.cli.serve", "Start a gateway, with everything it needs.", OPERATOR),
    "worker": Entry("gateway.cli.worker", "Run the worker that brings what happened to the ledger.", OPERATOR),
    "participants": Entry("gateway.cli.participants", "Register who takes part.", OPERATOR),
    "owners": Entry(
        "gateway.cli.owners", "Invite the people of a data owner, and say how many of them must approve.", OPERATOR
    ),
    "doctor": Entry("gateway.cli.doctor", "Find out what is wrong.", OPERATOR),
    "audit": Entry("gateway.cli.audits", "Verify the whole ledger and the database, or your own access log.", OPERATOR),
    "duties": Entry("gateway.cli.duties", "List the banks that should have deleted what they pulled.", OPERATOR),
    "keys": Entry("gateway.cli.keys", "Make keys, and rotate them.", OPERATOR),
    "ledger": Entry(
        "gateway.cli.ledger", "Run a node of the replicated ledger, and govern it: propose, sign, submit.", OPERATOR
    ),
    "network": Entry("gateway.cli.network", "Run four organisations' nodes and two gateways on this machine.", ANYBODY),
    "db": Entry("gateway.cli.database", "Look after the database.", OPERATOR),
    "openapi": Entry("gateway.cli.openapi", "Write the OpenAPI documents, or compare them.", OPERATOR),
    "links": Entry("gateway.cli.links", "Ask data owners to confirm that they are your customers.", PROVIDER),
    "connector": Entry("gateway.cli.connector", "Look at connectors, check messages, make subscriptions.", PROVIDER),
    "push": Entry("gateway.cli.push", "Push a message as its standard defines it.", PROVIDER),
    "consent": Entry("gateway.cli.consent", "Ask a data owner for consent, and see how it stands.", BANK),
    "pull": Entry("gateway.cli.pull", "Pull evidence under a consent.", BANK),
    "listen": Entry("gateway.cli.listen", "Show what happens as it happens, one line an event, until Ctrl-C.", BANK),
    "events": Entry("gateway.cli.events", "See what you are told, and have it sent to you.", BANK),
}


class _Commands(LazyGroup):
    entries = ENTRIES


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # importing what renders it takes longer than everything else together
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it so
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - slow to import, and seldom wanted

        typer.echo(f"tidegate {version('tidegate')}")
        raise typer.Exit


@app.callback(
    epilog="Exit codes: 0 done; 1 failed or refused; 2 not used as written; 3 cannot be said (yet).\n\n"
    "Settings are environment variables with the prefix TIDEGATE_."
)
def tidegate(
    *,
    _show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A consent gateway for trade data: sealed records, signed consent, evidence that anybody can verify offline.

    Start with: tidegate demo --out DIR. Every command explains itself with --help.
    """


def run(arguments: list[str] | None = None) -> None:
    """Run the command line with `arguments` (default: the process's) and exit with its code."""
    with told():
        app(sys.argv[1:] if arguments is None else arguments, prog_name="tidegate")
