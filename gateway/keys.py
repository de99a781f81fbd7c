"""The gateway's private keys: one file each, readable by its owner alone.

Each key has one use (`ledger.md`: entries, sealing, receipts, consensus, OAuth, record encryption, nonces). A folder
made by `create` holds them all; the embedded shape makes it at first start, a server brings its own.

A key that is registered on the ledger is followed by others in its time: `sealing.pem`, `sealing.2.pem`, and so on.
Which of them is in use the ledger says (`gateway.anchoring.own`). A running process sees a new file by itself.
"""

import os
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from fastapi import Depends, Request
from joserfc.jwk import OKPKey

from gateway.token_keys import FIRST, TokenKeys, TokenKeysError, file_of
from gateway.token_keys import read as token_keys

REGISTERED = {"organisation": "entries", "sealing": "sealing", "receipts": "receipts"}
"""Keys that the ledger knows, with their usages there: those that rotate."""
ED25519 = (*REGISTERED, "validator")
P256 = ("oauth",)
SECRETS = ("records", "nonce")
_FILE = re.compile(r"(\.([2-9]|[1-9][0-9]+))?\.pem")
_log = structlog.get_logger(__name__)


class KeysError(Exception):
    """The folder of keys is missing, incomplete, or open to others."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key: `kid` is the RFC 7638 thumbprint, `public` the public JWK."""

    private: Ed25519PrivateKey
    kid: str
    public: dict[str, str]


@dataclass(frozen=True, slots=True)
class Keyring:
    """All private keys of a gateway. Of those that rotate the fields hold the first; `of` has all of them."""

    organisation: SigningKey
    """Signs ledger entries."""
    sealing: SigningKey
    """Signs the records that the gateway seals."""
    receipts: SigningKey
    """Signs the receipt of every pull."""
    validator: SigningKey
    """Signs the embedded ledger's blocks."""
    oauth: TokenKeys
    """Sign access tokens and authorization responses."""
    records: bytes
    """Master key that wraps the data keys of stored records (AES-256)."""
    nonce: bytes
    """Authenticates DPoP nonces, and makes request URIs (HMAC-SHA-256)."""
    folder: "Rotating"

    def of(self, name: str) -> tuple[SigningKey, ...]:
        """Return the keys of a name in `REGISTERED`, oldest first, those too that came after this was loaded."""
        return self.folder.of(name)


class Rotating:
    """The keys in a folder that rotate, read again whenever a file came or went."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = folder.stat().st_mtime_ns
        self._keys = _rotating(folder)

    def of(self, name: str) -> tuple[SigningKey, ...]:
        """Return the keys of a name, oldest first. Files that cannot be read are told and left out of it."""
        found = self._folder.stat().st_mtime_ns
        if found != self._seen:
            try:
                self._keys = _rotating(self._folder)
            except KeysError:
                _log.exception("new keys cannot be read")
            self._seen = found
        return self._keys[name]


def create(folder: Path) -> None:
    """Make every key in `folder`, which must not hold any. Raises `KeysError` if it does."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    if any(folder.iterdir()):
        raise KeysError(f"{folder} is not empty: expected an empty folder for new keys")
    for name in ED25519:
        _write(folder / f"{name}.pem", _pem(Ed25519PrivateKey.generate()))
    for name in P256:
        _write(folder / f"{name}.pem", _pem(generate_private_key(SECP256R1())))
    for name in SECRETS:
        _write(folder / f"{name}.key", secrets.token_bytes(32))


def add(folder: Path, name: str) -> SigningKey:
    """Make the next key of a name in `REGISTERED`, beside those that are there."""
    number = _number(files(folder, name)[-1]) + 1
    private = Ed25519PrivateKey.generate()
    _write(folder / f"{name}.{number}.pem", _pem(private))
    return signing_key(private)


def files(folder: Path, name: str) -> list[Path]:
    """Return the files of a key's name, oldest first."""
    found = [each for each in folder.glob(f"{name}*.pem") if _FILE.fullmatch(each.name.removeprefix(name))]
    return sorted(found, key=_number)


