"""Push messages into a database without HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlmodel import Session

from connectors import registry
from connectors.base import Received
from gateway import keys
from gateway.client.provider import NOBODY
from gateway.ingest.pushes import Push, receive
from gateway.ingest.taken import Taken
from gateway.settings import Settings
from tests.support.messages import body
from tests.support.records import CARRIER, NOW

CARRIER_CODE = {"list": "SCAC", "code": "OCLN"}


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier that pushes."""

    session: Session
    keyring: keys.Keyring
    settings: Settings

    def push_events(self, *events: Any, owner: str | None = None, now: datetime = NOW) -> list[Taken]:
        """Push T&T events as one message."""
        return self.push("dcsa_track_trace", body(list(events)), owner=owner, now=now)

    def push_document(
        self, document: Any, *, owner: str | None = None, now: datetime = NOW, parties: Mapping[str, str] = NOBODY
    ) -> list[Taken]:
        """Push a transport document."""
        return self.push("dcsa_ebl", body(document), owner=owner, now=now, parties=parties)

    def push(
        self,
        connector: str,
        message: bytes,
        *,
        owner: str | None = None,
        now: datetime = NOW,
        parties: Mapping[str, str] = NOBODY,
    ) -> list[Taken]:
        """Push a message's bytes."""
        found = registry.get(connector)
        received = Received("push", message, carrier_code=CARRIER_CODE)
        made = Push(CARRIER, found, found.endpoints[0], received, owner, now, parties=parties)
        return receive(self.session, self.keyring, self.settings, made)


def carrier(session: Session, folder: Path) -> Carrier:
    """Return a carrier with keys of a gateway in `folder`."""
    settings = Settings(data_dir=folder, database_url=None)
    keys.create(settings.keys_path)
    return Carrier(session, keys.load(settings.keys_path), settings)
