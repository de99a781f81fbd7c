"""A bank's request, sent a hundred times at once under one key, is one consent, whatever is killed meanwhile."""

import http.client
import json
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlmodel import select

from gateway.cli.demo import cast
from gateway.cli.demo.play import details
from gateway.client.connection import ASSERTION_TYPE, Connection
from gateway.consent.tables import Consent
from ledger.codec import b64u, sha256
from tests.support.aftermath import session
from tests.support.killing import kill_one, operated
from tests.support.market import Market, opened
from tests.support.waiting import until

POSTS = 100
AT_ONCE = 10
CUT_OFF = 0.2
"""Of so many the connection is closed before the answer is read."""
KILLED = 0.5
"""In so many rounds a process is killed."""
PATIENCE_SECONDS = 60.0
PATH = "/oauth/par"
FOR_A_NONCE = {"grant_type": "client_credentials", "scope": "events"}

pytestmark = pytest.mark.timeout(7200)
Answer = tuple[int, dict[str, Any]]


@dataclass
class Post:
    """One request of the bank's, sent as often as one likes: each time with a new proof and a new assertion."""

    market: Market
    connection: Connection
    key: str
    parameters: dict[str, str]

    def send(self, *, cut_off: bool = False, **changes: str) -> Answer | None:
        """Return the answer; None if there was none, or if nobody waited for it."""
        connection, http_ = self.connection, http.client.HTTPConnection("127.0.0.1", self.market.stage.port, timeout=30)
        form = {
            **self.parameters,
            **changes,
            "client_id": cast.BANK,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": connection.identity.assertion(connection.issuer),
        }
        proof = connection.proof_key.proof("POST", f"{connection.issuer}{PATH}", nonce=connection.dialogue.nonce)
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "DPoP": proof,
            "Idempotency-Key": f'"{self.key}"',
        }
        try:
            http_.request("POST", PATH, urlencode(form), headers)
            if cut_off:
                return None
            response = http_.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            http_.close()

    def insist(self, over: threading.Event) -> Answer:
        """Send until it is answered, and not by 503."""
        while not over.is_set():
            answer = self.send()
            if answer is not None and answer[0] != 503:
                return answer
            over.wait(0.05)
        raise AssertionError("nobody answers")


def submitted(post: Post, dice: random.Random, kill: Callable[[], object] | None) -> list[Answer]:
    """Send a request a hundred times, and kill something meanwhile; return what was answered to those who waited."""
    over = threading.Event()
    cut_off = [dice.random() < CUT_OFF for _ in range(POSTS)]

    def one(number: int) -> Answer | None:
        return post.send(cut_off=True) if cut_off[number] else post.insist(over)

    clock = threading.Timer(PATIENCE_SECONDS, over.set)
    clock.start()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        sent = [pool.submit(one, number) for number in range(POSTS)]
        if kill is not None:
            with suppress(AssertionError):
                kill()
        answers = [each.result() for each in sent]
    clock.cancel()
    return [each for each in answers if each is not None]


def consents(market: Market) -> int:
    with session(market.stage) as opened_session:
        return len(opened_session.exec(select(Consent)).all())


def test_a_hundred_posts_with_one_key_are_one_consent(
    tmp_path: Path, pytestconfig: pytest.Config, record_property: Callable[[str, object], None]
) -> None:
    rounds, dice = pytestconfig.option.submits, random.Random(pytestconfig.option.seed)  # noqa: S311 - to be repeated
    kills: list[str] = []
    with (
        opened(tmp_path) as market,
        operated(market.stage),
        Connection(market.stage.issuer, market.players.bank) as connection,
    ):

        def kill() -> None:
            kills.append(kill_one(market.stage, dice)[0])

        for number in range(rounds):
            parameters = {
                "response_type": "code",
                "redirect_uri": cast.REDIRECT_URI,
                "state": f"round {number}",
                "code_challenge": b64u(sha256(str(number).encode())),
                "code_challenge_method": "S256",
                "authorization_details": json.dumps([details()]),
            }
            connection.tokens(FOR_A_NONCE)
            post = Post(market, connection, f"round-{number}", parameters)
            answers = submitted(post, dice, kill if number == 0 or dice.random() < KILLED else None)
            assert {status for status, _ in answers} == {201}
            assert len({answer["request_uri"] for _, answer in answers}) == 1
            until(market.stage.state, "the gateway is not well again", seconds=PATIENCE_SECONDS)
            status, refused = post.send(state="another") or (0, {})
            assert (status, refused.get("error")) == (422, "invalid_request")
            assert consents(market) == number + 1
    assert kills
    record_property("seed", pytestconfig.option.seed)
    record_property("rounds", rounds)
    record_property("posts in each", POSTS)
    record_property("kills", len(kills))
