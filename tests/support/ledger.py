"""A ledger of one operator for tests, and the entries that it accepts."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.backends import genesis
from ledger.backends.embedded import Embedded
from ledger.codec import b64u, sha256
from ledger.entries import build, sign

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass
class Key:
    """An Ed25519 key with its public JWK and kid."""

    private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> dict[str, str]:
        return {"crv": "Ed25519", "kty": "OKP", "x": b64u(self.private.public_key().public_bytes_raw())}

    @property
    def kid(self) -> str:
        """The RFC 7638 thumbprint."""
        public = self.public
        return b64u(sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{public["x"]}"}}'.encode()))

    def registered(self, usage: str) -> dict[str, Any]:
        return {"kid": self.kid, "usage": usage, "public_key": self.public}


@dataclass
class Operator:
    """An organisation with its keys, and the chain it founds."""

    org: str = "tidegate"
    chain: str = "tidegate-test"
    entries: Key = field(default_factory=Key)
    sealing: Key = field(default_factory=Key)
    receipts: Key = field(default_factory=Key)
    validator: Key = field(default_factory=Key)

    def genesis(self) -> dict[str, Any]:
        keys = [getattr(self, usage).registered(usage) for usage in ("entries", "sealing", "receipts")]
        public = self.validator.private.public_key()
        return genesis.single_operator(chain=self.chain, org=self.org, keys=keys, validator=public)

    def ledger(self, path: Path, clock: Callable[[], datetime] = lambda: START) -> Embedded:
        return Embedded(path, genesis=self.genesis(), validator_key=self.validator.private, clock=clock)

    def entry(self, type: str, body: Mapping[str, Any], **changes: Any) -> bytes:  # noqa: A002 - the entry's own member
        values: dict[str, Any] = {
            "chain": self.chain,
            "entry_id": secrets.token_bytes(16),
            "type": type,
            "body": body,
            "not_after_height": 1000,
        }
        return sign(build(**{**values, **changes}), (self.org, self.entries.kid, self.entries.private))


def random_digest() -> str:
    """Return 32 random bytes in base64url."""
    return b64u(secrets.token_bytes(32))
