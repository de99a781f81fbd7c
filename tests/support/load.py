"""A market at work: carriers push, owners approve and revoke, banks pull, all at once, and try again as clients do.

A lost answer is no acknowledgement. Whoever gets none, or 503, asks again; every other failure is a fault.
"""

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2

from gateway.cli.demo import cast
from gateway.cli.demo.browser import Browser, Page, PageError
from gateway.cli.demo.play import JSON, message
from gateway.client.bank import Bank, ConsentRequest
from gateway.client.connection import Connection, Tokens
from gateway.client.errors import ClientError, NotYetError, OAuthError, ProblemError, UnreachableError
from gateway.client.provider import Provider
from gateway.directory import people
from tests.support import builders
from tests.support.acknowledged import Acknowledged
from tests.support.aftermath import session
from tests.support.market import Market

Answer = TypeVar("Answer")
PAUSE_SECONDS = 0.05
IMPATIENT_SECONDS = 0.2
"""How long a client waits at most that was told when to ask again."""
TIMEOUT_SECONDS = 20.0
SERVICE_UNAVAILABLE = 503
DOCUMENT = json.loads(message("transport-document-118.json"))


class Stopped(Exception):  # noqa: N818 - not an error: the work is over
    """The load is over, or this piece of work cannot be finished: its answer was lost."""


class Persistent:
    """Asks until it is answered."""

    def __init__(self, notes: Acknowledged, stopping: threading.Event) -> None:
        self.notes, self.stopping = notes, stopping

    def __call__(self, ask: Callable[[], Answer]) -> Answer:
        """Return the answer. Raises `Stopped` once the load is over; what else went wrong is the caller's."""
        while not self.stopping.is_set():
            try:
                return ask()
            except NotYetError as error:
                self.stopping.wait(min(error.retry_after, IMPATIENT_SECONDS))
            except (UnreachableError, httpx2.TransportError):
                self.stopping.wait(PAUSE_SECONDS)
            except PageError as error:
                if error.status != SERVICE_UNAVAILABLE:
                    raise
                self.stopping.wait(PAUSE_SECONDS)
        raise Stopped


class Carrier:
    """Pushes new documents, new versions of them, and what it has pushed before once more."""

    def __init__(self, name: str, provider: Provider, ask: Persistent, dice: random.Random) -> None:
        self._name, self._provider, self._ask, self._dice = name, provider, ask, dice
        self._sent: list[tuple[str, bytes]] = []

    def work(self) -> None:
        """Push one message."""
        what = self._dice.random()
        if self._sent and what < 0.25:
            number, content = self._dice.choice(self._sent)
            self._push(number, content)
            return
        again = self._sent and what < 0.5
        number = self._dice.choice(self._sent)[0] if again else f"OCLN{self._name}{len(self._sent):06}"
        content = self._document(number)
        self._ask.notes.version(number, self._push(number, content))
        self._sent.append((number, content))

    def _document(self, number: str) -> bytes:
        said = f"Version {len(self._sent)} of {self._name}."
        return json.dumps({**DOCUMENT, "transportDocumentReference": number, "termsAndConditions": said}).encode()

    def _push(self, number: str, content: bytes) -> str:
        answer = self._ask(lambda: self._provider.push("dcsa_ebl", content, content_type=JSON, owner=cast.OWNER))
        ids = tuple(str(each["id"]) for each in answer["records"])
        self._ask.notes.push(content, ids, number=number)
        return ids[0]


