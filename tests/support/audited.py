"""A gateway with a past: pushes, a consent revoked, one used up to now, pulls; and what an audit finds in it."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from gateway.audit.reads import BEGINNING
from gateway.audit.scope import Progress, Scope
from gateway.audit.whole import audit
from gateway.cli.runtime import genesis
from ledger.audit.findings import Finding
from ledger.backends.reader import EmbeddedReader
from ledger.trust import Trust, read
from tests.support.anchoring import anchoring
from tests.support.app import TurnableClock, running
from tests.support.database import copied, database
from tests.support.messages import BILL, event, transport_document
from tests.support.path import WholePath, whole_path

SHIPMENT = {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": BILL}
GRACE = timedelta(seconds=60)


@dataclass
class Audited:
    """The path, and two consents on it: one in force, one revoked."""

    path: WholePath
    folder: Path
    consent: str
    revoked: str

    @property
    def ledger(self) -> Path:
        """The ledger's file."""
        return self.folder / "ledger.sqlite"

    def trust(self) -> Trust:
        """Return the trust file as banks have it."""
        return read(self.path.trust())

    def scope(self, source: Any, **changes: Any) -> Scope:
        """Return the scope of an audit, of everything unless changed."""
        gateway = self.path.gateway
        given = {
            "genesis": genesis(gateway.settings, gateway.keyring),
            "trust": None,
            "gateway_id": gateway.settings.gateway_id,
            "master": gateway.keyring.records,
            "now": gateway.clock(),
            "grace": GRACE,
            "since": BEGINNING,
            **changes,
        }
        return Scope(source=source, **given)

    @contextmanager
    def reader(self) -> Iterator[EmbeddedReader]:
        """Read the ledger's file beside the worker that has it open."""
        gateway = self.path.gateway
        public = gateway.keyring.validator.private.public_key().public_bytes_raw()
        with EmbeddedReader(self.ledger, chain=gateway.settings.chain, validator=public) as reader:
            yield reader

    def found(self, **changes: Any) -> list[Finding]:
        """Return what an audit of the file finds."""
        with self.reader() as reader:
            told = audit(self.path.gateway.app.state.engine, self.scope(reader, **changes))
            return [each for each in told if not isinstance(each, Progress)]

    def sentences(self, **changes: Any) -> list[str]:
        """Return what an audit finds, as it is said."""
        return [each.sentence for each in self.found(**changes)]

    def change(self, statement: str, **values: object) -> None:
        """Change the database as somebody can who has it."""
        with self.path.gateway.app.state.engine.begin() as connection:
            assert connection.execute(text(statement), values).rowcount > 0

    def one(self, statement: str, **values: object) -> Any:
        """Return a value of the database."""
        with self.path.gateway.app.state.engine.begin() as connection:
            return connection.execute(text(statement), values).scalar_one()

    def rewrite(self, statement: str, *values: object) -> None:
        """Change the ledger's file as somebody can who has it."""
        with closing(sqlite3.connect(self.ledger, isolation_level=None)) as db:
            assert db.execute(statement, values).rowcount > 0

    def in_ledger(self, statement: str, *values: object) -> Any:
        """Return a value of the ledger's file."""
        with closing(sqlite3.connect(self.ledger)) as db:
            return db.execute(statement, values).fetchone()[0]


@contextmanager
def audited(database_url: str, folder: Path) -> Iterator[Audited]:
    """Yield a gateway with a past."""
    with whole_path(database_url, folder) as path:
        path.push("dcsa_ebl", transport_document())
        path.push("dcsa_track_trace", [event("loaded")])
        path.anchor()
        path.push("dcsa_track_trace", [event("discharged", equipmentEventTypeCode="DISC")])
        revoked = path.consented(identifiers=[SHIPMENT])
        path.anchor()
        path.as_bank().evidence(revoked)
        path.visitor().signed_in().stop(revoked.grant_id or "")
        path.anchor()
        tokens = path.consented(identifiers=[SHIPMENT])
        path.anchor()
        path.as_bank().evidence(tokens)
        path.as_bank().evidence(tokens)
        path.anchor()
        yield Audited(path, folder, tokens.grant_id or "", revoked.grant_id or "")


@dataclass(frozen=True, slots=True)
class AtRest:
    """A gateway with a past that does not run: each test has a copy, for to live that past takes seconds."""

    database_url: str
    past: Audited

    @contextmanager
    def copied(self, cluster_url: str, folder: Path) -> Iterator[Audited]:
        """Yield the same gateway, on copies of its database and its folder."""
        path, clock = self.past.path, TurnableClock(self.past.path.gateway.clock())
        shutil.copytree(self.past.folder, folder, dirs_exist_ok=True)
        with (
            copied(cluster_url, self.database_url) as url,
            running(url, folder, clock) as gateway,
            anchoring(gateway.app.state.engine, gateway.keyring, gateway.settings, folder, clock) as steps,
        ):
            steps.hooks = path.anchoring.hooks
            steps.finish()
            again = replace(path, gateway=gateway, anchoring=steps, connections={})
            yield replace(self.past, path=again, folder=folder)


@contextmanager
def at_rest(cluster_url: str, folder: Path) -> Iterator[AtRest]:
    """Yield a gateway with a past, at rest."""
    with database(cluster_url) as url:
        with audited(url, folder) as past:
            pass
        yield AtRest(url, past)
