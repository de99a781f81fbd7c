"""Signed authorization responses (JARM: JWT Secured Authorization Response Mode for OAuth 2.0). Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from gateway.token_keys import TokenKey
from ledger import jws
from ledger.codec import canonical

MODES = ("jwt", "query.jwt")
"""Section 2.3.4: `jwt` is the default of the response type, and of `code` that is `query.jwt`."""
LIFE = timedelta(minutes=10)
"""Section 2.1: at most ten minutes."""


def sign(answer: Mapping[str, str], *, client_id: str, issuer: str, key: TokenKey, now: datetime) -> str:
    """Return the response as a JWT for the client (section 2.1): iss, aud, exp, and the parameters of the answer."""
    claims = {**answer, "iss": issuer, "aud": client_id, "exp": int((now + LIFE).timestamp())}
    return jws.sign(canonical(claims), typ="JWT", kid=key.kid, key=key.private)
