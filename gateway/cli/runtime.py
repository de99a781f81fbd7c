"""What operator commands stand on: settings, keys, the database, and the ledger."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from sqlalchemy import Engine
from sqlmodel import Session

from gateway import keys
from gateway.anchoring import own
from gateway.cli.faults import USAGE, CommandError
from gateway.clock import utc_now
from gateway.db import connect
from gateway.db.embedded import postgresql
from gateway.keys import Keyring, SigningKey
from gateway.migrations import upgrade
from gateway.settings import Settings
from ledger import trust
from ledger.backends.base import Backend
from ledger.backends.embedded import Embedded
from ledger.backends.genesis import single_operator

DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The gateway's folder (TIDEGATE_DATA_DIR; ./tidegate-data)."),
]
"""The option of every operator command."""


def read_settings(*, data: Path | None = None, **overrides: Any) -> Settings:  # noqa: ANN401 - settings by name
    """Read the settings from the environment; what is given here and is not None goes first.

    With another port or a certificate and no issuer set, the issuer is that port on localhost. Raises `CommandError`.
    """
    given = {name: value for name, value in {"data_dir": data, **overrides}.items() if value is not None}
    if {"port", "tls_cert"} & given.keys() and "issuer" not in given and "TIDEGATE_ISSUER" not in os.environ:
        scheme, port = (
            "https" if "tls_cert" in given else "http",
            given.get("port", Settings.model_fields["port"].default),
        )
        given["issuer"] = f"{scheme}://localhost:{port}"
    try:
        return Settings(**given)
    except ValidationError as error:
        faults = [f"{_variable(each['loc'])}{each['msg'].removeprefix('Value error, ')}" for each in error.errors()]
        raise CommandError("\n".join(["the settings are not right:", *faults]), code=USAGE) from None


def _variable(location: tuple[int | str, ...]) -> str:
    return f"  TIDEGATE_{str(location[0]).upper().removeprefix('TIDEGATE_')}: " if location else "  "


def first_keys(settings: Settings) -> Keyring:
    """Return the gateway's keys; the embedded shape makes them at first start. Raises `KeysError`."""
    folder = settings.keys_path
    if settings.database_url is None and not (folder.is_dir() and any(folder.iterdir())):
        keys.create(folder)
    return keys.load(folder)


@contextmanager
def database(settings: Settings, *, kept: bool = False) -> Iterator[str]:
    """Yield the database's URL: the server's, or that of PostgreSQL in the data folder, started if it does not run.

    `kept`: that in the data folder is started again if it dies.
    """
    if settings.database_url:
        yield settings.database_url
        return
    with postgresql(settings.data_dir / "postgresql", kept=kept) as url:
        yield url


@contextmanager
def engine_on(url: str) -> Iterator[Engine]:
    """Yield an engine of two connections for a short task."""
    engine = connect(url, pool=2)
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def transaction(settings: Settings) -> Iterator[Session]:
    """Yield a session whose work is committed at the end, unless it raises. An embedded database is upgraded first."""
    with database(settings) as url, engine_on(url) as engine:
        if settings.database_url is None:
            upgrade(engine)
        with Session(engine) as session:
            yield session
            session.commit()


def open_ledger(settings: Settings, keyring: Keyring) -> Backend:
    """Return the replicated ledger behind the nodes that are set; else open the embedded one, or begin it.

    Raises `LedgerError`, as if another has the embedded one open. Nodes are connected to when they are first asked.
    """
    if settings.ledger_nodes:
        from ledger.backends.cometbft.client import CometBFT  # noqa: PLC0415 - the embedded shape needs no client

        return CometBFT(settings.ledger_nodes.split(), chain=settings.chain)
    return Embedded(
        settings.data_dir / "ledger.sqlite",
        genesis=genesis(settings, keyring),
        validator_key=keyring.validator.private,
        clock=utc_now,
    )


def genesis(settings: Settings, keyring: Keyring) -> dict[str, Any]:
    """Return the genesis of the embedded ledger that this gateway runs alone."""
    return single_operator(
        chain=settings.chain,
        org=settings.gateway_id,
        keys=ledger_keys(keyring),
        validator=keyring.validator.private.public_key(),
    )


def write_trust(settings: Settings, keyring: Keyring, ledger: Backend) -> None:
    """Write the trust file of the embedded ledger into the data folder, whole or not at all.

    The organisation signs it with the key that the ledger holds valid at this moment. That of a replicated ledger is
    signed by its founders: `tidegate ledger export-trust`.
    """
    if ledger.engine != Embedded.engine:
        return
    key = own.on_ledger(ledger, keyring, settings.gateway_id, "organisation")
    organisations = [{"org": settings.gateway_id, "keys": [registered(key, "entries")]}]
    content = trust.sign(ledger.trust(), organisations, (settings.gateway_id, key.kid, key.private))
    path = settings.data_dir / "trust.json"
    draft = path.with_name(".trust.json.new")
    draft.write_bytes(content)
    draft.replace(path)


def ledger_keys(keyring: Keyring) -> list[dict[str, Any]]:
    """Return the gateway's first keys as the ledger registers them, that for entries first."""
    return [registered(keyring.of(name)[0], usage) for name, usage in keys.REGISTERED.items()]


def registered(key: SigningKey, usage: str) -> dict[str, Any]:
    """Return a key as an entry adds it."""
    return {"kid": key.kid, "usage": usage, "public_key": key.public}
