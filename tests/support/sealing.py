"""A provider that seals its records itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from connectors import registry
from connectors.base import Received
from gateway import journal
from gateway.client import sealing
from gateway.keys import SigningKey
from ledger.record import Sealer
from tests.support.builders import Party
from tests.support.path import WholePath

JSON = "application/json"
CARRIER_CODE = {"list": "SCAC", "code": "OCLN"}


@dataclass
class SealingCarrier:
    """Maps and seals as `tidegate push --seal` does, under the key it registered or another."""

    path: WholePath
    key: SigningKey
    issuer: str
    code: Mapping[str, str] = field(default_factory=lambda: CARRIER_CODE)

    def seal(self, connector: str, message: Any) -> dict[str, Any]:
        """Return the envelope, taken apart so that it can be changed."""
        body = json.dumps(message).encode()
        sealer = Sealer(self.issuer, self.key.kid, self.key.private)
        sealed = sealing.seal(
            registry.get(connector),
            Received("push", body, carrier_code=self.code),
            media_type=JSON,
            sealer=sealer,
            issued_at=self.path.gateway.clock(),
        )
        envelope: dict[str, Any] = json.loads(sealed)
        return envelope

    def push(self, connector: str, envelope: Any, *, owner: str | None = None) -> Mapping[str, Any]:
        """Push an envelope."""
        body = json.dumps(envelope).encode()
        return self.path.provider().push(connector, body, content_type=sealing.MEDIA_TYPE, owner=owner)


def sealing_carrier(path: WholePath) -> SealingCarrier:
    """Return the path's carrier as one that seals, its key registered on the ledger as at its registration."""
    register_keys(path, path.carrier)
    return SealingCarrier(path, path.carrier.sealing, path.carrier.id)


def register_keys(path: WholePath, party: Party) -> None:
    """Have a provider's sealing key on the ledger."""
    keys = [{"kid": party.sealing.kid, "usage": "sealing", "public_key": party.sealing.public}]
    with Session(path.gateway.app.state.engine) as session:
        now = path.gateway.clock()
        body = {"org": party.id, "keys": keys}
        journal.queue_entry(session, type="org.register", body=body, subject=party.id, now=now)
        session.commit()
    path.anchor()
