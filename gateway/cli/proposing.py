"""What a proposal says, read from files and options."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import JWKRegistry

from gateway.cli.faults import USAGE, CommandError
from gateway.client.identity import read_key
from gateway.keys import SigningKey, signing_key
from ledger import proposals
from ledger.bodies import BODIES, USAGES
from ledger.codec import parse
from ledger.errors import CodecError
from ledger.proposals import Proposal
from ledger.state.signers import GOVERNANCE

MOST_BYTES = 262_144
PUBLIC = ("crv", "kty", "x", "y")
Options = Mapping[str, Any]
"""Members of a body by name; None: not given. `keys` and `add` are lists of `USAGE:FILE`."""


def body(entry_type: str, file: Path | None, options: Options) -> dict[str, Any]:
    """Return the body of a proposal from a JSON file, or from options. Raises `CommandError` that says what lacks."""
    given = {name: value for name, value in options.items() if value not in (None, [])}
    if file is not None:
        if given:
            raise CommandError(f"{file}: expected the whole body, or options, not both", code=USAGE)
        value = read_json(file)
        if not isinstance(value, dict):
            raise CommandError(f"{file}: expected a JSON object")
        return _of_registration(file) if entry_type == "org.register" and "roles" in value else value
    if entry_type not in BODIES:
        known = ", ".join(sorted(GOVERNANCE))
        raise CommandError(f"no governance entry {entry_type!r}; known: {known}", code=USAGE)
    listed: dict[str, Any] = {
        name: [_registered(each) for each in given[name]] for name in ("keys", "add") if name in given
    }
    usual: dict[str, Any] = {"compromised_since": 0, "add": []} if entry_type == "org.rotate_key" else {}
    made: dict[str, Any] = {**usual, **given, **listed}
    lacking = [name for name in BODIES[entry_type] if name not in made]
    idle = [name for name in made if name not in BODIES[entry_type]]
    if lacking or idle:
        needs = ", ".join(f"--{name.replace('_', '-').removesuffix('s')}" for name in BODIES[entry_type])
        raise CommandError(f"{entry_type} needs FILE.json, or {needs}", code=USAGE)
    return made


def _of_registration(file: Path) -> dict[str, Any]:
    """Return the body that registers the sealing keys of a participant's registration."""
    from gateway.cli.participants import on_the_ledger, read_registration  # noqa: PLC0415 - needs the database's packages

    return on_the_ledger(read_registration(file))


def read_json(path: Path) -> Any:  # noqa: ANN401 - any JSON
    """Read a JSON file. Raises `CommandError`."""
    try:
        return parse(path.read_bytes(), max_bytes=MOST_BYTES)
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", code=USAGE) from None
    except CodecError as error:
        raise CommandError(f"{path}: {error}") from None


def read_proposal(path: Path) -> Proposal:
    """Read a proposal. Raises `CommandError`."""
    try:
        return proposals.read(path.read_bytes())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", code=USAGE) from None
    except CodecError as error:
        raise CommandError(f"{path} is no proposal: {error}") from None


def read_signing_key(path: Path) -> SigningKey:
    """Read an organisation's private key for entries. Raises `CommandError` for another kind of key."""
    private = read_key(path)
    if not isinstance(private, Ed25519PrivateKey):
        raise CommandError(f"{path} holds no Ed25519 key: entries are signed with Ed25519")
    return signing_key(private)


def _registered(text: str) -> dict[str, Any]:
    """Return a key to add: `USAGE:FILE`, the file a public JWK."""
    usage, _, name = text.partition(":")
    if usage not in USAGES or not name:
        raise CommandError(f"{text!r}: expected USAGE:FILE.json, USAGE one of {', '.join(USAGES)}", code=USAGE)
    jwk = read_json(Path(name))
    if not isinstance(jwk, dict) or "d" in jwk or "kty" not in jwk:
        raise CommandError(f"{name}: expected a public key as JWK")
    public = {member: jwk[member] for member in PUBLIC if member in jwk}
    return {"kid": JWKRegistry.import_key(public).thumbprint(), "usage": usage, "public_key": public}


def pretty(value: object) -> str:
    """Return JSON for people."""
    return json.dumps(value, indent=2, ensure_ascii=False)
