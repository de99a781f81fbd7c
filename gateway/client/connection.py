"""A client's connection to a gateway: discovery, client authentication, proofs with the server's nonces, errors."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2

from gateway.client.dpop import ProofKey
from gateway.client.errors import OAuthError, ProtocolError, UnreachableError, error_code, raise_for, read_json
from gateway.client.identity import Identity

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LOOPBACK = ("localhost", "127.0.0.1", "::1")
TIMEOUT_SECONDS = 30.0
"""Longest wait for a connection, and for the next bytes of an answer."""
MOST_BYTES = 67_108_864
"""Largest answer that is read: the largest evidence that can be verified."""
LONGEST_SECONDS = 300.0
"""Longest time that the body of an answer may take, however steadily it comes."""
ENDPOINTS = ("authorization_endpoint", "pushed_authorization_request_endpoint", "token_endpoint")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave. `details` are the authorization details as granted (RFC 9396 section 7)."""

    access_token: str
    expires_at: datetime
    refresh_token: str | None
    grant_id: str | None
    details: tuple[Mapping[str, Any], ...]

    def expired(self, now: datetime) -> bool:
        """Say whether the access token has less than ten seconds left at `now`."""
        return now + timedelta(seconds=10) >= self.expires_at


class Connection:
    """Speaks to the gateway at `issuer` as one client. Holds the newest nonce; may be used by one thread at a time."""

    def __init__(
        self, issuer: str, identity: Identity, *, proof_key: ProofKey | None = None, http: httpx2.Client | None = None
    ) -> None:
        self.issuer = issuer.rstrip("/")
        self.identity = identity
        self.proof_key = proof_key or ProofKey()
        on_loopback = urlsplit(self.issuer).hostname in LOOPBACK
        self._http = http or httpx2.Client(timeout=TIMEOUT_SECONDS, trust_env=not on_loopback)
        self._nonce: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @property
    def nonce(self) -> str | None:
        """The newest nonce that the gateway gave (RFC 9449 section 8); None before it gave one."""
        return self._nonce

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        """The authorization server's metadata (RFC 8414). Raises `ProtocolError` if it is another issuer's."""
        response = self._send("GET", f"{self.issuer}/.well-known/oauth-authorization-server")
        raise_for(response)
        found = _object(response)
        if found.get("issuer") != self.issuer:
            raise ProtocolError(
                f"the issuer at {self.issuer} says it is {found.get('issuer')!r} (RFC 8414 section 3.3)"
            )
        if missing := [name for name in ENDPOINTS if not isinstance(found.get(name), str)]:
            raise ProtocolError(f"the metadata of {self.issuer} lacks {', '.join(missing)}")
        return found

    def ask(self, endpoint: str, form: Mapping[str, str]) -> Mapping[str, Any]:
        """Post a form to an endpoint of the authorization server, as this client; return the JSON answer.

        `endpoint` is a member of the metadata, such as `token_endpoint`. Raises `OAuthError`.
        """
        url: str = self.metadata[endpoint]
        response = self._authenticated(url, form)
        if self._wants_nonce(response):
            response = self._authenticated(url, form)
        raise_for(response)
        return _object(response)

    def tokens(self, form: Mapping[str, str]) -> Tokens:
        """Ask the token endpoint. Raises `OAuthError`; `ProtocolError` if the token is not bound to the proof key."""
        answer = self.ask("token_endpoint", form)
        if str(answer.get("token_type")).lower() != "dpop":
            raise ProtocolError(f"token of type {answer.get('token_type')!r}, expected DPoP")
        details = answer.get("authorization_details") or []
        if not isinstance(details, list) or not isinstance(answer.get("access_token"), str):
            raise ProtocolError("the token response has another form than RFC 6749 and RFC 9396 say")
        lifetime = timedelta(seconds=int(answer.get("expires_in", 0)))
        return Tokens(
            access_token=answer["access_token"],
            expires_at=datetime.now(UTC) + lifetime,
            refresh_token=answer.get("refresh_token"),
            grant_id=answer.get("grant_id"),
            details=tuple(details),
        )

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx2.Response:
        """Call the gateway's API with an access token. Raises `ProblemError` or `OAuthError`."""
        url = f"{self.issuer}{path}"

        def attempt() -> httpx2.Response:
            proof = self.proof_key.proof(method, url, nonce=self._nonce, token=token)
            signed = {**(headers or {}), "Authorization": f"DPoP {token}", "DPoP": proof}
            return self._send(method, url, headers=signed, content=content, params=params)

        response = attempt()
        if self._wants_nonce(response):
            response = attempt()
        raise_for(response)
        return response

    def _authenticated(self, url: str, form: Mapping[str, str]) -> httpx2.Response:
        """Post with a new assertion and a new proof: neither may be used twice."""
        assertion = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.identity.assertion(self.issuer)}
        proof = self.proof_key.proof("POST", url, nonce=self._nonce)
        data = {**form, "client_id": self.identity.client_id, **assertion}
        return self._send("POST", url, data=data, headers={"DPoP": proof})

    def _wants_nonce(self, response: httpx2.Response) -> bool:
        """Say whether the request was refused only for want of the server's nonce (RFC 9449 sections 8 and 9)."""
        refused = not response.is_success and error_code(response) == "use_dpop_nonce"
        if refused and "DPoP-Nonce" not in response.headers:
            raise OAuthError("use_dpop_nonce", "but the answer carries no DPoP-Nonce")
        return refused

    def _send(self, method: str, url: str, **request: Any) -> httpx2.Response:  # noqa: ANN401 - handed on
        headers = {**request.pop("headers", {}), "Accept-Encoding": "identity"}
        try:
            with self._http.stream(method, url, headers=headers, **request) as answer:
                response = _whole(answer)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise UnreachableError(f"{url}: {error or type(error).__name__}; is the gateway running there?") from error
        self._nonce = response.headers.get("DPoP-Nonce", self._nonce)
        return response


def _whole(response: httpx2.Response) -> httpx2.Response:
    """Return the answer with its body. Raises `ProtocolError` for one that is compressed, too large or too slow."""
    if (coding := response.headers.get("Content-Encoding", "identity").lower()) != "identity":
        raise ProtocolError(f"{response.url} answered in content coding {coding[:50]!r}, expected identity")
    body, ends = bytearray(), time.monotonic() + LONGEST_SECONDS
    for part in response.iter_bytes():  # nothing is decoded: the coding is identity
        body += part
        if len(body) > MOST_BYTES:
            raise ProtocolError(f"{response.url} answered more than {MOST_BYTES} bytes")
        if time.monotonic() > ends:
            raise ProtocolError(f"{response.url} took more than {LONGEST_SECONDS:g} seconds to answer")
    headers = [each for each in response.headers.multi_items() if each[0] != "content-encoding"]
    return httpx2.Response(response.status_code, headers=headers, content=bytes(body), request=response.request)


def _object(response: httpx2.Response) -> Mapping[str, Any]:
    found = read_json(response)
    if not isinstance(found, dict):
        raise ProtocolError(f"{response.url} answered no JSON object")
    return found
