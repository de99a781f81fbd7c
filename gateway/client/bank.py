"""A bank: asks an owner for consent, exchanges the code, pulls evidence."""

import hmac
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx2

from gateway.client.connection import Connection, Tokens
from gateway.client.errors import NotYetError, OAuthError, ProtocolError
from ledger.codec import b64u, sha256

CURSOR = "Tidegate-Next-Cursor"
VERIFIER_BYTES = 48


@dataclass(frozen=True, slots=True)
class ConsentRequest:
    """A pushed request (RFC 9126): `url` is for the owner's browser, the rest stays here until the browser returns."""

    url: str
    state: str
    verifier: str
    redirect_uri: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """One page of evidence: a file of its own, to be kept byte by byte. `cursor` asks for the next page."""

    data: bytes
    cursor: str | None


class Bank:
    """What a bank does, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def request(self, details: Mapping[str, Any], *, redirect_uri: str) -> ConsentRequest:
        """Push a request for consent: `details` is of the type `trade_data` (RFC 9396). Raises `OAuthError`."""
        state, verifier = token_urlsafe(), token_urlsafe(VERIFIER_BYTES)
        answer = self.connection.ask(
            "pushed_authorization_request_endpoint",
            {
                "response_type": "code",
                "redirect_uri": redirect_uri,
                "state": state,
                "code_challenge": b64u(sha256(verifier.encode())),
                "code_challenge_method": "S256",
                "dpop_jkt": self.connection.proof_key.thumbprint,
                "authorization_details": json.dumps([dict(details)]),
            },
        )
        if not isinstance(answer.get("request_uri"), str):
            raise ProtocolError("the answer to the pushed request lacks request_uri (RFC 9126 section 2.2)")
        query = urlencode({"client_id": self.connection.identity.client_id, "request_uri": answer["request_uri"]})
        url = f"{self.connection.metadata['authorization_endpoint']}?{query}"
        return ConsentRequest(url, state, verifier, redirect_uri, int(answer.get("expires_in", 0)))

    def exchange(self, request: ConsentRequest, redirected_to: str) -> Tokens:
        """Return the tokens for the code in the URL that the owner's browser was sent back to.

        Raises `OAuthError` if the owner refused, `ProtocolError` if the answer is not this request's or this issuer's
        (RFC 9207).
        """
        answer = dict(parse_qsl(urlsplit(redirected_to).query))
        if not hmac.compare_digest(answer.get("state", "").encode(), request.state.encode()):
            raise ProtocolError("the browser came back with another state: this is not the answer to our request")
        if answer.get("iss") != self.connection.issuer:
            raise ProtocolError(f"answer of issuer {answer.get('iss')!r}, expected {self.connection.issuer!r}")
        if "error" in answer:
            raise OAuthError(answer["error"], answer.get("error_description", ""))
        if "code" not in answer:
            raise ProtocolError("the browser came back without a code (RFC 6749 section 4.1.2)")
        return self.connection.tokens(
            {
                "grant_type": "authorization_code",
                "code": answer["code"],
                "redirect_uri": request.redirect_uri,
                "code_verifier": request.verifier,
            }
        )

    def refresh(self, refresh_token: str) -> Tokens:
        """Return a new access token. Raises `OAuthError` (`invalid_grant`) once the consent has ended."""
        return self.connection.tokens({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def evidence(self, tokens: Tokens, question: Mapping[str, Any] | None = None, *, patience: float = 0.0) -> Evidence:
        """Pull one page of evidence. `question` may narrow: `products`, `identifiers`, `since`, `cursor`.

        For up to `patience` seconds asks again while the consent is not yet final on the ledger; then raises
        `NotYetError`. Raises `ProblemError` if refused: `error` is `invalid_token` once the consent has ended.
        """
        content = json.dumps(dict(question or {})).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        response = self._call("POST", "/evidence", tokens, patience=patience, content=content, headers=headers)
        return Evidence(response.content, response.headers.get(CURSOR))

    def proof(self, consent_id: str, *, patience: float = 0.0) -> bytes:
        """Return a state proof of how a consent of this bank stands on the ledger: in force, ended, never granted.

        Asks again for up to `patience` seconds; then raises `NotYetError`. Raises `ProblemError` for a consent that is
        not this bank's.
        """
        tokens = self.connection.tokens({"grant_type": "client_credentials", "scope": "proofs"})
        found: bytes = self._call(
            "GET", f"/consents/{quote(consent_id, safe='')}/proof", tokens, patience=patience
        ).content
        return found

    def _call(self, method: str, path: str, tokens: Tokens, *, patience: float, **request: Any) -> httpx2.Response:  # noqa: ANN401 - handed on
        deadline = time.monotonic() + patience
        while True:
            try:
                return self.connection.call(method, path, token=tokens.access_token, **request)
            except NotYetError as error:
                if time.monotonic() + error.retry_after > deadline:
                    raise
                time.sleep(error.retry_after)

    def pages(
        self, tokens: Tokens, question: Mapping[str, Any] | None = None, *, patience: float = 0.0
    ) -> Iterator[Evidence]:
        """Pull page after page. The pages of one question count as one use; each has its own receipt."""
        page = self.evidence(tokens, question, patience=patience)
        yield page
        while page.cursor:
            page = self.evidence(tokens, {**(question or {}), "cursor": page.cursor}, patience=patience)
            yield page
