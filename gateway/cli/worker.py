"""`tidegate worker`: the one process that speaks to the ledger."""

import signal

import typer

from gateway.anchoring.worker import Worker
from gateway.cli import logs
from gateway.cli.lazy import commands, examples
from gateway.cli.runtime import DataOption, database, open_ledger, read_settings, write_trust
from gateway.cli.supervision import AttachedOption, when_orphaned
from gateway.clock import utc_now
from gateway.db import connect
from gateway.keys import load

app = commands()
READY = "ready"
"""What an attached worker says once the ledger is open."""


@app.command(epilog=examples("tidegate worker", "DATABASE_URL=postgresql://... TIDEGATE_KEYS_DIR=keys tidegate worker"))
def worker(
    data: DataOption = None,
    *,
    attached: AttachedOption = False,
) -> None:
    """Run the worker that brings what happened to the ledger.

    It anchors batches of records and receipts, submits the entries of consents, and keeps the proofs that evidence
    needs. tidegate serve starts one by itself. Ends cleanly on SIGTERM and SIGINT.
    """
    logs.configure()
    settings = read_settings(data=data)
    keyring = load(settings.keys_path)
    with database(settings) as url:
        ledger, engine = open_ledger(settings, keyring), connect(url, pool=2)
        write_trust(settings, keyring, ledger)
        anchoring = Worker(engine, ledger, keyring, settings, utc_now)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: anchoring.stop())
        if attached:
            when_orphaned(anchoring.stop)
            typer.echo(READY)
        anchoring.run()
        engine.dispose()
        ledger.close()
