"""The messages, against the definitions that the engine is built of; and their framing."""

import asyncio
import gzip
import os
import re
import subprocess
from enum import IntEnum
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from ledger.backends.cometbft import engine, messages, wire
from ledger.blocks.wire import varint
from ledger.errors import CodecError

FIELD = descriptor_pb2.FieldDescriptorProto
GENERATED = re.compile(r"var fileDescriptor_\w+ = \[\]byte\{(.*?)\n\}", re.DOTALL)
SOURCES = ("abci/types/types.pb.go", "proto/tendermint/crypto/keys.pb.go")
KINDS = {"enum": FIELD.TYPE_ENUM, "string": FIELD.TYPE_STRING, "bytes": FIELD.TYPE_BYTES} | {
    name: FIELD.Type.Value(f"TYPE_{name.upper()}") for name in ("int64", "uint32", "uint64")
}


def module() -> Path:
    """Return where Go keeps the source of the engine's module, fetched if it is not there."""
    told = subprocess.run(  # noqa: S603 - Go's own tool
        [engine.go(), "mod", "download", "-json", f"{engine.MODULE}@{engine.VERSION}"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "GOFLAGS": ""},
    )
    found = re.search(r'"Dir": "([^"]+)"', told.stdout)
    assert found
    return Path(found[1])


@pytest.fixture(scope="module")
def defined() -> dict[str, descriptor_pb2.DescriptorProto]:
    """Return CometBFT's own messages by name."""
    found: dict[str, descriptor_pb2.DescriptorProto] = {}
    for source in SOURCES:
        generated = GENERATED.search((module() / source).read_text())
        assert generated
        numbers = re.findall(r"0x([0-9a-f]{2})", re.sub(r"//.*", "", generated[1]))
        file = descriptor_pb2.FileDescriptorProto.FromString(gzip.decompress(bytes.fromhex("".join(numbers))))
        found |= {message.name: message for message in file.message_type}
        found |= {enum.name: _holding(enum) for enum in file.enum_type}
    return found


def _holding(enum: descriptor_pb2.EnumDescriptorProto) -> descriptor_pb2.DescriptorProto:
    return descriptor_pb2.DescriptorProto(name=enum.name, enum_type=[enum])


@pytest.mark.parametrize("message", messages.fields())
def test_every_field_is_the_engines(message: str, defined: dict[str, descriptor_pb2.DescriptorProto]) -> None:
    theirs = {field.name: field for field in defined[message].field}
    for name, number, kind, repeated, chosen in messages.fields()[message]:
        field = theirs[name]
        assert field.number == number, name
        assert (field.label == FIELD.LABEL_REPEATED) == repeated, name
        assert field.HasField("oneof_index") == chosen, name
        if kind in KINDS:
            assert field.type == KINDS[kind], name
        else:
            assert field.type_name.rpartition(".")[2] == kind, name


@pytest.mark.parametrize(
    ("ours", "message", "enum"),
    [
        (messages.CheckTxType, "CheckTxType", "CheckTxType"),
        (messages.MisbehaviorType, "MisbehaviorType", "MisbehaviorType"),
        (messages.OfferSnapshotResult, "ResponseOfferSnapshot", "Result"),
        (messages.ApplySnapshotChunkResult, "ResponseApplySnapshotChunk", "Result"),
        (messages.ProposalStatus, "ResponseProcessProposal", "ProposalStatus"),
    ],
)
def test_every_enum_is_the_engines(
    ours: type[IntEnum], message: str, enum: str, defined: dict[str, descriptor_pb2.DescriptorProto]
) -> None:
    theirs = next(each for each in defined[message].enum_type if each.name == enum)
    assert {each.name: each.value for each in ours}.items() <= {each.name: each.number for each in theirs.value}.items()


def read(data: bytes) -> bytes | None:
    async def reading() -> bytes | None:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await wire.read_frame(reader)

    return asyncio.run(reading())


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 2_097_152])
def test_a_message_of_any_length_is_read_as_it_was_sent(size: int) -> None:
    assert read(wire.frame(b"x" * size) + b"more") == b"x" * size


def test_the_end_of_the_stream_is_told_apart_from_a_cut_message() -> None:
    assert read(b"") is None
    with pytest.raises(CodecError, match=r"^the stream ended after 1 bytes, expected 2$"):
        read(b"\x02x")
    with pytest.raises(CodecError, match=r"^the stream ended within a message's length$"):
        read(b"\x80")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (varint(wire.MOST_BYTES + 1), r"a message of 104857601 bytes, expected at most 104857600"),
        (b"\xff\xff\xff\xff\x01", r"a message's length has more than 4 bytes"),
        (b"\x80\x00", r"a message's length is not in its shortest form"),
    ],
)
def test_a_length_out_of_bounds_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(CodecError, match=f"^{reason}$"):
        read(data)
