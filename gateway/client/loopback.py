"""Wait for the owner's browser to come back: a listener on loopback for one redirect (RFC 8252 section 7.3)."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from queue import Empty, Queue
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from gateway.client.errors import ClientError

PAGE = (
    b"<!doctype html><html lang='en'><meta charset='utf-8'><title>Thank you</title>"
    b"<p>Thank you. This window can be closed; the command line goes on.</p></html>"
)
LOOPBACK = ("localhost", "127.0.0.1")


class ListenerError(ClientError):
    """The listener cannot be opened, or nobody came back in time."""


class RedirectListener:
    """Listens at a redirect URI on loopback; `wait` returns the URL that the browser was sent to."""

    def __init__(self, redirect_uri: str) -> None:
        """Open the listener. Raises `ListenerError` if the URI is not on loopback or its port is taken."""
        parts = urlsplit(redirect_uri)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK or not parts.port:
            raise ListenerError(f"{redirect_uri}: expected http://localhost:PORT/PATH to wait for the browser there")
        self._answers: Queue[str] = Queue()
        base = f"{parts.scheme}://{parts.netloc}"
        try:
            self._server = HTTPServer(("127.0.0.1", parts.port), _handler(self._answers, base, parts.path))
        except OSError as error:
            raise ListenerError(
                f"port {parts.port} of the redirect URI {redirect_uri} cannot be opened: {error.strerror}"
            ) from error
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _type: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def wait(self, seconds: float) -> str:
        """Return the URL of the redirect. Raises `ListenerError` if nobody comes back in time."""
        try:
            return self._answers.get(timeout=seconds)
        except Empty:
            raise ListenerError(f"nobody came back from the owner's page within {seconds:.0f} seconds") from None


def _handler(answers: Queue[str], base: str, path: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Take the answer; anything else on this port is not found."""
            if urlsplit(self.path).path != path:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)
            answers.put(f"{base}{self.path}")

        def log_message(self, *_: object) -> None:
            """Say nothing: the URL holds the code."""

    return Handler
