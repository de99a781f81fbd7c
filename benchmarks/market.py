"""A gateway as `tidegate serve` runs it, and everybody a measurement needs: the demo's cast, set up over HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console

from benchmarks.cores import on_servers_core
from gateway.cli.demo import cast, play, story
from gateway.cli.demo.play import Play
from gateway.cli.demo.stage import Stage
from gateway.cli.demo.telling import Teller
from gateway.client.connection import Connection, Tokens

CONSENTS = 16
EVENTS = 2
PATIENCE_SECONDS = 30.0
FREQUENCY = {"max": 100_000, "per": "P1D"}


@dataclass(slots=True)
class Market:
    """A running gateway, its parties, and the consents (their tokens) under which a bank may pull three records."""

    play: Play
    stage: Stage
    granted: list[Tokens]

    @property
    def issuer(self) -> str:
        """The gateway's URL."""
        return self.play.stage.issuer

    @property
    def bank(self) -> Connection:
        """The bank's connection."""
        return self.play.bank.connection

    @property
    def carrier(self) -> Connection:
        """The carrier's connection."""
        return self.play.providers[cast.CARRIER].connection

    @property
    def pid(self) -> int:
        """The gateway's process; its worker is a child."""
        return self.stage.pid

    @property
    def database_pid(self) -> int:
        """PostgreSQL's first process."""
        return int((self.play.stage.data / "postgresql" / "postmaster.pid").read_text().split()[0])

    def anchored(self) -> None:
        """Wait until nothing waits for the ledger."""
        self.play.stage.anchored()

    def signing_keys(self) -> dict[str, Any]:
        """Return the public keys of access tokens (RFC 7517)."""
        found: dict[str, Any] = httpx2.get(f"{self.issuer}/oauth/jwks", trust_env=False).json()
        return found

    def tokens(self) -> list[str]:
        """Return fresh access tokens, one a consent."""
        return [self.play.bank.refresh(str(each.refresh_token)).access_token for each in self.granted]


@contextmanager
def opened(folder: Path, *, consents: int = CONSENTS) -> Iterator[Market]:
    """Start a gateway with its data in `folder`, all its processes on the servers' core, and set everything up."""
    players = cast.gather(folder)
    with on_servers_core():
        stage = Stage(folder).__enter__()
    try:
        with play.begin(Teller(Console(quiet=True)), stage, players, folder) as everybody:
            for act in (story.participants_register, story.owner_enrols, story.providers_and_owner_link):
                act(everybody)
            _push(everybody)
            granted = [_grant(everybody) for _ in range(consents)]
            stage.anchored()
            for each in granted:
                everybody.bank.evidence(each, patience=PATIENCE_SECONDS)
            yield Market(everybody, stage, granted)
    finally:
        stage.__exit__()


def _push(everybody: Play) -> None:
    """Push a bill of lading and two events of its shipment."""
    carrier = everybody.providers[cast.CARRIER]
    bill = play.message("transport-document-118.json")
    carrier.push("dcsa_ebl", bill, content_type=play.JSON, owner=cast.OWNER)
    events = [each for each in json.loads(play.message("events.json")) if play.SHIPMENT in json.dumps(each)]
    content = json.dumps(events[:EVENTS]).encode()
    carrier.push("dcsa_track_trace", content, content_type=play.JSON, owner=cast.OWNER)


def _grant(everybody: Play) -> Tokens:
    asked = everybody.bank.request(_details(), redirect_uri=cast.REDIRECT_URI)
    review = everybody.owner.press(everybody.owner.open(asked.url), "Continue")
    everybody.owner.press(review, "Approve with passkey")
    return everybody.bank.exchange(asked, everybody.owner.left_for)


def _details() -> dict[str, Any]:
    """Return the demo's request for one shipment, bounded so that a measurement does not meet the bounds."""
    products = ("bill_of_lading", "transport_event")
    return {
        **play.details(),
        "products": products,
        "identifiers": [{"scheme": "transport_document", "issuer": cast.CARRIER_CODE, "value": play.SHIPMENT}],
        "fields": {"bill_of_lading": play.FIELDS["bill_of_lading"]},
        "frequency": FREQUENCY,
        "maximum_pulls": 1_000_000,
    }
