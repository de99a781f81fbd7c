"""`tidegate serve`: everything a gateway needs, in one folder, started and stopped in order."""

import fcntl
import os
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import uvicorn

from gateway.app import create_app
from gateway.ballast import Ballast
from gateway.cli import logs
from gateway.cli.faults import CommandError
from gateway.cli.lazy import commands, examples
from gateway.cli.output import console
from gateway.cli.protocol import BoundedProtocol
from gateway.cli.runtime import DataOption, database, engine_on, first_keys, read_settings
from gateway.cli.supervision import AttachedOption, Child, own_command, when_orphaned
from gateway.keys import Keyring
from gateway.migrations import upgrade
from gateway.settings import Settings
from ledger.trust import fingerprint

app = commands()
BACKLOG = 2048
GRACE_SECONDS = 10
CIPHERS = ":".join(
    f"ECDHE-{key}-{cipher}" for cipher in ("AES256-GCM-SHA384", "AES128-GCM-SHA256") for key in ("ECDSA", "RSA")
)
"""Of TLS 1.2 (BCP 195, RFC 9325 section 4.2; FAPI 2.0 section 5.2.2); Python and uvicorn offer 1.2 and 1.3 alone."""


class Stop(BaseException):
    """Somebody asked the process to end."""


@app.command(
    epilog=examples(
        "tidegate serve",
        "tidegate serve --data /srv/tidegate --port 9000",
        "tidegate serve --tls-cert gateway.pem --tls-key gateway-key.pem",
        "TIDEGATE_ISSUER=https://gateway.example tidegate serve",
    )
)
def serve(
    data: DataOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on (TIDEGATE_HOST; 127.0.0.1).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (TIDEGATE_PORT; 8440).")] = None,
    tls_cert: Annotated[
        Path | None, typer.Option(metavar="FILE.pem", help="Certificate chain, to serve https (TIDEGATE_TLS_CERT).")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(metavar="FILE.pem", help="Its private key (TIDEGATE_TLS_KEY).")
    ] = None,
    *,
    attached: AttachedOption = False,
) -> None:
    """Start a gateway, with everything it needs.

    Without a database server (DATABASE_URL) it is embedded: PostgreSQL, keys, ledger and worker live in the data
    folder and are made at first start. With one, run a worker beside it: tidegate worker. Ends cleanly on SIGTERM and
    Ctrl-C.
    """
    logs.configure()
    settings = read_settings(data=data, host=host, port=port, tls_cert=tls_cert, tls_key=tls_key)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    if attached:
        when_orphaned(lambda: os.kill(os.getpid(), signal.SIGTERM))
    try:
        with _listening(settings) as listener, ExitStack() as stack:
            worker = ballast = None
            if settings.database_url is None:
                stack.enter_context(_alone(settings.data_dir))
                ballast = stack.enter_context(Ballast(settings.data_dir, settings.ballast_bytes))
                worker = stack.enter_context(_worker(settings))
            url = stack.enter_context(database(settings, kept=True))
            if worker:
                stack.callback(worker.end)  # before PostgreSQL
            _run(settings, url, worker, ballast, listener)
    except Stop:
        console().print("stopped")


def _run(settings: Settings, url: str, worker: Child | None, ballast: Ballast | None, listener: socket.socket) -> None:
    keyring = first_keys(settings)
    with engine_on(url) as engine:
        upgrade(engine)
    server = _server(settings, keyring, url, ballast)
    if worker:
        worker.begin()
    _tell(settings)
    server.run(sockets=[listener])


def _worker(settings: Settings) -> Child:
    """Return the worker of the embedded shape, which loads while the database starts."""
    environment = {**os.environ, "TIDEGATE_DATA_DIR": str(settings.data_dir), "TIDEGATE_ISSUER": settings.issuer}
    return Child(own_command("worker", "--attached"), environment=environment)


def _server(settings: Settings, keyring: Keyring, url: str, ballast: Ballast | None) -> uvicorn.Server:
    app = create_app(settings, keyring=keyring, database_url=url, ballast=ballast)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedProtocol,
        server_header=False,
        proxy_headers=False,
        ws="none",
        access_log=False,
        log_config=None,
        log_level="warning",
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        ssl_ciphers=CIPHERS,
    )
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        raise CommandError(f"{settings.tls_cert}, {settings.tls_key}: {error}") from error
    server = uvicorn.Server(config)
    app.state.leaving = lambda: server.should_exit  # streams end at once, so that the server can
    return server


def _tell(settings: Settings) -> None:
    out = console()
    out.print(f"Tidegate is at {settings.issuer}; its files are in {settings.data_dir}")
    if settings.database_url is not None:
        out.print("with a database server the worker is not started here: run one, tidegate worker")
    path = settings.data_dir / "trust.json"
    if path.is_file():
        out.print(f"trust file {path}, fingerprint:\n  {fingerprint(path.read_bytes())}")


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    """Take the port before anything else is started, and serve on it once everything is there."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise CommandError(
                f"cannot listen on {settings.host}:{settings.port}: {error.strerror}. Choose another with --port."
            ) from error
        yield listener


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the data folder: two gateways in one would write the same files."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "serve.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise CommandError(
                f"a gateway runs in {folder} already (process {lock.read().strip() or 'unknown'}). "
                "Stop it, or choose another folder with --data."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _stop(*_: object) -> NoReturn:
    """End in order, and let nothing interrupt that."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    raise Stop
