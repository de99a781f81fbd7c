"""`tidegate worker`: the one process that speaks to the ledger."""

import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

import typer
from prometheus_client import start_http_server

from gateway import figures
from gateway.anchoring.worker import Worker
from gateway.cli import logs
from gateway.cli.faults import CommandError
from gateway.cli.lazy import commands, examples
from gateway.cli.polling import Polling
from gateway.cli.runtime import DataOption, database, engine_on, open_ledger, read_settings, write_trust
from gateway.cli.supervision import AttachedOption, wait_for_word, when_orphaned
from gateway.cli.sweeps import hooks_of
from gateway.cli.telling import Telling
from gateway.clock import utc_now
from gateway.keys import load
from gateway.settings import Settings

app = commands()
READY = "ready"
"""What an attached worker says once the ledger is open."""


@contextmanager
def metrics_shown(settings: Settings) -> Iterator[None]:
    """Show this process's metrics on the port that the settings name, if any. Raises `CommandError`."""
    if settings.worker_metrics_port is None:
        yield
        return
    try:
        server, _ = start_http_server(settings.worker_metrics_port, settings.host, registry=figures.REGISTRY)
    except OSError as error:
        raise CommandError(f"TIDEGATE_WORKER_METRICS_PORT {settings.worker_metrics_port}: {error.strerror}") from None
    yield
    server.shutdown()
    server.server_close()


@app.command(epilog=examples("tidegate worker", "DATABASE_URL=postgresql://... TIDEGATE_KEYS_DIR=keys tidegate worker"))
def worker(
    data: DataOption = None,
    *,
    attached: AttachedOption = False,
) -> None:
    """Run the worker that brings what happened to the ledger.

    It anchors batches of records and receipts, submits the entries of consents, keeps the proofs that evidence needs,
    fetches from the APIs that are followed (tidegate connector follow), and tells banks what happened, by webhooks and
    streams. tidegate serve starts one by itself. Ends cleanly on SIGTERM and SIGINT.
    """
    logs.configure()
    if attached and not wait_for_word():
        return
    settings = read_settings(data=data)
    keyring = load(settings.keys_path)
    with (
        metrics_shown(settings),
        database(settings) as url,
        engine_on(url) as engine,
        closing(open_ledger(settings, keyring)) as ledger,
    ):
        tell_trust = partial(write_trust, settings, keyring, ledger)
        tell_trust()
        hooks = hooks_of(settings, trust_changed=tell_trust)
        anchoring = Worker(engine, ledger, keyring, settings, utc_now, hooks=hooks)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: anchoring.stop())
        if attached:
            when_orphaned(anchoring.stop)
            typer.echo(READY)
        with Polling(engine, keyring, settings), Telling(url, keyring, settings):
            anchoring.run()
