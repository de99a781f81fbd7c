"""Banks told what happened, stepped by hand: events numbered, webhooks sent to a real receiver."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from gateway import outbound
from gateway.client.events import Event, Events
from gateway.consent import lifecycle, rules, store
from gateway.consent import record as records
from gateway.notify import numbering, reading, webhooks
from gateway.notify.sending import Sender
from gateway.notify.views import DeliveryView
from tests.support import builders
from tests.support.builders import Party
from tests.support.path import WholePath
from tests.support.receiver import Receiver, receiving

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
MOST = 500
PATIENCE = 3.0


@dataclass(frozen=True, slots=True)
class Told:
    """The whole path, whose banks are told."""

    path: WholePath
    sender: Sender

    @property
    def engine(self) -> Engine:
        """The gateway's engine."""
        engine: Engine = self.path.gateway.app.state.engine
        return engine

    def number(self) -> None:
        """Make events of all that happened."""
        while numbering.step(self.engine, self.path.gateway.clock()):
            pass

    def send(self) -> None:
        """Make events of all that happened, and send all that is due."""
        self.number()
        self.sender.begin()
        self.sender.finish()

    def events(self, party: Party | None = None) -> Events:
        """Return a bank's way to its events."""
        return Events(self.path.connection(party or self.path.bank))

    def all(self, after: int = 0, party: Party | None = None) -> list[Event]:
        """Return what a bank is told after a number, all that happened included; at any time of the clock."""
        self.number()
        bank = (party or self.path.bank).id
        with Session(self.engine) as session:
            page = reading.read(session, bank, after=after, now=self.path.gateway.clock(), limit=MOST)
        return [Event.of(json.loads(each.body())) for each in page.events]

    def types(self, after: int = 0) -> list[str]:
        """Return the types of what the bank is told."""
        return [each.type for each in self.all(after)]

    def owner_does(self, event: rules.Event, consent_id: str) -> None:
        """Let something happen to a consent by its owner's will."""
        now = self.path.gateway.clock()
        with Session(self.engine) as session:
            consent = store.locked(session, consent_id)
            happened = records.event(event, at=now, actor="somebody", channel="portal")
            store.change(
                session,
                consent,
                event,
                initiator=consent.owner_id,
                happened=happened,
                reason="by the owner",
                now=now,
            )
            session.commit()

    def end_due(self) -> None:
        """Let time end what is due."""
        with Session(self.engine) as session:
            lifecycle.end_due(session, gateway_id="tidegate", now=self.path.gateway.clock())
            session.commit()

    def ask(self) -> str:
        """Let the bank ask for data; return the consent's id. Unlike `path.ask` at any time of the clock."""
        end = f"{self.path.end:%Y-%m-%d}T00:00:00Z"
        with Session(self.engine) as session:
            now = self.path.gateway.clock()
            consent = builders.requested(session, bank_id=self.path.bank.id, now=now, expires_at=end)
            session.commit()
            return consent.id

    def webhook(self, receiver: Receiver, name: str = "main") -> str:
        """Have the bank's events sent to a receiver; return the secret."""
        secret = self.events().put_webhook(name, receiver.url)
        assert secret is not None
        return secret

    def delivery(self, number: int, name: str = "main") -> DeliveryView:
        """Return what became of an event."""
        with Session(self.engine) as session:
            [found] = webhooks.log(session, bank_id=self.path.bank.id, name=name, after=number - 1, state=None, limit=1)
            return DeliveryView.of(*found)

    def outcomes(self, number: int, name: str = "main") -> list[int | str | None]:
        """Return the status of each attempt to deliver an event, or why there is none."""
        return [each.status or each.error for each in self.delivery(number, name).attempts]

    def replay(self, name: str = "main") -> int:
        """Have all events sent once more; return how many."""
        with Session(self.engine) as session:
            now = self.path.gateway.clock()
            queued = webhooks.replay(session, bank_id=self.path.bank.id, name=name, after=0, until=None, now=now)
            session.commit()
        return queued


@contextmanager
def telling(path: WholePath) -> Iterator[Told]:
    """Yield the path's banks as those who are told; webhooks may go to loopback."""
    settings = path.gateway.settings.model_copy(update={"outbound_allow": LOOPBACK})
    engine = path.gateway.app.state.engine
    sender = Sender(engine, path.gateway.keyring, settings, path.gateway.clock, patience=PATIENCE)
    yield Told(path, sender)
    sender.stop()


@contextmanager
def trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """Yield a receiver whose CA this process trusts."""
    with receiving(folder) as receiver:
        monkeypatch.setenv("SSL_CERT_FILE", str(receiver.ca_file))
        outbound._trust.cache_clear()
        yield receiver
    outbound._trust.cache_clear()
