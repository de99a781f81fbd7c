"""Calls in each role, signed as that role signs, of operations that an OpenAPI document describes."""

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from sqlmodel import Session

from connectors import registry
from gateway.anchoring.answers import fresh
from gateway.client.attesting import Pulled, RetainedUnder
from gateway.client.connection import ASSERTION_TYPE, Connection, Tokens
from gateway.client.events import SCOPE, Events
from gateway.ingest.subscriptions import subscribe
from gateway.oauth.checks import PROOFS
from gateway.oauth.clients import GRANT_SCOPES
from gateway.oauth.grant_management import ENDPOINT as GRANTS
from gateway.portal import pages
from ledger.codec import b64u, sha256
from tests.support import builders
from tests.support.app import ISSUER
from tests.support.browser import Visitor
from tests.support.messages import event
from tests.support.path import REDIRECT, WholePath, invitation
from tests.support.steps import Steps

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
SCOPES = " ".join([*(f"ingest:{name}" for name in registry.names()), "links", "assignments", "records"])
OWN = ("/events", "/webhooks", "/consents/")
HOOK = "https://bank.example/hook"
ENDLESS = "/events/stream"
"""Has no end by itself: called with a token of another scope, and read in tests of its own."""
Call = Callable[[Any], httpx2.Response]
"""Makes the call that a schemathesis case describes, authenticated."""


class Known:
    """What is really there: about every second case is about it, for what is made up leads nowhere.

    `steps` make a case right that only the step before it can, by operation: they fill in its path, query or form.
    """

    def __init__(
        self,
        places: Mapping[str, str],
        bodies: Mapping[str, Any] = MappingProxyType({}),
        steps: Mapping[str, Callable[[Any], None]] = MappingProxyType({}),
    ) -> None:
        self.places, self._bodies, self._steps = places, bodies, steps

    def fill_in(self, case: Any) -> None:
        """Let a case be about what is there, in its path, query and form."""
        if sha256(repr((case.path_parameters, case.query, case.body)).encode(errors="replace"))[0] % 2:
            return
        for name in set(case.path_parameters or {}) & set(self.places):
            case.path_parameters[name] = self.places[name]
        known = self._bodies.get(case.path)
        if isinstance(known, dict) and isinstance(case.body, dict):
            case.body |= known
        elif isinstance(known, list) and case.media_type == JSON:
            case.body = known
        if step := self._steps.get(f"{case.method.upper()} {case.path}"):
            step(case)


class Client:
    """A bank or a provider, which signs every request with its key; `others`: tokens for paths that begin so."""

    def __init__(
        self,
        path: WholePath,
        connection: Connection,
        token: str,
        known: Known,
        others: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._path, self._http, self._connection, self._token = path, path.gateway.client, connection, token
        self._known, self._others = known, others
        self._nonce = ""

    def begin(self) -> None:
        """Put back what the calls before have made: a bank has the one webhook that is known."""
        if "name" in self._known.places:
            events = Events(self._connection)
            for each in events.webhooks():
                events.delete_webhook(each["name"])
            events.put_webhook(self._known.places["name"], HOOK)

    def __call__(self, case: Any) -> httpx2.Response:
        """Call once more with the server's nonce where that alone was missing."""
        self._path.catch_up()
        self._known.fill_in(case)
        if isinstance(case.body, dict) and "client_id" in case.body:
            case.body["client_id"] = self._connection.identity.client_id
        response = self._send(case)
        if "use_dpop_nonce" in response.text:
            response = self._send(case)
        return response

    def _send(self, case: Any) -> httpx2.Response:
        sent = case.as_transport_kwargs(base_url=ISSUER)
        if "Notification-Signature" in (case.headers or {}):
            sent["headers"] = {
                **dict(sent["headers"]),
                "Notification-Signature": case.headers["Notification-Signature"],
            }
        url = sent["url"].partition("?")[0]
        oauth = url.startswith(f"{ISSUER}/oauth/") and case.method == "POST"
        key = self._connection.proof_key
        token = next((each for path, each in self._others.items() if case.path.startswith(path)), self._token)
        proof = key.proof(case.method, url, nonce=self._nonce, token=None if oauth else token)
        sent["headers"] = {**dict(sent["headers"]), "DPoP": proof}
        if oauth:
            sent |= {"data": None, "content": self._form(case), "headers": {**sent["headers"], "Content-Type": FORM}}
        else:
            sent["headers"]["Authorization"] = f"DPoP {token}"
        response = _request(self._http, sent)
        self._nonce = response.headers.get("DPoP-Nonce", self._nonce)
        return response

    def _form(self, case: Any) -> bytes:
        """Return the case's form with a client assertion that holds."""
        identity = self._connection.identity
        given = case.body if isinstance(case.body, dict) else {}
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()}
        form |= {
            "client_id": identity.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": identity.assertion(ISSUER),
        }
        return urlencode(form, errors="replace").encode()


class Owner:
    """A person of an owner, signed in at the portal, whose forms come from its own pages."""

    def __init__(self, path: WholePath, visitor: Visitor, known: Known) -> None:
        self._path, self._visitor, self._known = path, visitor, known

    def __call__(self, case: Any) -> httpx2.Response:
        """Call; then sign in again if somebody else did, or nobody is."""
        self._path.catch_up()
        self._known.fill_in(case)
        sent = case.as_transport_kwargs(base_url=ISSUER)
        sent["headers"] = {**dict(sent["headers"]), "Origin": ISSUER, "Sec-Fetch-Site": "same-origin"}
        sent["headers"].pop("Cookie", None)
        sent.pop("cookies", None)
        response = _request(self._visitor.http, sent)
        if case.path.endswith(("/sign-out", "/enrol/{invitation}")) and case.method.upper() == "POST":
            self._visitor.signed_in()
        return response


