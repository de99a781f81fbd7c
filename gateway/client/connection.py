"""A client's connection to a gateway: carries its conversations out, one after another."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import stamina

from gateway.client.bounded import (
    ATTEMPTS,
    RETRY_SECONDS,
    STREAM_SECONDS,
    TIMEOUT_SECONDS,
    Body,
    arguments,
    unreachable,
)
from gateway.client.dialogue import (
    ASSERTION_TYPE,
    Dialogue,
    Exchange,
    Flow,
    Pause,
    Returned,
    Sent,
    Tokens,
    may_repeat,
)
from gateway.client.dpop import ProofKey
from gateway.client.errors import raise_for
from gateway.client.identity import Identity

__all__ = ["ASSERTION_TYPE", "Connection", "Tokens"]
LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Connection:
    """Speaks to the gateway at `issuer` as one client; may be used by one thread at a time."""

    def __init__(
        self, issuer: str, identity: Identity, *, proof_key: ProofKey | None = None, http: httpx2.Client | None = None
    ) -> None:
        self.dialogue = Dialogue(issuer, identity, proof_key or ProofKey())
        self._http = http or httpx2.Client(timeout=TIMEOUT_SECONDS, trust_env=not on_loopback(issuer))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def issuer(self) -> str:
        """The gateway's issuer URL."""
        return self.dialogue.issuer

    @property
    def identity(self) -> Identity:
        """Whom it speaks for."""
        return self.dialogue.identity

    @property
    def proof_key(self) -> ProofKey:
        """The key that its tokens are bound to."""
        return self.dialogue.proof_key

    @property
    def nonce(self) -> str | None:
        """The newest nonce that the gateway gave (RFC 9449 section 8); None before it gave one."""
        return self.dialogue.nonce

    @property
    def metadata(self) -> Mapping[str, Any]:
        """The authorization server's metadata (RFC 8414). Raises `ProtocolError` if it is another issuer's."""
        return self.run(self.dialogue.metadata())

    def run(self, flow: Flow[Returned]) -> Returned:
        """Carry out a conversation and return its result.

        What nobody answered is tried again, with a new proof: if it cannot have arrived, or may arrive twice.
        """
        answer: httpx2.Response | None = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as end:
                result: Returned = end.value
                return result
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                answer = None
            else:
                answer = self._patiently(step)

    def ask(self, endpoint: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        """Post a form to an endpoint of the authorization server, as `Dialogue.ask` does."""
        return self.run(self.dialogue.ask(endpoint, form))

    def tokens(self, form: Mapping[str, str]) -> Tokens:
        """Ask the token endpoint, as `Dialogue.tokens` does."""
        return self.run(self.dialogue.tokens(form))

    def own_token(self, scope: str) -> str:
        """Return an access token of the client itself, as `Dialogue.own_token` does."""
        return self.run(self.dialogue.own_token(scope))

    def revoke(self, token: str) -> None:
        """Revoke a token of this client, as `Dialogue.revoke` does."""
        self.run(self.dialogue.revoke(token))

    def call(self, method: str, path: str, *, token: str, **request: Any) -> httpx2.Response:  # noqa: ANN401 - handed on
        """Call the gateway's API, as `Dialogue.call` does: `content`, `headers`, `params`."""
        return self.run(self.dialogue.call(method, path, token=token, **request))

    @contextmanager
    def stream(self, path: str, *, token: str, headers: Mapping[str, str]) -> Iterator[httpx2.Response]:
        """Open an answer that has no end yet. Raises `ProblemError`, `OAuthError`, `UnreachableError`."""
        for last in (False, True):
            sent = self.dialogue.signed("GET", path, token=token, headers=headers)
            try:
                with self._http.stream("GET", sent.url, headers=dict(sent.headers), timeout=STREAM_SECONDS) as response:
                    self.dialogue.hear(response)
                    if not response.is_success:
                        refused = _whole(response)
                        if not last and self.dialogue.wants_nonce(refused):
                            continue
                        raise_for(refused)
                    yield response
                    return
            except httpx2.TransportError as error:
                raise unreachable(sent, error) from error

    def _patiently(self, exchange: Exchange) -> httpx2.Response:
        repeatable = partial(may_repeat, repeatable=exchange.repeatable)
        for each in stamina.retry_context(repeatable, attempts=ATTEMPTS, wait_initial=RETRY_SECONDS, wait_jitter=0):
            with each:
                return self._send(exchange.make())
        raise AssertionError("an attempt returns or raises")

    def _send(self, sent: Sent) -> httpx2.Response:
        given: dict[str, Any] = arguments(sent)
        try:
            with self._http.stream(sent.method, sent.url, **given) as response:
                return _whole(response)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise unreachable(sent, error) from error


def on_loopback(issuer: str) -> bool:
    """Say whether a gateway is on this machine: no proxy leads there."""
    return urlsplit(issuer).hostname in LOOPBACK


def _whole(response: httpx2.Response) -> httpx2.Response:
    body = Body(response)
    for part in response.iter_bytes():
        body.add(part)
    return body.whole()
