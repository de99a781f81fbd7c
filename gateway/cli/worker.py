"""`tidegate worker`: the one process that speaks to the ledger."""

import signal
from contextlib import closing

import typer

from gateway.anchoring.worker import Worker
from gateway.cli import logs
from gateway.cli.lazy import commands, examples
from gateway.cli.runtime import DataOption, database, engine_on, open_ledger, read_settings, write_trust
from gateway.cli.supervision import AttachedOption, wait_for_word, when_orphaned
from gateway.cli.sweeps import sweep_of
from gateway.clock import utc_now
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
    if attached and not wait_for_word():
        return
    settings = read_settings(data=data)
    keyring = load(settings.keys_path)
    with database(settings) as url, engine_on(url) as engine, closing(open_ledger(settings, keyring)) as ledger:
        write_trust(settings, keyring, ledger)
        anchoring = Worker(engine, ledger, keyring, settings, utc_now, sweep=sweep_of(settings))
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: anchoring.stop())
        if attached:
            when_orphaned(anchoring.stop)
            typer.echo(READY)
        anchoring.run()
