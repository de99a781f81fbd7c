"""A whole gateway for tests: real database, keys of its own, a clock that tests may turn."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.testclient import TestClient

from gateway import keys
from gateway.app import create_app
from gateway.settings import Settings

ISSUER = "http://localhost:8440"


class TurnableClock:
    """Stands still until turned."""

    def __init__(self, now: datetime = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def turn(self, by: timedelta) -> None:
        self.now += by


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway under test: `client` speaks HTTP to it in this process."""

    app: FastAPI
    client: TestClient
    clock: TurnableClock
    keyring: keys.Keyring
    settings: Settings


@contextmanager
def running(database_url: str, folder: Path, clock: TurnableClock | None = None, **changes: Any) -> Iterator[Gateway]:
    """Yield a gateway on the database, its files in `folder`, its keys too, made if missing; `changes` are settings."""
    settings = Settings(**{"data_dir": folder, "issuer": ISSUER, "database_url": None, **changes})
    if not settings.keys_path.exists():
        keys.create(settings.keys_path)
    clock = clock or TurnableClock()
    keyring = keys.load(settings.keys_path)
    app = create_app(settings, keyring=keyring, database_url=database_url, clock=clock)
    with TestClient(app, base_url=ISSUER, follow_redirects=False) as client:
        yield Gateway(app, client, clock, keyring, settings)
