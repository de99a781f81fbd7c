"""What a client says to a gateway and expects of its answers: discovery, client authentication, proofs, errors.

No I/O: each conversation is a generator that yields what is to be sent, or a pause, and is given the answers. A
`Connection` carries it out, an `AsyncConnection` does so without blocking.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx2

from gateway.client.dpop import ProofKey
from gateway.client.errors import OAuthError, ProtocolError, UnreachableError, error_code, raise_for, read_json
from gateway.client.identity import Identity

Params = Mapping[str, str | list[str]]
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SAFE = frozenset({"GET", "PUT", "DELETE"})
"""Methods that may be repeated though the first one may have arrived (RFC 9110 section 9.2.2)."""
ENDPOINTS = ("authorization_endpoint", "pushed_authorization_request_endpoint", "token_endpoint")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it is sent once: its proof and its assertion are for this one."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = None
    data: Mapping[str, str] | None = None
    params: Params | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """Something to be sent, and made anew for each attempt; it is given an `httpx2.Response`, read to its end."""

    repeatable: bool
    """Whether it may be sent again though the first one may have arrived."""
    make: Callable[[], Sent]


@dataclass(frozen=True, slots=True)
class Pause:
    """So many seconds to wait; it is given None."""

    seconds: float


Returned = TypeVar("Returned")
Flow = Generator[Exchange | Pause, Any, Returned]
"""A conversation that ends with a result."""


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


class Dialogue:
    """One client's conversations with the gateway at `issuer`. Holds the newest nonce, and tokens of the client's own.

    One conversation goes on at a time.
    """

    def __init__(self, issuer: str, identity: Identity, proof_key: ProofKey) -> None:
        self.issuer = issuer.rstrip("/")
        self.identity = identity
        self.proof_key = proof_key
        self.nonce: str | None = None
        self._metadata: Mapping[str, Any] | None = None
        self._own: dict[str, Tokens] = {}

    def metadata(self) -> Flow[Mapping[str, Any]]:
        """Return the authorization server's metadata (RFC 8414). Raises `ProtocolError` if it is another issuer's."""
        if self._metadata is None:
            url = f"{self.issuer}/.well-known/oauth-authorization-server"
            response = yield from self._exchange(lambda: Sent("GET", url), repeatable=True)
            raise_for(response)
            self._metadata = self._checked(as_object(response))
        return self._metadata

    def ask(self, endpoint: str, form: Mapping[str, str], *, key: str | None = None) -> Flow[Mapping[str, Any]]:
        """Post a form to an endpoint of the authorization server, as this client; return the JSON answer.

        `endpoint` is a member of the metadata, such as `token_endpoint`; `key`, of an endpoint that takes one: whatever
        comes under it again is the same request (`Idempotency-Key`). Raises `OAuthError`.
        """
        return as_object((yield from self._post(endpoint, form, key=key)))

    def revoke(self, token: str) -> Flow[None]:
        """Revoke a token of this client (RFC 7009): with a refresh token all that came of it. Raises `OAuthError`."""
        yield from self._post("revocation_endpoint", {"token": token})

    def _post(self, endpoint: str, form: Mapping[str, str], *, key: str | None = None) -> Flow[httpx2.Response]:
        metadata = yield from self.metadata()
        url = metadata.get(endpoint)
        if not isinstance(url, str):
            raise ProtocolError(f"the metadata of {self.issuer} lacks {endpoint}")

        def make() -> Sent:
            """Post with a new assertion and a new proof: neither may be used twice."""
            assertion = self.identity.assertion(self.issuer)
            signed = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
            proof = self.proof_key.proof("POST", url, nonce=self.nonce)
            data = {**form, "client_id": self.identity.client_id, **signed}
            return Sent("POST", url, {"DPoP": proof, **named}, data=data)

        named = {} if key is None else {"Idempotency-Key": f'"{key}"'}
        response = yield from self._with_nonce(make, repeatable=key is not None)
        raise_for(response)
        return response

    def tokens(self, form: Mapping[str, str]) -> Flow[Tokens]:
        """Ask the token endpoint. Raises `OAuthError`; `ProtocolError` if the token is not bound to the proof key."""
        answer = yield from self.ask("token_endpoint", form)
        if str(answer.get("token_type")).lower() != "dpop":
            raise ProtocolError(f"token of type {answer.get('token_type')!r}, expected DPoP")
        details, lifetime = answer.get("authorization_details") or [], answer.get("expires_in", 0)
        known = isinstance(details, list) and isinstance(answer.get("access_token"), str) and isinstance(lifetime, int)
        if not known:
            raise ProtocolError("the token response has another form than RFC 6749 and RFC 9396 say")
        return Tokens(
            access_token=answer["access_token"],
            expires_at=datetime.now(UTC) + timedelta(seconds=lifetime),
            refresh_token=answer.get("refresh_token"),
            grant_id=answer.get("grant_id"),
            details=tuple(details),
        )

    def own_token(self, scope: str) -> Flow[str]:
        """Return an access token of the client itself (client credentials), such as `ingest:<connector>`, `events`.

        It is kept, and fetched anew in time. Raises `OAuthError`.
        """
        held = self._own.get(scope)
        if held is None or held.expired(datetime.now(UTC)):
            held = yield from self.tokens({"grant_type": "client_credentials", "scope": scope})
            self._own[scope] = held
        return held.access_token

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Params | None = None,
    ) -> Flow[httpx2.Response]:
        """Call the gateway's API with an access token. Raises `ProblemError` or `OAuthError`."""
        response = yield from self._with_nonce(
            lambda: self.signed(method, path, token=token, content=content, headers=headers, params=params),
            repeatable=method in SAFE,
        )
        raise_for(response)
        return response

    def signed(
        self,
        method: str,
        path: str,
        *,
        token: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Params | None = None,
    ) -> Sent:
        """Return a call with a new proof (RFC 9449 section 7)."""
        url = f"{self.issuer}{path}"
        proof = self.proof_key.proof(method, url, nonce=self.nonce, token=token)
        signed = {**(headers or {}), "Authorization": f"DPoP {token}", "DPoP": proof}
        return Sent(method, url, signed, content=content, params=params)

    def hear(self, response: httpx2.Response) -> None:
        """Take up the nonce of an answer (RFC 9449 section 8)."""
        self.nonce = response.headers.get("DPoP-Nonce", self.nonce)

    def wants_nonce(self, response: httpx2.Response) -> bool:
        """Say whether a request was refused only for want of the server's nonce (RFC 9449 sections 8 and 9)."""
        refused = not response.is_success and error_code(response) == "use_dpop_nonce"
        if refused and "DPoP-Nonce" not in response.headers:
            raise OAuthError("use_dpop_nonce", "but the answer carries no DPoP-Nonce")
        return refused

    def _with_nonce(self, make: Callable[[], Sent], *, repeatable: bool) -> Flow[httpx2.Response]:
        response = yield from self._exchange(make, repeatable=repeatable)
        if self.wants_nonce(response):
            response = yield from self._exchange(make, repeatable=repeatable)
        return response

    def _exchange(self, make: Callable[[], Sent], *, repeatable: bool) -> Flow[httpx2.Response]:
        response: httpx2.Response = yield Exchange(repeatable, make)
        self.hear(response)
        return response

    def _checked(self, found: Mapping[str, Any]) -> Mapping[str, Any]:
        if found.get("issuer") != self.issuer:
            raise ProtocolError(
                f"the issuer at {self.issuer} says it is {found.get('issuer')!r} (RFC 8414 section 3.3)"
            )
        if missing := [name for name in ENDPOINTS if not isinstance(found.get(name), str)]:
            raise ProtocolError(f"the metadata of {self.issuer} lacks {', '.join(missing)}")
        return found


def may_repeat(error: Exception, *, repeatable: bool) -> bool:
    """Say whether what nobody answered may be sent again: it cannot have arrived, or may arrive twice."""
    cause = error.__cause__ if isinstance(error, UnreachableError) else None
    return isinstance(cause, httpx2.ConnectError) or (cause is not None and repeatable)


def as_object(response: httpx2.Response) -> Mapping[str, Any]:
    """Return the JSON object that was answered. Raises `ProtocolError`."""
    found = read_json(response)
    if not isinstance(found, dict):
        raise ProtocolError(f"{response.request.method} {response.url} answered no JSON object")
    return found
