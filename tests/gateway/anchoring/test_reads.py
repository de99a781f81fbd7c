import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import asyncpg
from sqlalchemy import Engine

from gateway.anchoring import reads
from ledger import merkle, smt
from ledger.blocks.contents import entry_leaf
from ledger.blocks.headers import Header
from ledger.codec import canonical, unb64u
from tests.support.anchoring import Anchoring, consent_id, leaf_of

DUE = timedelta(seconds=1)
Found = TypeVar("Found")


def read(engine: Engine, ask: Callable[[asyncpg.Connection], Awaitable[Found]]) -> Found:
    """Run a read on a connection of its own."""

    async def run() -> Found:
        connection = await asyncpg.connect(
            engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        )
        try:
            return await ask(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def granted(at_work: Anchoring, entry_type: str = "consent.granted", version: int = 1) -> None:
    at_work.queue_entry(
        entry_type,
        consent_id(1),
        consent=consent_id(1),
        version=version,
        commitment=consent_id(100 + version),
        expires_at="2027-01-31T00:00:00Z",
    )


def test_before_anything_is_proved_there_is_no_header(at_work: Anchoring) -> None:
    assert read(at_work.engine, reads.head) is None


def test_a_leaf_is_read_once_its_batch_is_final_with_what_proves_it(at_work: Anchoring) -> None:
    at_work.queue_leaves("a", "b", "c")
    assert read(at_work.engine, lambda connection: reads.leaves(connection, ["a"], at=1000)) == {}
    at_work.clock.turn(DUE)
    at_work.finish()
    head = read(at_work.engine, reads.head)
    assert head == at_work.backend.height()
    found = read(at_work.engine, lambda connection: reads.leaves(connection, ["a", "c", "unknown"], at=head))
    assert sorted(found) == ["a", "c"]
    anchor = json.loads("{" + found["c"].entry.anchor.rest.decode().removeprefix(","))
    body = anchor["entry"]["body"]
    place = json.loads(b"{" + found["c"].leaf + b"}")
    merkle.verify_inclusion(
        leaf=leaf_of("c"),
        index=place["index"],
        size=body["size"],
        path=[unb64u(each) for each in place["path"]],
        expected=unb64u(body["root"]),
    )
    height = found["c"].entry.anchor.height
    block = read(at_work.engine, lambda connection: reads.blocks(connection, [height]))[height]
    header = Header.read(json.loads(block.head + b"}")["header"])
    assert header.data_hash == merkle.root([entry_leaf(canonical(anchor["entry"]))])


def test_what_is_final_above_the_header_is_not_there_yet(at_work: Anchoring) -> None:
    at_work.queue_leaves("a")
    granted(at_work)
    at_work.clock.turn(DUE)
    at_work.finish()
    (leaf,) = read(at_work.engine, lambda connection: reads.leaves(connection, ["a"], at=1000)).values()
    height = leaf.entry.anchor.height
    assert read(at_work.engine, lambda connection: reads.leaves(connection, ["a"], at=height)) == {}
    entry = read(at_work.engine, lambda connection: reads.activation(connection, consent_id(1), 1, at=1000))
    assert entry is not None
    at = entry.anchor.height
    assert read(at_work.engine, lambda connection: reads.activation(connection, consent_id(1), 1, at=at)) is None


def test_each_version_of_a_consent_has_the_entry_that_activated_it(at_work: Anchoring) -> None:
    granted(at_work)
    granted(at_work, "consent.amended", version=2)
    common = {"consent": consent_id(1), "version": 2, "commitment": consent_id(7)}
    at_work.queue_entry("consent.paused", consent_id(1), **common)
    at_work.finish()
    for version, entry_type in ((1, "consent.granted"), (2, "consent.amended")):
        entry = read(
            at_work.engine,
            lambda connection, v=version: reads.activation(connection, consent_id(1), v, at=1000),  # type: ignore[misc]
        )
        assert entry is not None
        assert json.loads("{" + entry.anchor.rest.decode().removeprefix(","))["entry"]["type"] == entry_type
    assert read(at_work.engine, lambda connection: reads.activation(connection, consent_id(1), 3, at=1000)) is None


def test_keys_are_proved_under_the_header_that_the_block_below_it_proves(at_work: Anchoring) -> None:
    at_work.queue_entry("owner.credential_added", "passkey", commitment=consent_id(5))
    at_work.finish()
    head = read(at_work.engine, reads.head)
    assert head is not None
    names = [
        f"key/tidegate/{at_work.keyring.receipts.kid}",
        f"credential/{consent_id(5)}",
        "key/tidegate/unknown",
    ]
    at, found = read(at_work.engine, lambda connection: reads.keys(connection, names))
    assert at == head
    assert sorted(found) == sorted(names[:2])
    below = read(at_work.engine, lambda connection: reads.blocks(connection, [head - 1]))[head - 1]
    header = Header.read(json.loads(below.head + b"}")["next"])
    assert header.height == head
    for key, part in found.items():
        proof = json.loads(part)
        siblings = tuple(unb64u(each) for each in proof["siblings"])
        smt.verify_member(key=key, value=canonical(proof["value"]), proof=smt.Proof(siblings), root=header.app_hash)
