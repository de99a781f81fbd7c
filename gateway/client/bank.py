"""A bank: asks an owner for consent, exchanges the code, pulls evidence, and verifies it."""

import hmac
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx2

from gateway.client import attesting
from gateway.client.attesting import Deleted, Pulled, RetainedUnder
from gateway.client.connection import Connection
from gateway.client.dialogue import Dialogue, Flow, Pause, Tokens, as_object
from gateway.client.errors import NotYetError, OAuthError, ProtocolError
from gateway.client.verifying import Trusting
from ledger.codec import b64u, sha256

CURSOR = "Tidegate-Next-Cursor"
VERIFIER_BYTES = 48
EVENTS, PROOFS = "events", "proofs"
"""Scopes of a bank's own tokens."""


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


class BankFlows:
    """What a bank says and does, as conversations; `Bank` and `AsyncBank` carry them out."""

    def __init__(self, dialogue: Dialogue, trusting: Trusting | None) -> None:
        self._dialogue, self._trusting = dialogue, trusting

    def request(
        self, details: Mapping[str, Any], redirect_uri: str, consent: str | None, replaces: str | None
    ) -> Flow[ConsentRequest]:
        """Push a request for consent, as `Bank.request` says."""
        state, verifier = token_urlsafe(), token_urlsafe(VERIFIER_BYTES)
        answer = yield from self._dialogue.ask(
            "pushed_authorization_request_endpoint",
            {
                "response_type": "code",
                "redirect_uri": redirect_uri,
                "state": state,
                "code_challenge": b64u(sha256(verifier.encode())),
                "code_challenge_method": "S256",
                "dpop_jkt": self._dialogue.proof_key.thumbprint,
                "authorization_details": json.dumps([dict(details)]),
                **({"consent": consent} if consent else {}),
                **({"grant_management_action": "replace", "grant_id": replaces} if replaces else {}),
            },
            key=token_urlsafe(),
        )
        if not isinstance(answer.get("request_uri"), str):
            raise ProtocolError("the answer to the pushed request lacks request_uri (RFC 9126 section 2.2)")
        query = urlencode({"client_id": self._dialogue.identity.client_id, "request_uri": answer["request_uri"]})
        metadata = yield from self._dialogue.metadata()
        url = f"{metadata['authorization_endpoint']}?{query}"
        return ConsentRequest(url, state, verifier, redirect_uri, int(answer.get("expires_in", 0)))

    def exchange(self, request: ConsentRequest, redirected_to: str) -> Flow[Tokens]:
        """Exchange the code, as `Bank.exchange` says."""
        answer = dict(parse_qsl(urlsplit(redirected_to).query))
        if not hmac.compare_digest(answer.get("state", "").encode(), request.state.encode()):
            raise ProtocolError("the browser came back with another state: this is not the answer to our request")
        if answer.get("iss") != self._dialogue.issuer:
            raise ProtocolError(f"answer of issuer {answer.get('iss')!r}, expected {self._dialogue.issuer!r}")
        if "error" in answer:
            raise OAuthError(answer["error"], answer.get("error_description", ""), consent=answer.get("consent"))
        if "code" not in answer:
            raise ProtocolError("the browser came back without a code (RFC 6749 section 4.1.2)")
        form = {"code": answer["code"], "redirect_uri": request.redirect_uri, "code_verifier": request.verifier}
        return (yield from self._dialogue.tokens({"grant_type": "authorization_code", **form}))

    def refresh(self, refresh_token: str) -> Flow[Tokens]:
        """Refresh the tokens, as `Bank.refresh` says."""
        return (yield from self._dialogue.tokens({"grant_type": "refresh_token", "refresh_token": refresh_token}))

    def evidence(self, tokens: Tokens, question: Mapping[str, Any] | None, patience: float) -> Flow[Evidence]:
        """Pull one page, as `Bank.evidence` says."""
        content = json.dumps(dict(question or {})).encode()
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        token = tokens.access_token
        response = yield from self._patiently("POST", "/evidence", token, patience, content=content, headers=headers)
        if self._trusting is not None:
            self._trusting.check(response.content, audience=self._dialogue.identity.client_id)
        return Evidence(response.content, response.headers.get(CURSOR))

    def history(self, consent_id: str) -> Flow[bytes]:
        """Return a consent's history, as `Bank.history` says."""
        return self._kept_of(consent_id, "history")

    def receipts(self, consent_id: str) -> Flow[bytes]:
        """Return the receipts of a consent, as `Bank.receipts` says."""
        return self._kept_of(consent_id, "receipts")

    def attestations(self, consent_id: str) -> Flow[bytes]:
        """Return what was attested of a consent, as `Bank.attestations` says."""
        return self._kept_of(consent_id, "attestations")

    def attest(self, pulled: Pulled, became: Deleted | RetainedUnder) -> Flow[Mapping[str, Any]]:
        """Attest what became of what was pulled, as `Bank.attest` says."""
        token = yield from self._dialogue.own_token(EVENTS)
        said = attesting.signed(self._dialogue.identity, self._dialogue.issuer, pulled, became)
        response = yield from self._dialogue.call(
            "POST",
            f"/consents/{quote(pulled.consent, safe='')}/attestations",
            token=token,
            content=json.dumps({"attestation": said}).encode(),
            headers={"Content-Type": "application/json"},
        )
        return as_object(response)

    def _kept_of(self, consent_id: str, what: str) -> Flow[bytes]:
        token = yield from self._dialogue.own_token(EVENTS)
        path = f"/consents/{quote(consent_id, safe='')}/{what}"
        return (yield from self._dialogue.call("GET", path, token=token)).content

    def proof(self, consent_id: str, patience: float) -> Flow[bytes]:
        """Return a proof of how a consent stands, as `Bank.proof` says."""
        token = yield from self._dialogue.own_token(PROOFS)
        path = f"/consents/{quote(consent_id, safe='')}/proof"
        return (yield from self._patiently("GET", path, token, patience)).content

    def _patiently(
        self,
        method: str,
        path: str,
        token: str,
        patience: float,
        **request: Any,  # noqa: ANN401 - handed on
    ) -> Flow[httpx2.Response]:
        deadline = time.monotonic() + patience
        while True:
            try:
                return (yield from self._dialogue.call(method, path, token=token, **request))
            except NotYetError as error:
                if time.monotonic() + error.retry_after > deadline:
                    raise
                pause = Pause(error.retry_after)
            yield pause


