"""A receiver of webhooks on loopback: real TLS under a CA made here; it answers as it is told to."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from standardwebhooks import Webhook

from tests.support.waiting import until

NAME = "localhost"


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The webhook's id."""
        return self.headers["webhook-id"]

    def verified(self, secret: str) -> Any:
        """Return the event, its signature verified by the reference library."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered: with `drip`, the body comes a byte at a time until the other side has enough."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drip: bool = False


Answering = Callable[[Request], Reply]


@dataclass(slots=True)
class Receiver:
    """Where webhooks arrive; `answering` may be changed at any time."""

    url: str
    ca_file: Path
    requests: list[Request] = field(default_factory=list)
    answering: Answering = field(default=lambda _: Reply())
    stopping: threading.Event = field(default_factory=threading.Event)

    def ids(self) -> list[str]:
        """Return the ids of what arrived, in order."""
        return [each.id for each in self.requests]

    def wait_for(self, count: int) -> list[Request]:
        """Return what arrived, once there are so many requests."""
        until(lambda: len(self.requests) >= count, f"no {count} requests arrived")
        return list(self.requests)


@contextmanager
def receiving(folder: Path, *, name: str = NAME) -> Iterator[Receiver]:
    """Open a receiver whose certificate is for `name`, until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, ca_file = certificates(folder, name)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    receiver = Receiver(f"https://{name}:{server.server_address[1]}/hook", ca_file)
    server.RequestHandlerClass = _handler(receiver)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients that go away are no news
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()


def certificates(folder: Path, name: str) -> tuple[Path, Path]:
    """Return a file with a key and certificate for `name`, and one with the CA that signed it."""
    ca_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a CA of this test")])
    ca = _certificate(issuer, issuer, ca_key, ca_key, x509.BasicConstraints(ca=True, path_length=0))
    names = x509.SubjectAlternativeName([x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    own = _certificate(subject, issuer, key, ca_key, names)
    chain, ca_file = folder / "receiver.pem", folder / "ca.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain.write_bytes(private + own.public_bytes(Encoding.PEM))
    ca_file.write_bytes(ca.public_bytes(Encoding.PEM))
    return chain, ca_file


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    signer: EllipticCurvePrivateKey,
    extension: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    public, signing = key.public_key(), signer.public_key()
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    builder = builder.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing), critical=False)
    return builder.sign(signer, SHA256())


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Take what arrives, and answer as the receiver is told to."""
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Request(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            receiver.requests.append(request)
            reply = receiver.answering(request)
            with suppress(OSError):
                self._answer(reply)

        def _answer(self, reply: Reply) -> None:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if not reply.drip:
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body)
                return
            while not receiver.stopping.wait(0.02):
                self.wfile.write(b"X-Drip: 1\r\n")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
