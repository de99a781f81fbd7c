"""Client certificates as a proxy tells of them (RFC 8705): whose word counts, and pulls with such a token."""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import quote

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey
from sqlmodel import Session
from starlette.testclient import TestClient

from gateway.directory.tables import Participant
from ledger import receipt
from ledger.codec import b64u, parse, sha256
from tests.support.app import ISSUER
from tests.support.attempts import Caller
from tests.support.path import WholePath, whole_path
from tests.support.tls import Authority, Issued

PROXY = ("10.1.0.7", 40_000)
TRUSTED = (ip_network("10.1.0.0/24"),)


@pytest.fixture
def path(database_url: str, tmp_path: Path) -> Iterator[WholePath]:
    with whole_path(database_url, tmp_path / "gateway", trusted_proxies=TRUSTED) as path:
        with Session(path.gateway.app.state.engine) as session:
            row = session.get(Participant, path.bank.id)
            assert row is not None
            row.client_metadata = {"tls_client_certificate_bound_access_tokens": True}
            session.commit()
        yield path


@pytest.fixture
def own(tmp_path: Path) -> Issued:
    return Authority(tmp_path).issue("bank")


def told(issued: Issued) -> dict[str, str]:
    """Return the headers by which a proxy tells of a certificate."""
    return {"Tidegate-Client-Certificate": quote(issued.chain.read_text()), "Tidegate-Client-Verify": "SUCCESS"}


def by_proxy(path: WholePath, peer: tuple[str, int] = PROXY) -> TestClient:
    """Return a client whose requests come from an address, in the event loop of the gateway's own."""
    found = TestClient(path.gateway.app, base_url=ISSUER, follow_redirects=False, client=peer)
    found.portal = path.gateway.client.portal
    return found


def token(path: WholePath, certificate: Issued, peer: tuple[str, int] = PROXY) -> httpx2.Response:
    """Ask for a token with an assertion and a certificate, and no proof."""
    bank = Caller(path, path.bank)
    refresh = path.consented().refresh_token
    form = bank.authenticated({"grant_type": "refresh_token", "refresh_token": refresh})
    response: httpx2.Response = by_proxy(path, peer).post("/oauth/token", data=form, headers=told(certificate))
    return response


def test_a_token_bound_to_a_certificate_pulls_evidence_whose_receipt_names_its_key(
    path: WholePath, own: Issued
) -> None:
    given = token(path, own).json()
    assert given["token_type"] == "Bearer"
    path.anchor()
    bearer = {"Authorization": f"Bearer {given['access_token']}"}
    client = by_proxy(path)
    for _ in range(2):
        pulled = client.post("/evidence", headers={**bearer, **told(own)})
        assert pulled.status_code == 200, pulled.text
    _, said = receipt.read(parse(pulled.content, max_bytes=10**7)["receipt"])  # type: ignore[index,call-overload]
    assert said.cnf == {"jkt": ECKey.import_key(own.key.public_key()).thumbprint()}
    assert client.post("/evidence", headers=bearer).json()["error"] == "invalid_token"


def test_the_token_says_which_certificate(path: WholePath, own: Issued) -> None:
    given = token(path, own).json()
    said = Caller(path, path.bank).post("introspect", {"token": given["access_token"]}).json()
    assert said["cnf"] == {"x5t#S256": b64u(sha256(own.certificate.public_bytes(Encoding.DER)))}


@pytest.mark.parametrize("peer", [("10.1.1.7", 1), ("127.0.0.1", 1), ("testclient", 1), ("::ffff:10.1.1.7", 1)])
def test_the_word_of_anybody_else_does_not_count(path: WholePath, own: Issued, peer: tuple[str, int]) -> None:
    refused = token(path, own, peer)
    assert (refused.status_code, refused.json()["error_description"]) == (400, "the DPoP header is missing")


def test_a_trusted_address_counts_in_its_other_writing(path: WholePath, own: Issued) -> None:
    assert token(path, own, ("::ffff:10.1.0.7", 1)).status_code == 200


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ([("Tidegate-Client-Certificate", "nothing")], "the client certificate cannot be read"),
        ([("Tidegate-Client-Certificate", "x" * 33_000)], "the client certificate is too large"),
        ([("Tidegate-Client-Certificate", "a"), ("Tidegate-Client-Certificate", "b")],
         "the proxy tells of several certificates"),
    ],
)  # fmt: skip
def test_what_is_no_certificate_authenticates_nobody(
    path: WholePath, headers: list[tuple[str, str]], message: str
) -> None:
    form = {"client_id": path.bank.id, "token": "x"}
    refused = by_proxy(path).post("/oauth/introspect", data=form, headers=headers)
    assert (refused.status_code, refused.json()) == (
        401,
        {"error": "invalid_client", "error_description": message},
    )


def test_a_token_bound_to_a_certificate_is_not_taken_as_dpop(path: WholePath, own: Issued) -> None:
    given = token(path, own).json()["access_token"]
    refused = by_proxy(path).get("/grant", headers={"Authorization": f"DPoP {given}", **told(own)})
    assert (refused.status_code, refused.json()["detail"]) == (
        401,
        "the access token is bound to a certificate: send it as Bearer (RFC 8705 section 3)",
    )


def test_a_proof_goes_before_a_certificate(path: WholePath, own: Issued) -> None:
    bank = Caller(path, path.bank)
    form = bank.authenticated({"grant_type": "client_credentials", "scope": "grant_management_query"})
    headers = {**told(own), "DPoP": bank.proof("POST", f"{ISSUER}/oauth/token")}
    assert by_proxy(path).post("/oauth/token", data=form, headers=headers).json()["token_type"] == "DPoP"
