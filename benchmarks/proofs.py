"""Proofs and assertions in quantity: signed ahead by the very keys that the client would use, each with a fresh jti.

`gateway.client` makes them one by one, when they are needed; here a round's are made before its clock starts.
"""

import json
import time
from collections.abc import Iterator
from secrets import token_bytes
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey

from benchmarks.load import post
from gateway.client.connection import ASSERTION_TYPE
from gateway.client.dpop import ProofKey
from gateway.client.identity import ID_BYTES, Identity
from ledger.codec import b64u, sha256

COORDINATE = 32
FORM = "application/x-www-form-urlencoded"


def proofs(key: ProofKey, url: str, *, nonce: str | None, token: str | None = None) -> Iterator[str]:
    """Yield DPoP proofs (RFC 9449) for POST requests to `url`, without end."""
    jwk = ECKey.import_key(key.private).as_dict(private=False)
    head = _part({"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk})
    common = {"htm": "POST", "htu": url, **({"nonce": nonce} if nonce else {})}
    if token is not None:
        common["ath"] = b64u(sha256(token.encode("ascii")))
    while True:
        claims = {**common, "iat": int(time.time()), "jti": b64u(token_bytes(ID_BYTES))}
        yield _signed(key.private, f"{head}.{_part(claims)}")


def pulls(key: ProofKey, url: str, *, nonce: str | None, token: str) -> Iterator[bytes]:
    """Yield requests for evidence: everything that the consent behind `token` covers."""
    for proof in proofs(key, url, nonce=nonce, token=token):
        headers = {"Authorization": f"DPoP {token}", "DPoP": proof, "Content-Type": "application/json"}
        yield post(url, headers, b"{}")


def token_requests(
    identity: Identity, key: ProofKey, url: str, *, audience: str, nonce: str | None, form: dict[str, str]
) -> Iterator[bytes]:
    """Yield token requests: `form`, with `private_key_jwt` and DPoP proof."""
    for proof in proofs(key, url, nonce=nonce):
        assertion = {"client_assertion_type": ASSERTION_TYPE, "client_assertion": identity.assertion(audience)}
        body = urlencode({**form, "client_id": identity.client_id, **assertion}).encode("ascii")
        yield post(url, {"DPoP": proof, "Content-Type": FORM}, body)


def _part(value: object) -> str:
    return b64u(json.dumps(value, separators=(",", ":")).encode())


def _signed(key: EllipticCurvePrivateKey, text: str) -> str:
    r, s = decode_dss_signature(key.sign(text.encode("ascii"), ECDSA(SHA256())))
    return f"{text}.{b64u(r.to_bytes(COORDINATE, 'big') + s.to_bytes(COORDINATE, 'big'))}"
