"""Clients with certificates (RFC 8705) at a gateway behind the nginx of deploy/nginx.conf."""

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey
from sqlmodel import Session, select

from gateway.clock import utc_now
from gateway.consent.tables import Consent
from gateway.directory.tables import Participant
from gateway.oauth import authorize
from gateway.oauth.tables import PushedRequest
from ledger.codec import b64u, sha256
from tests.support import builders
from tests.support.attempts import VERIFIER
from tests.support.builders import Enrolled
from tests.support.nginx import Ports, free_ports, proxy
from tests.support.served import Served, served
from tests.support.tls import BCP_195, Authority, Issued, speaks

BANK, REDIRECT = builders.BANK, "https://bank.example/callback"
FORM = "application/x-www-form-urlencoded"


@dataclass
class Behind:
    """The gateway behind nginx, a person of an owner, and the authorities of servers and of clients."""

    gateway: Served
    ports: Ports
    servers: Authority
    clients: Authority
    person: Enrolled

    def client(self, certificate: Issued | None = None) -> httpx2.Client:
        """Return an HTTP client that trusts the server and shows a certificate."""
        context = ssl.create_default_context(cafile=self.servers.file)
        if certificate:
            context.load_cert_chain(certificate.chain, certificate.key_file)
        return httpx2.Client(verify=context, trust_env=False)

    def registers(self, jwks: dict[str, Any] | None = None, **client: Any) -> None:
        """Register the bank anew."""
        with Session(self.gateway.app.state.engine) as session:
            row = session.get(Participant, BANK)
            assert row is not None
            row.client_metadata = client
            row.client_jwks = jwks or row.client_jwks
            session.commit()

    def approved(self, request_uri: str) -> str:
        """Let the owner's person approve a pushed request; return the code."""
        settings, keyring, now = self.gateway.settings, self.gateway.app.state.keyring, utc_now()
        with Session(self.gateway.app.state.engine) as session:
            hashed = sha256(request_uri.encode())
            request = session.exec(select(PushedRequest).where(PushedRequest.uri_hash == hashed)).one()
            consent = session.get(Consent, request.consent_id)
            assert consent is not None
            builders.approved(session, consent, self.person, settings=settings, now=now)
            location = authorize.approve(session, request, settings=settings, keyring=keyring, now=now)
            session.commit()
        return dict(parse_qsl(urlsplit(location).query))["code"]


@pytest.fixture
def behind(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Behind]:
    servers, clients = Authority(tmp_path, "Servers"), Authority(tmp_path, "Clients")
    ports = free_ports()
    settings = {
        "issuer": ports.issuer,
        "mtls_url": ports.mtls,
        "trusted_proxies": (ip_network("127.0.0.1/32"),),
        "port": ports.gateway,
    }
    monkeypatch.setattr(builders, "ISSUER", ports.issuer)
    with served(database_url, tmp_path / "gateway", **settings) as gateway:
        with Session(gateway.app.state.engine, expire_on_commit=False) as session:
            builders.owner(session)
            builders.bank(session, redirect_uris=[REDIRECT])
            person = builders.enrolled(session, settings=gateway.settings, now=utc_now())
            session.commit()
        with proxy(tmp_path, ports, servers.issue("localhost", hosts=("localhost",)), clients):
            yield Behind(gateway, ports, servers, clients, person)


def pushed(behind: Behind, client: httpx2.Client) -> httpx2.Response:
    """Push a request at the endpoint for clients with certificates, with nothing but a client_id."""
    end = f"{utc_now():%Y}-12-31T00:00:00Z"
    details = builders.details(expires_at=f"{int(end[:4]) + 1}{end[4:]}")
    form = {
        "client_id": BANK,
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "code_challenge": b64u(sha256(VERIFIER.encode())),
        "code_challenge_method": "S256",
        "authorization_details": json.dumps([details]),
    }
    return client.post(f"{behind.ports.mtls}/oauth/par", data=form)


def tokens(behind: Behind, client: httpx2.Client) -> Any:
    request = pushed(behind, client)
    assert request.status_code == 201, request.text
    form = {
        "client_id": BANK,
        "grant_type": "authorization_code",
        "code": behind.approved(request.json()["request_uri"]),
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
    }
    response = client.post(f"{behind.ports.mtls}/oauth/token", data=form)
    assert response.status_code == 200, response.text
    return response.json()


def test_a_bank_with_a_certificate_needs_neither_assertion_nor_proof(behind: Behind) -> None:
    own = behind.clients.issue("bank", hosts=("bank.example",))
    behind.registers(
        token_endpoint_auth_method="tls_client_auth",
        tls_client_auth_san_dns="bank.example",
        tls_client_certificate_bound_access_tokens=True,
    )
    with behind.client(own) as client:
        given = tokens(behind, client)
        assert given["token_type"] == "Bearer"
        bearer = {"Authorization": f"Bearer {given['access_token']}"}
        answer = client.get(f"{behind.ports.mtls}/grant", headers=bearer)
        assert (answer.status_code, answer.json()["grant_id"]) == (200, given["grant_id"])
        assert "date" in answer.headers
        form = {"client_id": BANK, "token": given["access_token"]}
        said = client.post(f"{behind.ports.mtls}/oauth/introspect", data=form).json()
        x5t = b64u(sha256(own.certificate.public_bytes(Encoding.DER)))
        assert (said["token_type"], said["cnf"]) == ("Bearer", {"x5t#S256": x5t})
    _refused_elsewhere(behind, own, bearer)


