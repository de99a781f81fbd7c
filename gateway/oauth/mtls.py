"""Client certificates (RFC 8705), as the proxy that ended TLS tells of them.

The proxy sets two headers on every request, over whatever the client sent: `Tidegate-Client-Certificate`, the PEM
percent-encoded (nginx's `$ssl_client_escaped_cert`), empty without one; and `Tidegate-Client-Verify`, `SUCCESS` if the
certificate was issued by an authority that the proxy trusts (nginx's `$ssl_client_verify`). They count only if the
connection comes from one of `TIDEGATE_TRUSTED_PROXIES`.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import (
    DNSName,
    ExtensionNotFound,
    SubjectAlternativeName,
    UniformResourceIdentifier,
    load_pem_x509_certificate,
)
from joserfc.jwk import ECKey, OKPKey, RSAKey
from starlette.requests import Request

from gateway.directory.clients import BY_OWN_CERTIFICATE, ClientMetadata
from gateway.settings import Networks
from ledger.codec import b64u

CERTIFICATE, VERIFY = "tidegate-client-certificate", "tidegate-client-verify"
LONGEST = 32_768


class CertificateError(Exception):
    """The certificate cannot be read, or is not the client's."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate that a client showed to the proxy.

    `x5t`: base64url of SHA-256 of its DER (RFC 8705 section 3.1); `jkt`: RFC 7638 thumbprint of its key; `issued`: by
    an authority that the proxy trusts.
    """

    x5t: str
    jkt: str
    subject: str
    dns: frozenset[str]
    uris: frozenset[str]
    der: bytes
    begins: datetime
    ends: datetime
    issued: bool


def shown(request: Request, trusted: Networks) -> Certificate | None:
    """Return the certificate of a request, None if there is none or nobody trusted tells. Raises `CertificateError`."""
    if not trusted or request.client is None or not _is_in(request.client.host, trusted):
        return None
    given, verdicts = request.headers.getlist(CERTIFICATE), request.headers.getlist(VERIFY)
    if len(given) > 1 or len(verdicts) > 1:
        raise CertificateError("the proxy tells of several certificates")
    if not given or not given[0]:
        return None
    return read(given[0], issued=verdicts == ["SUCCESS"])


def verify(
    certificate: Certificate, client: ClientMetadata, jwks: dict[str, list[dict[str, object]]], now: datetime
) -> None:
    """Raise `CertificateError` unless the certificate is the client's, by the method that it registered (section 2)."""
    if not certificate.begins <= now < certificate.ends:
        raise CertificateError("the client certificate is not valid at this time")
    if client.token_endpoint_auth_method == BY_OWN_CERTIFICATE:
        if not any(_holds(key, certificate) for key in jwks["keys"]):
            raise CertificateError("the client certificate is none of those registered (x5c)")
        return
    if not certificate.issued:
        raise CertificateError("the client certificate is not by an authority that is trusted here")
    fits = (
        client.tls_client_auth_subject_dn == certificate.subject,
        client.tls_client_auth_san_dns in certificate.dns,
        client.tls_client_auth_san_uri in certificate.uris,
    )
    if not any(fits):
        raise CertificateError("the client certificate is of another subject than the one registered")


def _holds(key: dict[str, object], certificate: Certificate) -> bool:
    """Say whether a JWK carries the very certificate: base64 of DER, first in `x5c` (RFC 7517 section 4.7)."""
    chain = key.get("x5c")
    return isinstance(chain, list) and bool(chain) and chain[0] == _base64(certificate.der)


def _base64(data: bytes) -> str:
    text = b64u(data).replace("-", "+").replace("_", "/")
    return text + "=" * (-len(text) % 4)


def _is_in(host: str, networks: Networks) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)


@lru_cache(maxsize=1024)
def read(escaped: str, *, issued: bool) -> Certificate:
    """Take a percent-encoded certificate in PEM apart. Raises `CertificateError`."""
    if len(escaped) > LONGEST:
        raise CertificateError("the client certificate is too large")
    try:
        found = load_pem_x509_certificate(unquote(escaped).encode("ascii"))
        dns, uris = _names(found)
        der = found.public_bytes(Encoding.DER)
        return Certificate(
            x5t=b64u(hashlib.sha256(der).digest()),
            jkt=_thumbprint(found),
            subject=found.subject.rfc4514_string(),
            dns=dns,
            uris=uris,
            der=der,
            begins=found.not_valid_before_utc,
            ends=found.not_valid_after_utc,
            issued=issued,
        )
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise CertificateError("the client certificate cannot be read") from None


def _names(found: x509.Certificate) -> tuple[frozenset[str], frozenset[str]]:
    try:
        names = found.extensions.get_extension_for_class(SubjectAlternativeName).value
    except ExtensionNotFound:
        return frozenset(), frozenset()
    return frozenset(names.get_values_for_type(DNSName)), frozenset(
        names.get_values_for_type(UniformResourceIdentifier)
    )


def _thumbprint(found: x509.Certificate) -> str:
    key = found.public_key()
    if isinstance(key, EllipticCurvePublicKey):
        return ECKey.import_key(key).thumbprint()
    if isinstance(key, RSAPublicKey):
        return RSAKey.import_key(key).thumbprint()
    if isinstance(key, Ed25519PublicKey):
        return OKPKey.import_key(key).thumbprint()
    raise ValueError(type(key).__name__)