class Bank:
    """What a bank does, over one connection. With `trusting`, evidence that does not hold is never returned."""

    def __init__(self, connection: Connection, *, trusting: Trusting | None = None) -> None:
        self.connection = connection
        self._flows = BankFlows(connection.dialogue, trusting)

    def request(
        self,
        details: Mapping[str, Any],
        *,
        redirect_uri: str,
        consent: str | None = None,
        replaces: str | None = None,
    ) -> ConsentRequest:
        """Push a request for consent: `details` is of the type `trade_data` (RFC 9396). Raises `OAuthError`.

        `consent` names one that was given to the same details after the browser had gone back (`OAuthError.consent`);
        `replaces` one in force, which is to be amended to these details (Grant Management, section 5).
        """
        return self.connection.run(self._flows.request(details, redirect_uri, consent, replaces))

    def exchange(self, request: ConsentRequest, redirected_to: str) -> Tokens:
        """Return the tokens for the code in the URL that the owner's browser was sent back to.

        Raises `OAuthError` if the owner refused, `ProtocolError` if the answer is not this request's or this issuer's
        (RFC 9207).
        """
        return self.connection.run(self._flows.exchange(request, redirected_to))

    def refresh(self, refresh_token: str) -> Tokens:
        """Return a new access token. Raises `OAuthError` (`invalid_grant`) once the consent has ended."""
        return self.connection.run(self._flows.refresh(refresh_token))

    def evidence(self, tokens: Tokens, question: Mapping[str, Any] | None = None, *, patience: float = 0.0) -> Evidence:
        """Pull one page of evidence. `question` may narrow: `products`, `identifiers`, `since`, `cursor`.

        For up to `patience` seconds asks again while the consent is not yet final on the ledger; then raises
        `NotYetError`. Raises `ProblemError` if refused: `error` is `invalid_token` once the consent has ended.
        Raises `UntrustedError` for evidence that does not hold.
        """
        return self.connection.run(self._flows.evidence(tokens, question, patience))

    def history(self, consent_id: str) -> bytes:
        """Return every record of a consent of this bank, for `ledger.history.verify`. Raises `ProblemError`."""
        return self.connection.run(self._flows.history(consent_id))

    def receipts(self, consent_id: str) -> bytes:
        """Return a signed receipt of each thing that happened to a consent of this bank, for `tidegate verify`.

        Raises `ProblemError`.
        """
        return self.connection.run(self._flows.receipts(consent_id))

    def attest(self, pulled: Pulled, became: Deleted | RetainedUnder) -> Mapping[str, Any]:
        """Tell the gateway, signed, what became of all that was pulled under a version up to an instant.

        Returns what is kept, with the gateway's `acknowledgement`. Raises `ProblemError` if it cannot be so.
        """
        return self.connection.run(self._flows.attest(pulled, became))

    def attestations(self, consent_id: str) -> bytes:
        """Return all that this bank attested of a consent, for `tidegate verify`. Raises `ProblemError`."""
        return self.connection.run(self._flows.attestations(consent_id))

    def proof(self, consent_id: str, *, patience: float = 0.0) -> bytes:
        """Return a state proof of how a consent of this bank stands on the ledger: in force, ended, never granted.

        Asks again for up to `patience` seconds; then raises `NotYetError`. Raises `ProblemError` for a consent that is
        not this bank's.
        """
        return self.connection.run(self._flows.proof(consent_id, patience))

    def pages(
        self, tokens: Tokens, question: Mapping[str, Any] | None = None, *, patience: float = 0.0
    ) -> Iterator[Evidence]:
        """Pull page after page. The pages of one question count as one use; each has its own receipt."""
        page = self.evidence(tokens, question, patience=patience)
        yield page
        while page.cursor:
            page = self.evidence(tokens, {**(question or {}), "cursor": page.cursor}, patience=patience)
            yield page
