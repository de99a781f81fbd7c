"""Commits: what validators sign, CometBFT 0.38's hash, the JSON form, and verification.

JSON members that are hashes, keys or signatures are base64url without padding; heights and powers are integers; times
are RFC 3339 with trailing zeros trimmed. Reading is strict: unknown or missing members are a `CodecError`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger import merkle
from ledger.blocks import times, wire
from ledger.blocks.forms import members, whole
from ledger.blocks.headers import ADDRESS_BYTES, BlockId
from ledger.blocks.validators import MOST_VALIDATORS, Validator
from ledger.codec import b64u, unb64u
from ledger.errors import CodecError, VerificationError

PRECOMMIT = 2
FLAG_COMMIT = 2


@dataclass(frozen=True, slots=True)
class CommitSignature:
    """One validator's precommit for the block: address, time in nanoseconds, Ed25519 signature."""

    address: bytes
    time: int
    signature: bytes

    def proto(self) -> bytes:
        """Return tendermint.types.CommitSig with the flag COMMIT."""
        return (
            wire.integer(1, FLAG_COMMIT)
            + wire.data(2, self.address)
            + wire.message(3, wire.timestamp(self.time))
            + wire.data(4, self.signature)
        )


@dataclass(frozen=True, slots=True)
class Commit:
    """The precommits for one block; only those that voted for it are kept."""

    height: int
    round: int
    block_id: BlockId
    signatures: tuple[CommitSignature, ...]

    def hash(self) -> bytes:
        """Return the Merkle root of the signatures, as the next header's `last_commit_hash` has it."""
        return merkle.root([merkle.leaf_hash(signature.proto()) for signature in self.signatures])

    def proto(self) -> bytes:
        """Return tendermint.types.Commit."""
        head = wire.integer(1, self.height) + wire.integer(2, self.round) + wire.message(3, self.block_id.proto())
        return head + b"".join(wire.message(4, signature.proto()) for signature in self.signatures)

    def sign_bytes(self, chain: str, time: int) -> bytes:
        """Return what a validator signs: length-prefixed CanonicalVote for a precommit at `time`."""
        return wire.delimited(
            wire.integer(1, PRECOMMIT)
            + wire.sfixed64(2, self.height)
            + wire.sfixed64(3, self.round)
            + wire.message(4, self.block_id.proto())
            + wire.message(5, wire.timestamp(time))
            + wire.data(6, chain.encode())
        )

    def json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "height": self.height,
            "round": self.round,
            "block_id": self.block_id.json(),
            "signatures": [
                {"address": b64u(each.address), "time": times.to_text(each.time), "signature": b64u(each.signature)}
                for each in self.signatures
            ],
        }

    @classmethod
    def read(cls, value: object) -> Self:
        """Read the JSON form. Raises `CodecError`."""
        given = members(value, ("height", "round", "block_id", "signatures"), "commit")
        if not isinstance(given["signatures"], list) or len(given["signatures"]) > MOST_VALIDATORS:
            raise CodecError(f"commit: expected a list of at most {MOST_VALIDATORS} signatures")
        return cls(
            whole(given["height"], "commit: height", least=1),
            whole(given["round"], "commit: round"),
            BlockId.read(given["block_id"]),
            tuple(_signature(each) for each in given["signatures"]),
        )


def _signature(value: object) -> CommitSignature:
    given = members(value, ("address", "time", "signature"), "commit signature")
    return CommitSignature(
        unb64u(given["address"], size=ADDRESS_BYTES),
        times.from_text(given["time"]),
        unb64u(given["signature"], size=64),
    )


def verify_commit(commit: Commit, *, chain: str, validators: Sequence[Validator]) -> None:
    """Raise `VerificationError` unless validators with more than 2/3 of the power signed `commit` on `chain`.

    Every signature must be by another validator, in the set's order, and must verify: nothing idle may stand in a
    proof, and there is one form of it.
    """
    following = iter(validators)
    power = 0
    for signature in commit.signatures:
        validator = next((each for each in following if each.address == signature.address), None)
        if validator is None:
            raise VerificationError(
                f"commit signed by {signature.address.hex()}, expected another validator in the set's order"
            )
        try:
            Ed25519PublicKey.from_public_bytes(validator.public_key).verify(
                signature.signature, commit.sign_bytes(chain, signature.time)
            )
        except InvalidSignature:
            raise VerificationError(f"signature of validator {signature.address.hex()} does not verify") from None
        power += validator.power
    total = sum(validator.power for validator in validators)
    if power * 3 <= total * 2:
        raise VerificationError(f"commit carries power {power} of {total}, expected more than two thirds")