def rotate_oauth(folder: Path, *, since: datetime, now: datetime) -> Path:
    """Make the key that signs tokens from `since` on, and remove those that nothing alive is signed by.

    Returns its file. Raises `KeysError` unless `since` lies after `now` and after the beginning of every other key.
    """
    try:
        present = token_keys(folder)
    except TokenKeysError as error:
        raise KeysError(str(error)) from None
    if not now < since or since <= present[-1].since:
        raise KeysError(
            f"{folder}: the newest key signs from {present[-1].since:%Y-%m-%dT%H:%M:%SZ} on; expected later"
        )
    path = file_of(folder, since)
    _write(path, _pem(generate_private_key(SECP256R1())))
    living = {key.path for key in TokenKeys(folder).published(now)}
    for key in present:
        if key.path not in living:
            key.path.unlink()
    return path


def load(folder: Path) -> Keyring:
    """Read the keys in `folder`. Raises `KeysError` naming what is missing or too open."""
    names = ["validator.pem", *(f"{name}.key" for name in SECRETS)]
    missing = [f"{name}.pem" for name in REGISTERED if not files(folder, name)]
    missing += [] if any(folder.glob("oauth*.pem")) else [FIRST]
    missing += [name for name in names if not (folder / name).is_file()]
    if missing:
        raise KeysError(f"{folder} lacks {', '.join(missing)}: make keys with `tidegate keys create {folder}`")
    _check_private([folder / name for name in names])
    rotating = Rotating(folder)
    try:
        oauth = TokenKeys(folder)
    except TokenKeysError as error:
        raise KeysError(str(error)) from None
    return Keyring(
        **{name: rotating.of(name)[0] for name in REGISTERED},
        validator=signing_key(read_ed25519(folder / "validator.pem")),
        oauth=oauth,
        records=(folder / "records.key").read_bytes(),
        nonce=(folder / "nonce.key").read_bytes(),
        folder=rotating,
    )


def _rotating(folder: Path) -> dict[str, tuple[SigningKey, ...]]:
    found = {name: files(folder, name) for name in REGISTERED}
    _check_private([path for paths in found.values() for path in paths])
    return {name: tuple(signing_key(read_ed25519(path)) for path in paths) for name, paths in found.items()}


def _check_private(paths: Sequence[Path]) -> None:
    open_to_others = [path for path in paths if path.stat().st_mode & 0o077]
    if open_to_others:
        names = ", ".join(path.name for path in open_to_others)
        raise KeysError(f"{open_to_others[0].parent}: others can read {names}: chmod 600")


def _number(path: Path) -> int:
    parts = path.name.split(".")
    return int(parts[1]) if len(parts) > len(("name", "pem")) else 1


def signing_key(private: Ed25519PrivateKey) -> SigningKey:
    """Return `private` with its public JWK and thumbprint (RFC 7638, RFC 8037)."""
    jwk = OKPKey.import_key(private)
    return SigningKey(private, jwk.thumbprint(), _public(jwk))


def _public(jwk: OKPKey) -> dict[str, str]:
    members = jwk.as_dict(private=False)
    return {name: str(members[name]) for name in ("crv", "kty", "x")}


def read_ed25519(path: Path) -> Ed25519PrivateKey:
    """Read a private key from a PEM file. Raises `KeysError`."""
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise KeysError(f"{path} holds a {type(key).__name__}, expected an Ed25519 key")
    return key


def _pem(key: Ed25519PrivateKey | EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _write(path: Path, content: bytes) -> None:
    """Write a new file, whole or not at all: other processes may be looking at the folder."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.hardlink_to(draft)
    draft.unlink()


def _keyring(request: Request) -> Keyring:
    keyring: Keyring = request.app.state.keyring
    return keyring


CurrentKeys = Annotated[Keyring, Depends(_keyring)]
"""The gateway's private keys."""
