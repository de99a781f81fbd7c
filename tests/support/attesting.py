"""A bank that has pulled something under a consent, and what it says, rightly and wrongly, became of that."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from gateway.client.errors import ProblemError
from gateway.client.identity import Identity
from gateway.deletion.tables import Attestation
from gateway.journal.tables import Leaf
from ledger.attestation import TYP
from tests.support.app import ISSUER
from tests.support.builders import BANK, Party
from tests.support.messages import transport_document
from tests.support.path import WholePath, whole_path

LAW = "Cap. 615, Schedule 2, section 20"


@dataclass
class Pulling:
    """A consent under which a bank pulled something, at `pulled_at`; nothing is attested of it yet."""

    path: WholePath
    consent: str
    pulled_at: datetime

    def said(self, **members: Any) -> dict[str, Any]:
        """Return what the bank may truly say at this moment, with `members` in place of the usual ones."""
        now = self.path.gateway.clock()
        usual = {
            "iss": BANK,
            "aud": ISSUER,
            "iat": int(now.timestamp()),
            "jti": "AAAAAAAAAAAAAAAAAAAAAA",
            "consent": self.consent,
            "version": 1,
            "pulled_until": instant(now),
            "deleted_at": instant(now),
        }
        return {name: value for name, value in {**usual, **members}.items() if value is not None}

    def signed(self, **members: Any) -> str:
        return self.identity.sign(self.said(**members), typ=TYP)

    def kept(self, law: Any = LAW, until: Any = None, **members: Any) -> str:
        """Return the bank's word that a law makes it keep what it pulled."""
        until = until or instant(self.path.gateway.clock() + timedelta(days=400))
        return self.signed(deleted_at=None, retained_under={"law": law, "until": until}, **members)

    @property
    def identity(self) -> Identity:
        return self.path.connection(self.path.bank).identity

    def post(self, text: str, party: Party | None = None) -> Any:
        connection = self.path.connection(party or self.path.bank)
        response = connection.call(
            "POST",
            f"/consents/{self.consent}/attestations",
            token=connection.own_token("events"),
            content=json.dumps({"attestation": text}).encode(),
            headers={"Content-Type": "application/json"},
        )
        return response.status_code, response.json()

    def refused(self, text: str, party: Party | None = None) -> ProblemError:
        with pytest.raises(ProblemError) as error:
            self.post(text, party)
        return error.value

    def another(self) -> "Pulling":
        """Return another consent under which the bank has just pulled something."""
        self.path.catch_up()
        tokens = self.path.consented()
        self.path.anchor()
        self.path.as_bank().evidence(tokens)
        return Pulling(self.path, str(tokens.grant_id), self.path.gateway.clock())

    def rows(self) -> int:
        with Session(self.path.gateway.app.state.engine) as session:
            return len(session.exec(select(Attestation)).all()) + len(
                session.exec(select(Leaf).where(Leaf.stream == "attestations")).all()
            )


def instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


@contextmanager
def pulled(database_url: str, folder: Path) -> Iterator[Pulling]:
    """Yield a bank that has pulled something."""
    with whole_path(database_url, folder) as path:
        tokens = path.consented()
        path.push("dcsa_ebl", transport_document())
        path.anchor()
        path.as_bank().evidence(tokens)
        pulled_at = path.gateway.clock()
        path.anchor()
        yield Pulling(path, str(tokens.grant_id), pulled_at)
