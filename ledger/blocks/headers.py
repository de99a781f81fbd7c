"""Block ids and headers, with CometBFT 0.38's hash and their JSON form.

JSON members that are hashes, keys or signatures are base64url without padding; heights and powers are integers; times
are RFC 3339 with trailing zeros trimmed. Reading is strict: unknown or missing members are a `CodecError`.
"""

from dataclasses import dataclass
from typing import Any, Self

from ledger import merkle
from ledger.blocks import times, wire
from ledger.blocks.forms import members, whole
from ledger.codec import b64u, unb64u
from ledger.errors import CodecError

BLOCK_PROTOCOL, APP_PROTOCOL = 11, 1
ADDRESS_BYTES = 20


@dataclass(frozen=True, slots=True)
class BlockId:
    """A block's header hash, and the number and Merkle root of its parts."""

    hash: bytes = b""
    parts: int = 0
    parts_hash: bytes = b""

    def proto(self) -> bytes:
        """Return tendermint.types.BlockID (also its canonical form, which has the same fields)."""
        return wire.data(1, self.hash) + wire.message(2, wire.integer(1, self.parts) + wire.data(2, self.parts_hash))

    def json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"hash": b64u(self.hash), "parts": self.parts, "parts_hash": b64u(self.parts_hash)}

    @classmethod
    def read(cls, value: object) -> Self:
        """Read the JSON form; the id before the first block is empty."""
        given = members(value, ("hash", "parts", "parts_hash"), "block id")
        parts = whole(given["parts"], "block id: parts")
        size = 32 if parts else 0
        return cls(unb64u(given["hash"], size=size), parts, unb64u(given["parts_hash"], size=size))


HASHES = (
    "last_commit_hash",
    "data_hash",
    "validators_hash",
    "next_validators_hash",
    "consensus_hash",
    "app_hash",
    "last_results_hash",
    "evidence_hash",
    "proposer_address",
)
"""The hashes of a header, in their order."""


@dataclass(frozen=True, slots=True)
class Header:
    """A block header. `time` in nanoseconds since 1970; `app_hash` is the state's root before this block's entries."""

    chain: str
    height: int
    time: int
    last_block_id: BlockId
    last_commit_hash: bytes
    data_hash: bytes
    validators_hash: bytes
    next_validators_hash: bytes
    consensus_hash: bytes
    app_hash: bytes
    last_results_hash: bytes
    evidence_hash: bytes
    proposer_address: bytes

    def fields(self) -> list[bytes]:
        """Return the 14 protobuf-encoded fields that the hash is over; an empty field is an empty leaf."""
        return [
            wire.integer(1, BLOCK_PROTOCOL) + wire.integer(2, APP_PROTOCOL),
            wire.data(1, self.chain.encode()),
            wire.integer(1, self.height),
            wire.timestamp(self.time),
            self.last_block_id.proto(),
            *(wire.data(1, getattr(self, name)) for name in HASHES),
        ]

    def hash(self) -> bytes:
        """Return the header hash: the Merkle root of the 14 fields."""
        return merkle.root([merkle.leaf_hash(field) for field in self.fields()])

    def proto(self) -> bytes:
        """Return tendermint.types.Header."""
        return b"".join(
            [
                wire.message(1, wire.integer(1, BLOCK_PROTOCOL) + wire.integer(2, APP_PROTOCOL)),
                wire.data(2, self.chain.encode()),
                wire.integer(3, self.height),
                wire.message(4, wire.timestamp(self.time)),
                wire.message(5, self.last_block_id.proto()),
                *(wire.data(6 + place, getattr(self, name)) for place, name in enumerate(HASHES)),
            ]
        )

    def json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "chain": self.chain,
            "height": self.height,
            "time": times.to_text(self.time),
            "last_block_id": self.last_block_id.json(),
            **{name: b64u(getattr(self, name)) for name in HASHES},
        }

    @classmethod
    def read(cls, value: object) -> Self:
        """Read the JSON form. Raises `CodecError`."""
        given = members(value, ("chain", "height", "time", "last_block_id", *HASHES), "header")
        if not isinstance(given["chain"], str):
            raise CodecError("header: chain is no string")
        return cls(
            given["chain"],
            whole(given["height"], "header: height", least=1),
            times.from_text(given["time"]),
            BlockId.read(given["last_block_id"]),
            *(unb64u(given[name], size=ADDRESS_BYTES if name == "proposer_address" else 32) for name in HASHES),
        )
