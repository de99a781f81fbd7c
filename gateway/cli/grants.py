"""What a bank keeps of each consent between commands: one file, readable by its owner alone."""

import json
import os
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

from gateway.cli.faults import CommandError
from gateway.cli.output import write_private
from gateway.client.dpop import ProofKey
from gateway.client.identity import pem, read_key

CONSENT_ID = re.compile(r"[A-Za-z0-9_-]{43}")
OTHERS = 0o077


@dataclass(frozen=True, slots=True)
class Grant:
    """A consent that this bank holds. The proof key, to which its tokens are bound, is in a file beside it."""

    consent: str
    gateway: str
    client: str
    key: str
    refresh_token: str


def default_folder() -> Path:
    """Return `tidegate` in the user's state folder (XDG Base Directory)."""
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "tidegate"


def keep(folder: Path, grant: Grant, proof_key: ProofKey) -> Path:
    """Write a grant; return the file."""
    write_private(folder / f"{grant.consent}.pem", pem(proof_key.private))
    path = folder / f"{grant.consent}.json"
    write_private(path, json.dumps(asdict(grant), indent=2).encode())
    return path


def find(folder: Path, consent: str) -> tuple[Grant, ProofKey]:
    """Return a grant with its proof key. Raises `CommandError` if there is none, or others can read it."""
    path = folder / f"{consent}.json"
    if not CONSENT_ID.fullmatch(consent) or not path.is_file():
        known = sorted(each.stem for each in folder.glob("*.json"))
        listed = f"known: {', '.join(known)}" if known else "ask for one with: tidegate consent request"
        raise CommandError(f"no consent {consent!r} in {folder}; {listed}")
    if path.stat().st_mode & OTHERS:
        raise CommandError(f"others can read {path}, which holds tokens: chmod 600 {path}")
    private = read_key(path.with_suffix(".pem"))
    if not isinstance(private, EllipticCurvePrivateKey):
        raise CommandError(f"{path.with_suffix('.pem')}: expected a P-256 key; ask for consent again")
    return Grant(**json.loads(path.read_bytes())), ProofKey(private)
