"""`tidegate db`: the database's schema."""

import typer

from gateway.cli.lazy import commands, examples
from gateway.cli.runtime import DataOption, database, read_settings
from gateway.db import connect
from gateway.migrations import upgrade as bring_up

app = commands("Look after the database.")


@app.command(epilog=examples("DATABASE_URL=postgresql://... TIDEGATE_KEYS_DIR=keys tidegate db upgrade"))
def upgrade(data: DataOption = None) -> None:
    """Bring the database to the newest schema. Doing it again changes nothing.

    tidegate serve does so at its start.
    """
    with database(read_settings(data=data)) as url:
        engine = connect(url, pool=1)
        bring_up(engine)
        engine.dispose()
    typer.echo("the database has the newest schema")
