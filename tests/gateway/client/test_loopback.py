import socket
from urllib.request import ProxyHandler, build_opener

import pytest

from gateway.cli.ports import free_port
from gateway.client.loopback import ListenerError, RedirectListener


def test_the_listener_returns_where_the_browser_was_sent() -> None:
    uri = f"http://localhost:{free_port()}/back"
    with RedirectListener(uri) as listener:
        with build_opener(ProxyHandler({})).open(f"{uri}?code=1&state=2") as answer:
            assert b"This window can be closed" in answer.read()
        assert listener.wait(5) == f"{uri}?code=1&state=2"


def test_waiting_ends() -> None:
    with (
        RedirectListener(f"http://localhost:{free_port()}/back") as listener,
        pytest.raises(ListenerError, match=r"^nobody came back from the owner's page within 0 seconds$"),
    ):
        listener.wait(0.01)


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        uri = f"http://localhost:{taken.getsockname()[1]}/back"
        with pytest.raises(
            ListenerError, match=rf"^port \d+ of the redirect URI {uri} cannot be opened: Address already"
        ):
            RedirectListener(uri)


def test_a_redirect_uri_elsewhere_is_refused() -> None:
    with pytest.raises(ListenerError, match=r"^https://bank.example/back: expected http://localhost:PORT/PATH"):
        RedirectListener("https://bank.example/back")
