"""What a bank is told of records while its consents are revoked: by a stream of every process, and by webhook."""

import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import httpx2

from gateway.client.connection import Connection
from gateway.client.events import Event, Events
from gateway.notify.rules import RECORDS_AVAILABLE
from tests.support.market import Market
from tests.support.receiver import Receiver, Reply, Request
from tests.support.waiting import until

CUT_SECONDS = 1.0
"""How long after the acknowledgement a stream is cut at the latest."""
WEBHOOK = "webhook"


@dataclass(slots=True)
class Hearing:
    """Everything that was told of records: by which way, of which consent, and when."""

    ways: list[str] = field(default_factory=lambda: [WEBHOOK])
    heard: list[tuple[str, str, float]] = field(default_factory=list)

    def note(self, way: str, told: Event) -> None:
        """Note an event that has arrived."""
        if told.type == RECORDS_AVAILABLE:
            self.heard.append((way, told.consent, time.monotonic()))

    def webhook(self, request: Request) -> Reply:
        """Answer a webhook."""
        self.note(WEBHOOK, Event.read(request.body))
        return Reply()

    def listen(self, way: str, connection: Connection) -> None:
        """Listen to a stream until its client is closed."""
        with suppress(RuntimeError):
            for told in Events(connection).stream(0):
                self.note(way, told)

    def everywhere(self, consent: str) -> bool:
        """Say whether a consent's records were told by every way."""
        return {way for way, told, _ in self.heard if told == consent} == set(self.ways)

    def late(self, acknowledged: dict[str, float]) -> list[tuple[str, str, float]]:
        """Return what was told too long after its consent's revocation was acknowledged, and by how long."""
        never = float("inf")
        after = [(way, consent, at - acknowledged.get(consent, never)) for way, consent, at in self.heard]
        return [each for each in after if each[2] > CUT_SECONDS]

    def counts(self, acknowledged: dict[str, float]) -> dict[str, int]:
        """Return how often the records of revoked consents were told, by way."""
        return dict(
            Counter("webhook" if way == WEBHOOK else "streams" for way, told, _ in self.heard if told in acknowledged)
        )


@contextmanager
def hearing(market: Market, receiver: Receiver, transports: Sequence[httpx2.HTTPTransport]) -> Iterator[Hearing]:
    """Let the bank listen at each of some processes, and to its webhooks, until the block ends."""
    found = Hearing()
    receiver.answering = found.webhook
    with Connection(market.stage.issuer, market.players.bank) as connection:
        Events(connection).put_webhook("races", receiver.url)
    with ExitStack() as stack:
        for number, transport in enumerate(transports):
            client = stack.enter_context(httpx2.Client(transport=transport, trust_env=False))
            ear = Connection(market.stage.issuer, market.players.bank, http=client)
            found.ways.append(f"stream {number}")
            threading.Thread(target=found.listen, args=(found.ways[-1], ear), daemon=True).start()
        yield found


def wait_for_all(found: Hearing, consent: str) -> None:
    """Wait until what happened to a consent is told by every way, and with it all that happened before."""
    until(lambda: found.everywhere(consent), f"told of {consent} alone: {found.heard[-9:]}")
