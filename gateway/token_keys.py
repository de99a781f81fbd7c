"""The keys that sign access tokens and authorization responses (ES256): several at once, each from its own instant on.

They are files in the folder of keys. `oauth.pem` signs from the beginning, `oauth-20261126T090000Z.pem` from that
instant (UTC) on, until the next one's. A key is published as soon as its file is there, and honoured for as long as
what it signed may live: `HONOURED` after the next one began. A file that is gone is not honoured at all. Every process
looks at the folder again every few seconds, so a key comes and goes without a restart.
"""

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import ECKey

FIRST = "oauth.pem"
NAME = re.compile(r"oauth(?:-(\d{8}T\d{6}Z))?\.pem")
FORM = "%Y%m%dT%H%M%SZ"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
HONOURED = timedelta(minutes=16)
"""The longest life of an access token, and a minute for clocks that differ."""
LOOK_AGAIN_SECONDS = 5.0
_log = structlog.get_logger(__name__)


class TokenKeysError(Exception):
    """A file of the folder holds no key that can sign tokens, or others can read it."""


@dataclass(frozen=True, slots=True)
class TokenKey:
    """A P-256 key: `kid` is the RFC 7638 thumbprint, `public` the public JWK; it signs from `since` on."""

    private: EllipticCurvePrivateKey = field(compare=False)
    kid: str
    public: dict[str, str]
    since: datetime
    path: Path


class TokenKeys:
    """The keys in a folder, as they are now; never none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._keys = read(folder)
        self._looked = time.monotonic()

    def signing(self, now: datetime) -> TokenKey:
        """Return the key that signs at `now`."""
        keys = self._present()
        return next((key for key in reversed(keys) if key.since <= now), keys[0])

    def published(self, now: datetime) -> list[TokenKey]:
        """Return the keys to tell of at `now`, oldest first: still honoured, signing, and to come."""
        keys = self._present()
        ends = [*(key.since + HONOURED for key in keys[1:]), datetime.max.replace(tzinfo=UTC)]
        return [key for key, end in zip(keys, ends, strict=True) if now < end]

    def honoured(self, kid: str, now: datetime) -> TokenKey | None:
        """Return the key by which something signed at or before `now` may be signed."""
        return next((key for key in self.published(now) if key.kid == kid), None)

    def _present(self) -> list[TokenKey]:
        if time.monotonic() - self._looked >= LOOK_AGAIN_SECONDS:
            self._looked = time.monotonic()
            try:
                self._keys = read(self._folder)
            except (OSError, TokenKeysError):
                _log.exception("the keys of tokens cannot be read, and stay as they were")
        return self._keys


def read(folder: Path) -> list[TokenKey]:
    """Return the keys in a folder, in order of their beginning. Raises `TokenKeysError`, as if there is none."""
    found = sorted((_since(path), path) for path in folder.iterdir() if NAME.fullmatch(path.name))
    if not found:
        raise TokenKeysError(f"{folder} lacks {FIRST}")
    return [_key(path, since) for since, path in found]


def file_of(folder: Path, since: datetime) -> Path:
    """Return the file of the key that signs from an instant on."""
    return folder / f"oauth-{since.astimezone(UTC).strftime(FORM)}.pem"


def _since(path: Path) -> datetime:
    found = NAME.fullmatch(path.name)
    if found is None or found[1] is None:
        return BEGINNING
    try:
        return datetime.strptime(found[1], FORM).replace(tzinfo=UTC)
    except ValueError:
        raise TokenKeysError(f"{path}: expected a time such as oauth-20261126T090000Z.pem") from None


def _key(path: Path, since: datetime) -> TokenKey:
    if path.stat().st_mode & 0o077:
        raise TokenKeysError(f"{path}: others can read it: chmod 600")
    try:
        private = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError):
        raise TokenKeysError(f"{path} holds no private key in PEM") from None
    if not isinstance(private, EllipticCurvePrivateKey) or private.curve.name != "secp256r1":
        raise TokenKeysError(f"{path} holds a {type(private).__name__}, expected a P-256 key")
    jwk = ECKey.import_key(private)
    members = jwk.as_dict(private=False)
    public = {name: str(members[name]) for name in ("crv", "kty", "x", "y")}
    return TokenKey(private, jwk.thumbprint(), public, since, path)
