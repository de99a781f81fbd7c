"""ABCI 2.0's messages, as far as the application reads and writes them, for the protobuf runtime.

Every field here is one of CometBFT's `tendermint.abci` (and `tendermint.crypto.PublicKey`), which a test compares with
the definitions that the engine is built of. What is not listed is skipped when read.
"""

import re
from enum import IntEnum
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TABLE = """
Request: echo 1 RequestEcho?, flush 2 RequestFlush?, info 3 RequestInfo?, init_chain 5 RequestInitChain?,
    query 6 RequestQuery?, check_tx 8 RequestCheckTx?, commit 11 RequestCommit?,
    list_snapshots 12 RequestListSnapshots?, offer_snapshot 13 RequestOfferSnapshot?,
    load_snapshot_chunk 14 RequestLoadSnapshotChunk?, apply_snapshot_chunk 15 RequestApplySnapshotChunk?,
    prepare_proposal 16 RequestPrepareProposal?, process_proposal 17 RequestProcessProposal?,
    finalize_block 20 RequestFinalizeBlock?
RequestEcho: message 1 string
RequestFlush:
RequestInfo: version 1 string, abci_version 4 string
RequestInitChain: chain_id 2 string, validators 4 ValidatorUpdate*, app_state_bytes 5 bytes, initial_height 6 int64
RequestQuery: data 1 bytes, path 2 string, height 3 int64
RequestCheckTx: tx 1 bytes, type 2 enum
RequestCommit:
RequestListSnapshots:
RequestOfferSnapshot: snapshot 1 Snapshot, app_hash 2 bytes
RequestLoadSnapshotChunk: height 1 uint64, format 2 uint32, chunk 3 uint32
RequestApplySnapshotChunk: index 1 uint32, chunk 2 bytes, sender 3 string
RequestPrepareProposal: max_tx_bytes 1 int64, txs 2 bytes*
RequestProcessProposal: height 5 int64
RequestFinalizeBlock: txs 1 bytes*, misbehavior 3 Misbehavior*, height 5 int64
Misbehavior: type 1 enum, validator 2 Validator, height 3 int64
Validator: address 1 bytes, power 3 int64
Response: exception 1 ResponseException?, echo 2 ResponseEcho?, flush 3 ResponseFlush?, info 4 ResponseInfo?,
    init_chain 6 ResponseInitChain?, query 7 ResponseQuery?, check_tx 9 ResponseCheckTx?, commit 12 ResponseCommit?,
    list_snapshots 13 ResponseListSnapshots?, offer_snapshot 14 ResponseOfferSnapshot?,
    load_snapshot_chunk 15 ResponseLoadSnapshotChunk?, apply_snapshot_chunk 16 ResponseApplySnapshotChunk?,
    prepare_proposal 17 ResponsePrepareProposal?, process_proposal 18 ResponseProcessProposal?,
    finalize_block 21 ResponseFinalizeBlock?
ResponseException: error 1 string
ResponseEcho: message 1 string
ResponseFlush:
ResponseInfo: data 1 string, version 2 string, app_version 3 uint64, last_block_height 4 int64,
    last_block_app_hash 5 bytes
ResponseInitChain: app_hash 3 bytes
ResponseQuery: code 1 uint32, log 3 string, key 6 bytes, value 7 bytes, height 9 int64
ResponseCheckTx: code 1 uint32, log 3 string
ResponseCommit: retain_height 3 int64
ResponseListSnapshots: snapshots 1 Snapshot*
ResponseOfferSnapshot: result 1 enum
ResponseLoadSnapshotChunk: chunk 1 bytes
ResponseApplySnapshotChunk: result 1 enum, refetch_chunks 2 uint32*, reject_senders 3 string*
ResponsePrepareProposal: txs 1 bytes*
ResponseProcessProposal: status 1 enum
ResponseFinalizeBlock: tx_results 2 ExecTxResult*, validator_updates 3 ValidatorUpdate*, app_hash 5 bytes
ExecTxResult: code 1 uint32, log 3 string
ValidatorUpdate: pub_key 1 PublicKey, power 2 int64
PublicKey: ed25519 1 bytes?
Snapshot: height 1 uint64, format 2 uint32, chunks 3 uint32, hash 4 bytes, metadata 5 bytes
"""
"""Message: field number type; `*` repeated, `?` one of those so marked. Enums are read and written as their number."""


class CheckTxType(IntEnum):
    """Why an entry is checked."""

    NEW = 0
    RECHECK = 1


class MisbehaviorType(IntEnum):
    """What a validator did that its own signatures prove."""

    DUPLICATE_VOTE = 1
    LIGHT_CLIENT_ATTACK = 2


class OfferSnapshotResult(IntEnum):
    """What is thought of a snapshot that is offered."""

    ACCEPT = 1
    REJECT = 3
    REJECT_FORMAT = 4


class ApplySnapshotChunkResult(IntEnum):
    """What is thought of a snapshot's chunk."""

    ACCEPT = 1
    RETRY = 3
    REJECT_SNAPSHOT = 5


class ProposalStatus(IntEnum):
    """What is thought of a proposed block."""

    ACCEPT = 1


Field = tuple[str, int, str, bool, bool]
"""Name, number, type, repeated, part of the message's one `oneof`."""


def fields(table: str = TABLE) -> dict[str, list[Field]]:
    """Return the table's fields by message."""
    found = {}
    for line in re.sub(r"\n +", " ", table).strip().splitlines():
        message, _, rest = line.partition(":")
        parts = [part.split() for part in rest.split(",") if part.strip()]
        found[message] = [
            (name, int(number), kind.rstrip("*?"), kind.endswith("*"), kind.endswith("?"))
            for name, number, kind in parts
        ]
    return found


def _classes() -> dict[str, Any]:
    """Return the message classes by name, made in a pool of their own."""
    described = fields()
    package = "tidegate.abci"
    file = descriptor_pb2.FileDescriptorProto(name="tidegate/abci.proto", package=package, syntax="proto3")
    for message, members in described.items():
        made = file.message_type.add(name=message)
        if any(member[-1] for member in members):
            made.oneof_decl.add(name="value")
        for name, number, kind, repeated, chosen in members:
            field = made.field.add(name=name, number=number, label=3 if repeated else 1)
            if kind in described:
                field.type, field.type_name = field.TYPE_MESSAGE, f".{package}.{kind}"
            else:
                field.type = field.Type.Value("TYPE_INT32" if kind == "enum" else f"TYPE_{kind.upper()}")
            if chosen:
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in described
    }


_CLASSES = _classes()


def new(message: str, /, **members: Any) -> Any:  # noqa: ANN401 - classes made at run time have no static type
    """Return a message of that name."""
    return _CLASSES[message](**members)


def parse(message: str, data: bytes) -> Any:  # noqa: ANN401 - as `new`
    """Read a message. Raises `google.protobuf.message.DecodeError`."""
    return _CLASSES[message].FromString(data)
