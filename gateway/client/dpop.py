"""Proof of possession (DPoP, RFC 9449): every request is signed by the key that the tokens are bound to."""

import time
from dataclasses import dataclass, field
from secrets import token_bytes
from urllib.parse import urlsplit, urlunsplit

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from joserfc import jwt
from joserfc.jwk import ECKey

from gateway.client.identity import ID_BYTES, new_key
from ledger.codec import b64u, sha256


@dataclass(frozen=True, slots=True)
class ProofKey:
    """A P-256 key for proofs, and what follows from it."""

    private: EllipticCurvePrivateKey = field(default_factory=new_key)

    @property
    def thumbprint(self) -> str:
        """The key's RFC 7638 thumbprint: `dpop_jkt`, and `cnf.jkt` of the tokens bound to it."""
        return ECKey.import_key(self.private).thumbprint()

    def proof(self, method: str, url: str, *, nonce: str | None = None, token: str | None = None) -> str:
        """Return a proof for one request (section 4.2); `token` is the access token that goes with it."""
        jwk = ECKey.import_key(self.private)
        claims: dict[str, str | int] = {
            "htm": method,
            "htu": urlunsplit((*urlsplit(url)[:3], "", "")),
            "iat": int(time.time()),
            "jti": b64u(token_bytes(ID_BYTES)),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        if token is not None:
            claims["ath"] = b64u(sha256(token.encode("ascii")))
        header = {"alg": "ES256", "typ": "dpop+jwt", "jwk": jwk.as_dict(private=False)}
        return jwt.encode(header, claims, jwk, algorithms=["ES256"])
