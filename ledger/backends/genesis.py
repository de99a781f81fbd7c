"""The first state of a chain, written down."""

from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.bodies import check_members, keys, name
from ledger.codec import b64u, parse
from ledger.errors import CodecError

MOST_BYTES = 1_048_576


def single_operator(
    *, chain: str, org: str, keys: Sequence[Mapping[str, Any]], validator: Ed25519PublicKey
) -> dict[str, Any]:
    """Return the genesis of a chain with one organisation, which governs alone and runs the one validator.

    `keys` are `{kid, usage, public_key (JWK)}`.
    """
    return {
        "chain": chain,
        "governance": 1,
        "organisations": [{"org": org, "governs": 1, "keys": [dict(key) for key in keys]}],
        "validators": [{"public_key": b64u(validator.public_bytes_raw()), "power": 10}],
    }


def check(document: object) -> None:
    """Raise `CodecError` unless `document` has the form of a genesis."""
    form = {"chain": _any, "governance": _any, "organisations": _list, "validators": _list}
    given = check_members(document, form, "genesis")
    for each in given["organisations"]:
        check_members(each, {"org": name, "governs": _any, "keys": keys}, "organisation")


def read(data: bytes) -> Mapping[str, Any]:
    """Read a genesis from JSON. Raises `CodecError`."""
    document = parse(data, max_bytes=MOST_BYTES)
    check(document)
    if not isinstance(document, dict):
        raise CodecError("genesis: expected an object")
    return document


def _any(_: object) -> None:
    return None


def _list(value: object) -> None:
    if not isinstance(value, list) or not value:
        raise CodecError("expected a list that is not empty")