class Lender:
    """A bank that asks, and the owner's person who approves in the portal, and mostly revokes in the end."""

    def __init__(self, owner: Browser, bank: Bank, ask: Persistent, dice: random.Random) -> None:
        self._owner, self._bank, self._ask, self._dice = owner, bank, ask, dice
        self._notes = ask.notes
        self._portal = f"{bank.connection.issuer}/portal"

    def work(self) -> None:
        """Go through one consent."""
        numbers = sorted(self._notes.newest)
        if not numbers:
            self._ask.stopping.wait(PAUSE_SECONDS)
            return
        wanted = self._dice.sample(numbers, min(2, len(numbers)))
        request = self._ask(lambda: self._bank.request(asked(wanted), redirect_uri=cast.REDIRECT_URI))
        if self._dice.random() < 0.1:
            self._refuse(request)
            return
        tokens = self._tokens(request, self._approved(request))
        self._pull(tokens)
        if self._dice.random() < 0.7:
            self._revoke(str(tokens.grant_id))
            self._refused(tokens)

    def _refuse(self, request: ConsentRequest) -> None:
        page = self._ask(lambda: self._owner.open(request.url))
        self._settled(lambda: self._owner.press(page, "Refuse"))

    def _approved(self, request: ConsentRequest) -> str:
        page = self._ask(lambda: self._owner.open(request.url))
        asked_for = urlsplit(page.url).path.rpartition("/")[2]
        review = self._ask(lambda: self._owner.press(page, "Continue"))
        self._settled(lambda: self._owner.press(review, "Approve with passkey"))
        self._notes.grant(asked_for)
        return self._owner.left_for

    def _settled(self, press: Callable[[], Page]) -> Page:
        """Press until answered. If that was done before and only its answer lost, the portal says so."""
        try:
            return self._ask(press)
        except PageError as error:
            if error.status in (404, 409):
                raise Stopped from None
            raise

    def _tokens(self, request: ConsentRequest, location: str) -> Tokens:
        try:
            tokens = self._ask(lambda: self._bank.exchange(request, location))
        except OAuthError as error:
            if error.error == "invalid_grant":  # it was used, and the tokens' answer lost
                raise Stopped from None
            raise
        self._notes.token(str(tokens.refresh_token), str(tokens.grant_id))
        return tokens

    def _pull(self, tokens: Tokens) -> None:
        for _ in range(self._dice.randint(1, 3)):
            self._notes.pull(self._ask(lambda: self._bank.evidence(tokens)).data)
        if self._dice.random() < 0.3:
            renewed = self._ask(lambda: self._bank.refresh(str(tokens.refresh_token)))
            self._notes.pull(self._ask(lambda: self._bank.evidence(renewed)).data)

    def _revoke(self, consent: str) -> None:
        page = self._ask(lambda: self._owner.open(f"{self._portal}/consents/{consent}/stop"))
        self._ask(lambda: self._owner.press(page, "Stop sharing"))
        self._notes.revocation(consent)

    def _refused(self, tokens: Tokens) -> None:
        """See that nothing is released any more."""
        try:
            self._ask(lambda: self._bank.evidence(tokens))
        except ProblemError as error:
            if error.error == "invalid_token":
                return
            raise
        self._notes.fault(f"consent {tokens.grant_id} was revoked, and a pull after that was answered")


def asked(numbers: list[str]) -> dict[str, Any]:
    """Return what a bank asks for: these documents."""
    return builders.details(
        owner={"scheme": "br_number", "value": cast.BR_NUMBER},
        products=["bill_of_lading"],
        identifiers=[{"scheme": "transport_document", "issuer": cast.CARRIER_CODE, "value": each} for each in numbers],
        period=...,
        frequency=...,
        maximum_pulls=...,
        expires_at=f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}T00:00:00Z",
    )


@contextmanager
def under_load(market: Market, seed: int, *, pairs: int = 2) -> Iterator[Acknowledged]:
    """Keep a market busy until the block ends, with so many carriers, and as many banks each with an owner's person."""
    notes, stopping = Acknowledged(), threading.Event()
    ask = Persistent(notes, stopping)
    issuer = market.stage.issuer
    with ExitStack() as stack:
        workers: list[Carrier | Lender] = []
        for number in range(pairs):
            http = [stack.enter_context(httpx2.Client(timeout=TIMEOUT_SECONDS, trust_env=False)) for _ in range(2)]
            dice = [random.Random(f"{seed}/{number}/{role}") for role in ("carrier", "lender")]  # noqa: S311 - to be repeated
            owner = stack.enter_context(person(market))
            provider = Provider(Connection(issuer, market.players.carrier, http=http[0]))
            workers.append(Carrier(f"{number:02}", provider, ask, dice[0]))
            workers.append(Lender(owner, Bank(Connection(issuer, market.players.bank, http=http[1])), ask, dice[1]))
        threads = [threading.Thread(target=_run, args=(each, ask)) for each in workers]
        for thread in threads:
            thread.start()
        try:
            yield notes
        finally:
            stopping.set()
            for thread in threads:
                thread.join()


@contextmanager
def person(market: Market) -> Iterator[Browser]:
    """Yield the browser of one more person of the owner."""
    with session(market.stage) as opened:
        token = people.invite(opened, cast.OWNER, name="Finance desk", authority="Director", now=datetime.now(UTC))
        opened.commit()
    with Browser(market.stage.issuer) as owner:
        owner.press(owner.open(f"{market.stage.issuer}/portal/enrol/{token}"), "Make a passkey")
        yield owner


def _run(worker: Carrier | Lender, ask: Persistent) -> None:
    while not ask.stopping.is_set():
        try:
            worker.work()
        except Stopped:
            continue
        except (ClientError, PageError) as error:
            ask.notes.fault(f"{type(error).__name__}: {error}")
        except BaseException as error:
            ask.notes.fault(f"the load itself failed: {error!r}")
            raise
