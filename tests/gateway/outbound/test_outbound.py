"""Nothing that others name is fetched from the inside, by redirect, without TLS, without end."""

import socket
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

from gateway import outbound
from gateway.outbound import OutboundError, request
from tests.support.tls import Authority, Site, site

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """An authority that the process trusts."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    outbound._trust.cache_clear()
    yield authority
    outbound._trust.cache_clear()


@pytest.fixture
def there(trusted: Authority) -> Iterator[Site]:
    with site(trusted.issue("localhost", hosts=("localhost",))) as found:
        yield found


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What the name server says: each question takes the next answer, the last one stays."""
    known: dict[str, list[str]] = {}

    def getaddrinfo(host: str, port: int, **_: Any) -> list[Any]:
        found = known[host]
        address = found.pop(0) if len(found) > 1 else found[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(outbound, "getaddrinfo", getaddrinfo)
    return known


def test_an_allowed_address_is_called_over_tls_with_its_name(there: Site) -> None:
    there.answer = lambda: (200, {}, b"hello")
    answer = request("GET", f"{there.url}/keys?a=b", allow=LOOPBACK)
    assert (answer.status, answer.body, there.asked) == (200, b"hello", ["/keys?a=b"])


def test_this_machine_is_not_called_unless_it_is_allowed(there: Site) -> None:
    with pytest.raises(OutboundError, match=r"^localhost: is at an internal address$"):
        request("GET", there.url)
    assert there.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.1.2.3", "0.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1",
        "fd00:ec2::254", "ff02::1", "fec0::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::808:808", "2002:7f00:1::1", "2001::1", "2001:db8::1", "100::1",
    ],
)  # fmt: skip
def test_an_internal_address_in_whatever_form_is_not_called(names: dict[str, list[str]], address: str) -> None:
    names["bank.example"] = [address]
    with pytest.raises(OutboundError, match=r"^bank\.example: is at an internal address$"):
        request("GET", "https://bank.example/keys")


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450::1"])
def test_the_open_internet_is_public(address: str) -> None:
    assert outbound.is_public(ip_address(address))


def test_a_name_that_is_also_inside_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(outbound, "getaddrinfo", lambda *_, **__: both)
    with pytest.raises(OutboundError, match=r"^bank\.example: is at an internal address$"):
        request("GET", "https://bank.example/keys")


def test_the_address_that_was_checked_is_the_one_that_is_called(
    names: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rebinding: the name's second answer is inside, and nobody asks for it."""
    names["bank.example"] = ["8.8.8.8", "127.0.0.1"]
    called: list[str] = []

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> socket.socket:
        called.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(OutboundError, match=r"^bank\.example: ConnectError$"):
        request("GET", "https://bank.example/keys")
    assert called == ["8.8.8.8"]
    assert names["bank.example"] == ["127.0.0.1"]


@pytest.mark.parametrize(
    "url",
    ["http://bank.example/keys", "ftp://bank.example", "https://", "https://user:secret@bank.example/", "keys",
     "file:///etc/passwd", "https://bänk.example/"],
)  # fmt: skip
def test_what_is_no_plain_https_url_is_not_called(url: str) -> None:
    with pytest.raises(OutboundError, match=r"^expected an https URL without credentials$"):
        request("GET", url)


@pytest.mark.parametrize("url", ["https://2130706433/", "https://0x7f.1/", "https://[::ffff:127.0.0.1]/", "https://0/"])
def test_an_address_in_another_writing_is_internal_all_the_same(url: str) -> None:
    with pytest.raises(OutboundError, match=r": is at an internal address$"):
        request("GET", url)


def test_a_redirect_is_an_answer_and_is_not_followed(there: Site) -> None:
    there.answer = lambda: (302, {"Location": f"{there.url}/inside"}, b"")
    assert request("GET", f"{there.url}/keys", allow=LOOPBACK).status == 302
    assert there.asked == ["/keys"]


def test_too_large_an_answer_is_given_up(there: Site) -> None:
    there.answer = lambda: (200, {}, bytes(1001))
    with pytest.raises(OutboundError, match=r"^the answer is larger than 1000 bytes$"):
        request("GET", there.url, allow=LOOPBACK, most_bytes=1000)


def test_a_certificate_of_another_name_is_refused(trusted: Authority) -> None:
    with site(trusted.issue("other", hosts=("other.example",))) as there:
        with pytest.raises(OutboundError, match=r"^localhost: ConnectError$"):
            request("GET", there.url, allow=LOOPBACK)
        assert there.asked == []


def test_a_server_that_says_nothing_is_given_up_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        began = time.monotonic()
        with pytest.raises(OutboundError, match=r"^localhost: ConnectTimeout$"):
            request("GET", f"https://localhost:{silent.getsockname()[1]}/", allow=LOOPBACK, seconds=0.5)
        assert time.monotonic() - began < 30
