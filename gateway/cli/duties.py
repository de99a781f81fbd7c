"""`tidegate duties`: which banks should have deleted what they pulled, and have said nothing."""

import json
from typing import Annotated, Any

import typer

from gateway.cli.lazy import commands, examples
from gateway.cli.runtime import DataOption, read_settings, transaction
from gateway.clock import rfc3339
from gateway.deletion import duties as found

app = commands()


@app.command(epilog=examples("tidegate duties", "tidegate duties --json"))
def duties(
    data: DataOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """List the banks that should have deleted what they pulled.

    Those that have attested nothing a week after it fell due, longest overdue first. One line for each version of a
    consent: since when, the bank, the consent and its version. The bank was told by deletion.due and deletion.overdue;
    ask it. What a law makes a bank keep is not overdue before that ends.
    """
    with transaction(read_settings(data=data)) as session:
        rows = [
            {"since": rfc3339(since), "bank": bank, "consent": duty.consent_id, "version": duty.version}
            for duty, bank in found.overdue(session)
            if (since := duty.overdue_since)
        ]
    if as_json:
        typer.echo(json.dumps({"overdue": rows}, indent=2))
        return
    for row in rows:
        typer.echo(_line(row))
    if not rows:
        typer.echo("nothing is overdue", err=True)


def _line(row: dict[str, Any]) -> str:
    return f"{row['since']}  {row['bank']:24}  {row['consent']}  version {row['version']}"
