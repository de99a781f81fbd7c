"""`tidegate db`: the database's schema."""

from typing import Annotated

import typer

from gateway.cli.lazy import commands, examples
from gateway.cli.runtime import DataOption, database, engine_on, read_settings
from gateway.migrations import revise
from gateway.migrations import upgrade as bring_up

app = commands("Look after the database.")


@app.command(epilog=examples("DATABASE_URL=postgresql://... TIDEGATE_KEYS_DIR=keys tidegate db upgrade"))
def upgrade(data: DataOption = None) -> None:
    """Bring the database to the newest schema. Doing it again changes nothing.

    tidegate serve does so at its start.
    """
    with database(read_settings(data=data)) as url, engine_on(url) as engine:
        bring_up(engine)
    typer.echo("the database has the newest schema")


@app.command(epilog=examples('tidegate db revision "consents may be paused"'))
def revision(
    message: Annotated[str, typer.Argument(help="What changes and why, in a few words.")], data: DataOption = None
) -> None:
    """Write the migration that brings the database to what the tables say. For developers: review what it writes."""
    with database(read_settings(data=data)) as url, engine_on(url) as engine:
        bring_up(engine)
        written = revise(engine, message)
    typer.echo(f"review {written}" if written else "the tables and the newest schema are the same")
