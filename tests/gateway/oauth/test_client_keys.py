"""Keys of a client by its `jwks_uri`: cached, rotated without a failed request, and never fetched in a flood."""

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey
from sqlmodel import Session

from gateway import outbound
from gateway.directory.participants import Registration
from gateway.directory.tables import Participant
from tests.support.attempts import Caller
from tests.support.path import WholePath, whole_path
from tests.support.tls import Authority, Site, site

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A bank's server, whose authority the gateway trusts."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    outbound._trust.cache_clear()
    with site(authority.issue("localhost", hosts=("localhost",))) as found:
        yield found
    outbound._trust.cache_clear()


@pytest.fixture
def path(database_url: str, tmp_path: Path, there: Site) -> Iterator[WholePath]:
    with whole_path(database_url, tmp_path / "gateway", outbound_allow=LOOPBACK) as path:
        with Session(path.gateway.app.state.engine) as session:
            row = session.get(Participant, path.bank.id)
            assert row is not None
            row.client_jwks, row.client_metadata = {"keys": []}, {"jwks_uri": f"{there.url}/keys"}
            session.commit()
        yield path


@pytest.fixture
def bank(path: WholePath) -> Caller:
    return Caller(path, path.bank)


def publish(there: Site, *keys: ECKey) -> None:
    body = json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()
    there.answer = lambda: (200, {}, body)


def answered(bank: Caller, key: ECKey, kid: str | None = None) -> int:
    """Return the status of a request that is signed by a key."""
    made = bank.assertion(header={"kid": kid or key.kid}, key=key)
    return int(bank.post("introspect", {"token": "x"}, assertion=made).status_code)


def key() -> ECKey:
    return ECKey.generate_key("P-256", auto_kid=True)


def test_keys_are_fetched_once_and_kept(bank: Caller, there: Site) -> None:
    publish(there, bank.party.client)
    assert [answered(bank, bank.party.client) for _ in range(5)] == [200] * 5
    assert there.asked == ["/keys"]
    bank.path.gateway.clock.turn(timedelta(seconds=31))
    assert answered(bank, bank.party.client) == 200
    assert len(there.asked) == 2


def test_a_new_key_works_at_once_from_many_threads(bank: Caller, there: Site) -> None:
    old, new = bank.party.client, key()
    publish(there, old)
    assert answered(bank, old) == 200
    publish(there, old, new)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: answered(bank, (old, new)[n % 2]), range(40)))
    assert answers == [200] * 40
    assert len(there.asked) == 2


def test_ten_thousand_unknown_kids_cause_one_fetch_in_ten_seconds(bank: Caller, there: Site) -> None:
    publish(there, bank.party.client)
    assert answered(bank, bank.party.client) == 200
    for _ in range(200):
        assert answered(bank, key(), kid=secrets.token_urlsafe(8)) == 401
    assert len(there.asked) == 2
    bank.path.gateway.clock.turn(timedelta(seconds=10))
    for _ in range(20):
        assert answered(bank, key(), kid=secrets.token_urlsafe(8)) == 401
    assert len(there.asked) == 3


def test_a_removed_key_is_dead_after_a_minute_at_most(bank: Caller, there: Site) -> None:
    old, new = bank.party.client, key()
    publish(there, old, new)
    assert answered(bank, old) == 200
    publish(there, new)
    bank.path.gateway.clock.turn(timedelta(seconds=31))
    assert answered(bank, old) == 401
    assert answered(bank, new) == 200


def test_a_server_that_fails_is_bridged_for_a_minute(bank: Caller, there: Site) -> None:
    publish(there, bank.party.client)
    assert answered(bank, bank.party.client) == 200
    there.answer = lambda: (503, {}, b"")
    bank.path.gateway.clock.turn(timedelta(seconds=45))
    assert answered(bank, bank.party.client) == 200
    bank.path.gateway.clock.turn(timedelta(seconds=15))
    assert answered(bank, bank.party.client) == 401
    publish(there, bank.party.client)
    bank.path.gateway.clock.turn(timedelta(seconds=10))
    assert answered(bank, bank.party.client) == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing",
        b"[]",
        b'{"keys":{}}',
        b'{"keys":[1,{"kty":"oct","k":"AAAA","kid":"x"},{"kty":"EC"}]}',
        bytes(70_000),
    ],
)
def test_what_is_no_key_set_authenticates_nobody(bank: Caller, there: Site, body: bytes) -> None:
    there.answer = lambda: (200, {}, body)
    refused = bank.post("introspect", {"token": "x"})
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_a_redirect_to_other_keys_is_not_followed(bank: Caller, there: Site) -> None:
    there.answer = lambda: (302, {"Location": f"{there.url}/other"}, b"")
    assert answered(bank, bank.party.client) == 401
    assert there.asked == ["/keys"]


def test_a_client_whose_keys_are_inside_is_not_authenticated(database_url: str, tmp_path: Path, there: Site) -> None:
    publish(there, key())
    with whole_path(database_url, tmp_path / "strict") as strict:
        with Session(strict.gateway.app.state.engine) as session:
            row = session.get(Participant, strict.bank.id)
            assert row is not None
            row.client_metadata = {"jwks_uri": f"{there.url}/keys"}
            session.commit()
        assert answered(Caller(strict, strict.bank), strict.bank.client) == 401
    assert there.asked == []


def test_a_signed_request_is_verified_by_the_fetched_keys(bank: Caller, there: Site) -> None:
    publish(there, bank.party.client)
    assert bank.post("par", {"request": bank.request_object()}).status_code == 201


def registered(**client: Any) -> None:
    Registration.model_validate(
        {
            "id": "bank",
            "name": "Bank",
            "roles": ["bank"],
            "redirect_uris": ["https://bank.example/"],
            "client": client,
        }
    )


@pytest.mark.parametrize(
    ("client", "message"),
    [
        ({"jwks_uri": "http://bank.example/keys"}, "expected an https URI"),
        ({"jwks_uri": "https://a:b@bank.example/keys"}, "expected an https URI"),
        ({}, "needs a client key"),
        ({"token_endpoint_auth_method": "tls_client_auth"}, "needs exactly one of"),
        ({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "bank"}, "distinguished name"),
        ({"jwks_uri": "https://bank.example/", "tls_client_auth_san_dns": "x"}, "goes with tls_client_auth alone"),
        ({"jwks_uri": "https://bank.example/", "resource": "https://bank.example/api"}, "has a client.resource"),
        ({"token_endpoint_auth_method": "client_secret_basic"}, "Input should be"),
    ],
)
def test_a_registration_that_does_not_add_up_is_refused(client: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        registered(**client)


def test_a_registration_names_a_uri_or_a_certificate_in_place_of_keys() -> None:
    registered(jwks_uri="https://bank.example/keys")
    registered(token_endpoint_auth_method="tls_client_auth", tls_client_auth_subject_dn="CN=bank.example,O=Bank")
