"""Certificates of an authority made for a test, and an https server on this machine that counts its visitors."""

import http.server
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def name(common: str) -> x509.Name:
    """Return the distinguished name `CN=common`."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key, as files."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey
    chain: Path
    key_file: Path


@dataclass
class Authority:
    """A certificate authority whose files are in `folder`."""

    folder: Path
    common: str = "Test authority"
    key: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))

    def __post_init__(self) -> None:
        self.certificate = self._sign(name(self.common), self.key, self.key, ca=True)
        self.file = self.folder / f"{self.common.replace(' ', '-')}.pem"
        self.file.write_bytes(self.certificate.public_bytes(Encoding.PEM))

    def issue(self, common: str, *, hosts: tuple[str, ...] = (), days: int = 1, own: bool = False) -> Issued:
        """Return a new certificate: by the authority, or `own`, signed by itself."""
        key = generate_private_key(SECP256R1())
        signed = self._sign(name(common), key, key if own else self.key, hosts=hosts, days=days, own=own)
        chain, key_file = self.folder / f"{common}.pem", self.folder / f"{common}-key.pem"
        chain.write_bytes(signed.public_bytes(Encoding.PEM))
        key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        key_file.chmod(0o600)
        return Issued(signed, key, chain, key_file)

    def _sign(
        self,
        subject: x509.Name,
        key: EllipticCurvePrivateKey,
        by: EllipticCurvePrivateKey,
        *,
        hosts: tuple[str, ...] = (),
        days: int = 1,
        ca: bool = False,
        own: bool = False,
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject if own or ca else name(self.common))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_host(each) for each in hosts]), critical=False
            )
        return builder.sign(by, SHA256())


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)


Answer = Callable[[], tuple[int, dict[str, str], bytes]]


@dataclass
class Site:
    """An https server that answers every request with what `answer` returns, and keeps the paths that were asked."""

    url: str
    asked: list[str] = field(default_factory=list)
    answer: Answer = lambda: (200, {}, b"{}")


@contextmanager
def site(issued: Issued, host: str = "127.0.0.1") -> Iterator[Site]:
    """Serve over https on a free port of this machine until the block ends."""
    with http.server.ThreadingHTTPServer((host, 0), http.server.BaseHTTPRequestHandler) as server:
        found = Site(f"https://localhost:{server.server_address[1]}")
        server.RequestHandlerClass = _handler(found)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(issued.chain, issued.key_file)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def _handler(found: Site) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            status, headers, body = found.answer()
            self.send_response(status)
            for each, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(each, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


BCP_195: list[tuple[ssl.TLSVersion, str | None, bool]] = [
    (ssl.TLSVersion.TLSv1_3, None, True),
    (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256", True),
    (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-GCM-SHA384", True),
    (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0", False),
    (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0", False),
]
"""Versions of TLS with ciphers, and whether a server agrees (RFC 9325 sections 3.1.1 and 4.2)."""


def speaks(port: int, authority: Authority, version: ssl.TLSVersion, ciphers: str | None) -> bool:
    """Say whether a server on this machine agrees to a version of TLS and ciphers."""
    context = ssl.create_default_context(cafile=authority.file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # what is deprecated is what must be refused
        context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    try:
        with httpx2.Client(verify=context, trust_env=False) as client:
            return client.get(f"https://localhost:{port}/healthz").status_code == 200
    except httpx2.ConnectError:
        return False
