"""Who signed an entry, and whether they may."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.codec import unb64u
from ledger.entries import Entry, Signature
from ledger.errors import Rejected
from ledger.state.codes import Code
from ledger.state.view import View

MOST_VERIFIED = 4096
GOVERNANCE = frozenset({"org.register", "org.rotate_key", "org.suspend", "rules.activate", "validator.set"})
"""Types that several governing organisations sign: as many as genesis says."""


def key_holds(key: Mapping[str, Any], *, usage: str, height: int) -> str | None:
    """Return None if `key` (a value of the state) may sign for `usage` at `height`, else the reason why not."""
    if key["usage"] != usage:
        return f"is for {key['usage']}, expected {usage}"
    if height < key["from"]:
        return f"is valid from height {key['from']}, not at {height}"
    if key["until"] and height >= key["until"]:
        return f"ended at height {key['until']}, not valid at {height}"
    if key["compromised_since"] and height >= key["compromised_since"]:
        return f"is compromised since height {key['compromised_since']}, not valid at {height}"
    return None


def acting_organisation(state: View, height: int, entry: Entry) -> str:
    """Return the organisation that signed an ordinary entry: exactly one. Raises `Rejected`."""
    if len(entry.signatures) != 1:
        raise Rejected(Code.WRONG_SIGNER, f"{entry.type} has {len(entry.signatures)} signatures, expected 1")
    _check(state, height, entry, entry.signatures[0])
    return entry.signatures[0].org


def check_governance(state: View, height: int, entry: Entry) -> str:
    """Raise `Rejected` unless enough governing organisations signed. Returns the first of them."""
    orgs = {signature.org for signature in entry.signatures}
    for signature in entry.signatures:
        _check(state, height, entry, signature)
    governing: list[str] = [org for org in state["governors"]["orgs"] if org in orgs]
    needed = state["parameters"]["governance"]
    if len(governing) < needed:
        raise Rejected(
            Code.TOO_FEW_SIGNATURES,
            f"{entry.type} is signed by {len(governing)} governing organisations, expected {needed}",
        )
    return governing[0]


def _check(state: View, height: int, entry: Entry, signature: Signature) -> None:
    place = f"key {signature.kid} of {signature.org}"
    org, key = state.get(f"org/{signature.org}"), state.get(f"key/{signature.org}/{signature.kid}")
    if org is None or key is None:
        raise Rejected(Code.WRONG_SIGNER, f"{place} is not registered")
    if org["suspended"]:
        raise Rejected(Code.WRONG_SIGNER, f"{signature.org} is suspended since height {org['suspended']}")
    if reason := key_holds(key, usage="entries", height=height):
        raise Rejected(Code.WRONG_SIGNER, f"{place} {reason}")
    if key["public_key"]["crv"] != "Ed25519":
        raise Rejected(Code.WRONG_SIGNER, f"{place} is no Ed25519 key")
    if not _verifies(key["public_key"]["x"], signature.sig, entry.signed):
        raise Rejected(Code.BAD_SIGNATURE, f"signature by {place} does not verify")


@lru_cache(MOST_VERIFIED)
def _verifies(public: str, signature: bytes, signed: bytes) -> bool:
    """Say whether a signature verifies; found out once, though an entry is checked and later delivered."""
    try:
        Ed25519PublicKey.from_public_bytes(unb64u(public)).verify(signature, signed)
    except InvalidSignature:
        return False
    return True