def _request(http: Any, sent: dict[str, Any]) -> httpx2.Response:
    """Send what schemathesis would, in the words of our test client."""
    headers = {name: value for name, value in sent.pop("headers").items() if isinstance(value, str)}
    data = sent.pop("data", None)
    if isinstance(data, (bytes, str)):
        sent["content"] = data if isinstance(data, bytes) else data.encode()
    elif data is not None:
        sent["content"] = urlencode(data, doseq=True, errors="replace").encode()
        headers.setdefault("Content-Type", FORM)
    kept = {name: sent[name] for name in ("content", "json", "params") if sent.get(name) is not None}
    response: httpx2.Response = http.request(sent["method"], sent["url"], headers=headers, **kept)
    return response


def attested(path: WholePath, tokens: Tokens) -> str:
    """Let the bank pull, and attest that a law makes it keep what it pulled; return what it signed."""
    path.anchor()
    bank, consent = path.as_bank(), str(tokens.grant_id)
    bank.evidence(tokens)
    now = path.gateway.clock()
    bank.attest(Pulled(consent, 1, now), RetainedUnder("Cap. 615", now + timedelta(days=400)))
    text: str = json.loads(bank.attestations(consent))["attestations"][0]["attestation"]
    return text


def bank(path: WholePath) -> Call:
    """Return how a bank calls that has a consent."""
    tokens = path.consented()
    said = attested(path, tokens)
    details = builders.details(expires_at=f"{path.end:%Y-%m-%d}T00:00:00Z")
    request = {
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "state": "s",
        "code_challenge": b64u(bytes(32)),
        "code_challenge_method": "S256",
        "authorization_details": json.dumps([details]),
    }
    refresh = {"grant_type": "refresh_token", "refresh_token": str(tokens.refresh_token)}
    connection = path.connection(path.bank)
    request["dpop_jkt"] = connection.proof_key.thumbprint
    forms = {
        "/oauth/par": request,
        "/oauth/token": refresh,
        "/oauth/introspect": {"token": tokens.access_token},
        "/webhooks/{name}": {"url": HOOK},
        "/consents/{consent_id}/attestations": {"attestation": said},
    }
    own = connection.own_token(" ".join((SCOPE, PROOFS, *GRANT_SCOPES)))

    def ask(case: Any) -> None:
        case.query = dict(parse_qsl(urlsplit(path.ask().url).query))

    given_up = str(path.consented().grant_id)

    def give_up(case: Any) -> None:
        case.path_parameters["grant_id"] = given_up

    def put(_: Any) -> None:
        Events(connection).put_webhook("main", HOOK)

    def prove(_case: Any) -> None:
        with Session(path.anchoring.engine) as session:
            consent = str(tokens.grant_id)
            fresh(session, f"consent/{consent}", subject=consent, now=path.gateway.clock())
            session.commit()
        path.anchoring.finish()

    put(None)
    steps = {
        "GET /oauth/authorize": ask,
        "GET /webhooks/{name}": put,
        "GET /consents/{consent_id}/proof": prove,
        f"DELETE {GRANTS}/{{grant_id}}": give_up,
    }
    places = {"name": "main", **dict.fromkeys(("consent_id", "grant_id"), str(tokens.grant_id))}
    others = {ENDLESS: tokens.access_token, **dict.fromkeys((GRANTS, *OWN), own)}
    return Client(path, connection, tokens.access_token, Known(places, forms, steps), others)


def provider(path: WholePath) -> Call:
    """Return how a provider calls whose token has every scope, and which signs callbacks."""
    connection = path.connection(path.carrier)
    tokens = connection.tokens({"grant_type": "client_credentials", "scope": SCOPES})
    given = {"grant_type": "client_credentials", "scope": SCOPES}
    reference = {"scheme": "booking", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": "OCLNBK118"}
    bodies: dict[str, Any] = {
        "/oauth/token": given,
        "/assignments": {"reference": reference, "owner": builders.OWNER},
        "/ingest/{connector}": [event("made up", bills=())],
        "/callbacks/{connector}/{subscription_id}": [event("called back", bills=())],
    }
    with Session(path.gateway.app.state.engine) as session:
        subscribed = subscribe(
            session,
            path.gateway.keyring.records,
            connector="dcsa_track_trace",
            provider_id=path.carrier.id,
            now=path.gateway.clock(),
        )
        session.commit()

    def sign(case: Any) -> None:
        made = hmac.digest(subscribed.secret, json.dumps(case.body).encode(), "sha256").hex()
        case.headers = {**(case.headers or {}), "Notification-Signature": f"sha256={made}"}

    places = {"owner_id": builders.OWNER, "connector": "dcsa_track_trace", "subscription_id": subscribed.id}
    known = Known(places, bodies, {"POST /callbacks/{connector}/{subscription_id}": sign})
    return Client(path, connection, tokens.access_token, known)


def owner(path: WholePath) -> Call:
    """Return how an owner's person calls."""
    tokens = path.consented()
    attested(path, tokens)
    visitor = path.visitor().signed_in()
    style = pages.asset_path("portal.css").split("/")
    steps = Steps(path, visitor)
    known = {
        "consent_id": str(tokens.grant_id),
        "request_id": steps.open_request(),
        "provider_id": path.carrier.id,
        "invitation": invitation(path.gateway).rpartition("/")[2],
        "digest": style[-2],
        "name": style[-1],
    }
    return Owner(path, visitor, Known(known, steps=steps.by_operation()))


ROLES: dict[str, Callable[[WholePath], Call]] = {"bank": bank, "provider": provider, "owner": owner}
"""By the name of the document that describes what they call."""