def _refused_elsewhere(behind: Behind, own: Issued, bearer: dict[str, str]) -> None:
    """Try the token with another certificate, with none, and with one that is only claimed."""
    claimed = {
        "Tidegate-Client-Certificate": quote(own.chain.read_text()),
        "Tidegate-Client-Verify": "SUCCESS",
    }
    another = behind.clients.issue("another", hosts=("bank.example",))
    for certificate, url, headers in (
        (another, behind.ports.mtls, bearer),
        (None, behind.ports.mtls, bearer),
        (None, behind.ports.issuer, bearer),
        (None, behind.ports.issuer, {**bearer, **claimed}),
        (None, behind.ports.mtls, {**bearer, **claimed}),
        (another, behind.ports.mtls, {**bearer, **claimed}),
    ):
        with behind.client(certificate) as client:
            refused = client.get(f"{url}/grant", headers=headers)
        assert (refused.status_code, refused.json()["error"], refused.json()["detail"]) == (
            401,
            "invalid_token",
            "the access token is bound to another client certificate",
        )


def test_a_certificate_that_is_not_the_banks_authenticates_nobody(behind: Behind) -> None:
    behind.registers(token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn="CN=bank")
    stranger = Authority(behind.clients.folder, "Strangers")
    for certificate, description in (
        (behind.clients.issue("other"), "the client certificate is of another subject than the one registered"),
        (stranger.issue("bank"), "the client certificate is not by an authority that is trusted here"),
        (None, "client_assertion with client_assertion_type jwt-bearer is missing"),
    ):
        with behind.client(certificate) as client:
            refused = pushed(behind, client)
        assert (refused.status_code, refused.json()) == (
            401,
            {"error": "invalid_client", "error_description": description},
        )
    with behind.client(behind.clients.issue("bank", days=-1)) as client:
        ended = pushed(behind, client)
    assert (ended.status_code, "The SSL certificate error" in ended.text) == (400, True)
    with behind.client(behind.clients.issue("bank")) as client:
        assert pushed(behind, client).status_code == 201


def test_a_self_signed_certificate_is_compared_with_the_registered_one(behind: Behind) -> None:
    own, other = (behind.clients.issue(name, own=True) for name in ("bank", "other"))
    der = own.certificate.public_bytes(Encoding.DER)
    text = b64u(der).replace("-", "+").replace("_", "/")
    jwk = ECKey.import_key(own.key.public_key()).as_dict(private=False)
    jwks = {"keys": [{**jwk, "kid": "1", "x5c": [text + "=" * (-len(text) % 4)]}]}
    behind.registers(jwks, token_endpoint_auth_method="self_signed_tls_client_auth")
    with behind.client(own) as client:
        assert pushed(behind, client).status_code == 201
    with behind.client(other) as client:
        refused = pushed(behind, client)
    assert refused.json()["error_description"] == "the client certificate is none of those registered (x5c)"


def test_a_bank_that_signs_assertions_is_not_let_in_by_certificate(behind: Behind) -> None:
    with behind.client(behind.clients.issue("bank")) as client:
        refused = pushed(behind, client)
    assert refused.json()["error_description"] == "the client is registered for another method of authentication"


def test_tokens_need_a_proof_where_they_are_not_bound_to_the_certificate(behind: Behind) -> None:
    behind.registers(token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn="CN=bank")
    with behind.client(behind.clients.issue("bank")) as client:
        form = {"client_id": BANK, "grant_type": "client_credentials", "scope": "grant_management_query"}
        refused = client.post(f"{behind.ports.mtls}/oauth/token", data=form)
    assert (refused.status_code, refused.json()) == (
        400,
        {"error": "invalid_dpop_proof", "error_description": "the DPoP header is missing"},
    )


def test_the_metadata_leads_to_the_endpoints_for_certificates(behind: Behind) -> None:
    with behind.client() as client:
        found = client.get(f"{behind.ports.issuer}/.well-known/oauth-authorization-server").json()
        assert found["issuer"] == behind.ports.issuer
        for name, url in found["mtls_endpoint_aliases"].items():
            assert url == found[name].replace(behind.ports.issuer, behind.ports.mtls)
            assert client.post(url).status_code == 400
        assert client.get(f"{behind.ports.mtls}/portal").status_code == 404
        for base in (behind.ports.issuer, behind.ports.mtls):
            assert client.get(f"{base}/metrics").status_code == 404
        assert client.get(f"{behind.ports.issuer}/portal/sign-in").status_code == 200


def test_tls_is_spoken_as_bcp_195_says(behind: Behind) -> None:
    for version, ciphers, agreed in BCP_195:
        assert speaks(behind.ports.everybody, behind.servers, version, ciphers) is agreed, (version, ciphers)
