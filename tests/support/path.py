"""The whole path in one process: a gateway, its ledger stepped by hand, a carrier, an owner and a bank over HTTP."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session

from gateway import keys
from gateway.anchoring import own
from gateway.anchoring.worker import Hooks
from gateway.client.bank import Bank, ConsentRequest
from gateway.client.connection import Connection, Tokens
from gateway.client.identity import Identity
from gateway.client.provider import Provider
from gateway.directory import people
from gateway.keys import SigningKey
from gateway.records.renewal import seal_anew
from ledger import trust
from tests.support import builders
from tests.support.anchoring import Anchoring, anchoring
from tests.support.app import ISSUER, Gateway, TurnableClock, running
from tests.support.browser import Visitor
from tests.support.builders import Enrolled, Party

Ledger = Callable[..., AbstractContextManager[Anchoring]]
"""Gives anchoring on a ledger, as `tests.support.anchoring.anchoring` does on an embedded one."""
REDIRECT = "https://bank.example/callback"


def this_second() -> TurnableClock:
    """Return a clock that stands at the real time: clients have no other."""
    return TurnableClock(datetime.now(UTC).replace(microsecond=0))


@dataclass
class WholePath:
    """Everybody on the path."""

    gateway: Gateway
    anchoring: Anchoring
    carrier: Party
    owner: Party
    bank: Party
    other_bank: Party
    person: Enrolled
    end: datetime
    """Until when the bank asks, unless it says otherwise: the same whenever it asks."""
    connections: dict[str, Connection] = field(default_factory=dict)

    def connection(self, party: Party) -> Connection:
        """Return a party's connection over HTTP, in this process."""
        if party.id not in self.connections:
            identity = Identity.of(party.id, party.key)
            self.connections[party.id] = Connection(ISSUER, identity, http=self.gateway.client)
        return self.connections[party.id]

    def provider(self) -> Provider:
        return Provider(self.connection(self.carrier))

    def as_bank(self, party: Party | None = None) -> Bank:
        return Bank(self.connection(party or self.bank))

    def visitor(self) -> Visitor:
        """Return a browser of the owner's person, not signed in."""
        return Visitor(self.gateway.app, self.person.passkey)

    def push(self, connector: str, message: Any, *, owner: str | None = builders.OWNER, **parties: str) -> Any:
        data = message if isinstance(message, bytes) else json.dumps(message).encode()
        return self.provider().push(connector, data, content_type="application/json", owner=owner, parties=parties)

    def ask(self, party: Party | None = None, *, replaces: str | None = None, **members: Any) -> ConsentRequest:
        details = builders.details(**{"expires_at": f"{self.end:%Y-%m-%d}T00:00:00Z", **members})
        return self.as_bank(party).request(details, redirect_uri=REDIRECT, replaces=replaces)

    def consented(self, **members: Any) -> Tokens:
        """Let the bank ask, the owner approve in the portal, and the bank have its tokens."""
        request = self.ask(**members)
        location = self.visitor().signed_in().approve(request.url)
        return self.as_bank().exchange(request, location)

    def anchor(self) -> None:
        """Let a second go by, and the worker do all that is due."""
        self.gateway.clock.turn(timedelta(seconds=1))
        self.anchoring.finish()

    def catch_up(self) -> None:
        """Set the gateway's clock to the real time, by which clients go: a long test outlasts a proof's minute."""
        self.gateway.clock.turn(max(timedelta(0), datetime.now(UTC) - self.gateway.clock()))

    def rotate(self, name: str, *, compromised_since: int = 0) -> SigningKey:
        """Make the next of the gateway's keys of a name, and queue the entry that puts it in the old one's place."""
        org, folder = self.gateway.settings.gateway_id, self.gateway.settings.keys_path
        with Session(self.anchoring.engine) as session:
            old = own.in_use(session, self.gateway.keyring, org, name)
        new = keys.add(folder, name)
        added = {"kid": new.kid, "usage": keys.REGISTERED[name], "public_key": new.public}
        self.anchoring.queue_entry(
            "org.rotate_key", org, org=org, remove=old.kid, compromised_since=compromised_since, add=[added]
        )
        return new

    def trust(self) -> bytes:
        """Return the trust file of this chain."""
        key = self.gateway.keyring.organisation
        registered = {"kid": key.kid, "usage": "entries", "public_key": key.public}
        org = self.gateway.settings.gateway_id
        return trust.sign(
            self.anchoring.backend.trust(), [{"org": org, "keys": [registered]}], (org, key.kid, key.private)
        )


@contextmanager
def whole_path(database_url: str, folder: Path, ledger: Ledger = anchoring, **settings: Any) -> Iterator[WholePath]:
    """Yield a path with a carrier linked to an owner, whose person is enrolled, and two banks."""
    clock = this_second()
    with (
        running(database_url, folder, clock, **settings) as gateway,
        ledger(gateway.app.state.engine, gateway.keyring, gateway.settings, folder, clock) as steps,
    ):
        with Session(gateway.app.state.engine, expire_on_commit=False) as session:
            carrier, owner = builders.carrier(session), builders.owner(session)
            bank, other = builders.bank(session), builders.bank(session, "westbank", name="West Bank")
            builders.link(session)
            person = builders.enrolled(session, settings=gateway.settings, now=clock())
            session.commit()
        steps.hooks = Hooks(reseal=seal_anew)
        steps.finish()
        yield WholePath(gateway, steps, carrier, owner, bank, other, person, end=clock() + timedelta(days=60))


def invitation(gateway: Gateway, *, owner: str = builders.OWNER) -> str:
    """Return the path of a one-time invitation for an owner."""
    with Session(gateway.app.state.engine) as session:
        token = people.invite(session, owner, name="Export desk", authority="Director", now=gateway.clock())
        session.commit()
    return f"/portal/enrol/{token}"


def problem(response: Any) -> Mapping[str, Any]:
    """Return the problem document of a response."""
    found: Mapping[str, Any] = response.json()
    return found
