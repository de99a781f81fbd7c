"""Validator sets, with CometBFT 0.38's hash and their JSON form.

JSON members that are hashes, keys or signatures are base64url without padding; heights and powers are integers; times
are RFC 3339 with trailing zeros trimmed. Reading is strict: unknown or missing members are a `CodecError`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from ledger import merkle
from ledger.blocks import wire
from ledger.blocks.forms import members, whole
from ledger.blocks.headers import ADDRESS_BYTES
from ledger.codec import b64u, sha256, unb64u
from ledger.errors import CodecError

MOST_VALIDATORS = 200


@dataclass(frozen=True, slots=True)
class Validator:
    """An Ed25519 validator: raw public key (32 bytes) and voting power."""

    public_key: bytes
    power: int

    @property
    def address(self) -> bytes:
        """The first 20 bytes of the public key's SHA-256."""
        return sha256(self.public_key)[:ADDRESS_BYTES]

    def json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"power": self.power, "public_key": b64u(self.public_key)}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read the JSON form. Raises `CodecError`."""
        given = members(value, ("power", "public_key"), "validator")
        return cls(unb64u(given["public_key"], size=32), whole(given["power"], "validator: power", least=1))


def validators_hash(validators: Sequence[Validator]) -> bytes:
    """Return the Merkle root of tendermint.types.SimpleValidator in the set's order."""
    return merkle.root(
        [
            merkle.leaf_hash(wire.message(1, wire.data(1, validator.public_key)) + wire.integer(2, validator.power))
            for validator in validators
        ]
    )


def read_validators(value: object) -> tuple[Validator, ...]:
    """Read a validator set: 1 to 200, each key once, in CometBFT's order (power falling, then address rising)."""
    if not isinstance(value, list) or not 1 <= len(value) <= MOST_VALIDATORS:
        raise CodecError(f"expected a list of 1 to {MOST_VALIDATORS} validators")
    validators = tuple(Validator.read(each) for each in value)
    order = [(-validator.power, validator.address) for validator in validators]
    if order != sorted(order) or len({validator.public_key for validator in validators}) != len(validators):
        raise CodecError("validators are not in order of power and address, each once")
    return validators
