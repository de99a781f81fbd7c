"""A ledger's own file, changed in each way, with nothing but itself to be compared with."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ledger import state
from ledger.audit import stored
from ledger.audit.chain import Walk, first_since
from ledger.audit.findings import Finding
from ledger.backends.reader import EmbeddedReader
from ledger.codec import b64u, canonical
from ledger.errors import LedgerError, NewerRules
from ledger.state import Code
from ledger.state.batches import NONE_BEFORE
from tests.support.ledger import Operator, random_digest
from tests.support.newer import TYPE, newer


class Kept:
    """A ledger of six blocks with batches, and its file."""

    def __init__(self, path: Path) -> None:
        self.path, self.operator = path, Operator()
        self.ledger = self.operator.ledger(path)
        self.roots = [NONE_BEFORE]
        for _ in range(3):
            self.anchor()

    def anchor(self, **changes: Any) -> None:
        """Anchor the next batch."""
        body = {
            "stream": "records",
            "root": random_digest(),
            "size": 1,
            "sequence": len(self.roots),
            "previous": self.roots[-1],
            **changes,
        }
        self.ledger.submit(self.operator.entry("batch.anchor", body))
        self.roots.append(body["root"])

    def rewrite(self, statement: str, *values: object) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            assert db.execute(statement, values).rowcount > 0

    def column(self, statement: str, *values: object) -> Any:
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(statement, values).fetchone()[0]

    def found(self, *, first: int = 1) -> list[Finding]:
        public = self.operator.validator.private.public_key().public_bytes_raw()
        with EmbeddedReader(self.path, chain=self.operator.chain, validator=public) as reader:
            last = reader.height()
            walk = Walk(reader, self.operator.genesis(), trust=None, first=first, last=last)
            found = [each for step in walk.steps() for each in step.findings]
            found += stored.check(reader, walk.replay, first=first, walked=last)
            walk.replay.close()
        return found

    def sentences(self, *, first: int = 1) -> list[str]:
        return [each.sentence for each in self.found(first=first)]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    kept = Kept(tmp_path / "ledger.sqlite")
    yield kept
    kept.ledger.close()


def test_nothing_is_found_in_a_ledger_that_nobody_touched(kept: Kept) -> None:
    assert kept.sentences() == []


@pytest.mark.parametrize("first", [2, 3, 4, 6])
def test_nothing_is_found_from_any_height_on(kept: Kept, first: int) -> None:
    assert kept.sentences(first=first) == []


def test_a_reader_sees_what_is_written_meanwhile(kept: Kept) -> None:
    public = kept.operator.validator.private.public_key().public_bytes_raw()
    with EmbeddedReader(kept.path, chain=kept.operator.chain, validator=public) as reader:
        before = reader.height()
        kept.anchor()
        assert reader.height() == before + 2
        assert reader.block(before + 1) == kept.ledger.block(before + 1)


def test_a_reader_writes_nothing(kept: Kept) -> None:
    public = kept.operator.validator.private.public_key().public_bytes_raw()
    with (
        EmbeddedReader(kept.path, chain=kept.operator.chain, validator=public) as reader,
        pytest.raises(sqlite3.OperationalError, match="attempt to write a readonly database"),
    ):
        reader.db.execute("DELETE FROM blocks")


def test_a_file_that_is_no_ledger_is_told(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"
    path.write_bytes(b"this is no database at all, whatever it is called")
    with pytest.raises(LedgerError, match=r"none\.sqlite: file is not a database"):
        EmbeddedReader(path, chain="any", validator=bytes(32))


def test_the_first_height_since_a_moment_is_found(kept: Kept) -> None:
    last = kept.ledger.height()
    for height in range(1, last):
        assert first_since(kept.ledger.block, kept.ledger.block(height).header.time, last) == height
    assert first_since(kept.ledger.block, 0, last) == 1


def test_a_changed_header_is_found(kept: Kept) -> None:
    header = json.loads(kept.column("SELECT header FROM blocks WHERE height = 4"))
    header["proposer_address"] = b64u(bytes(20))
    kept.rewrite("UPDATE blocks SET header = ? WHERE height = 4", canonical(header).decode())
    block = kept.ledger.block(4)
    got = block.header.hash().hex()
    true = block.next.last_block_id.hash.hex()
    assert kept.sentences() == [
        f"block 4: the commit is for height 4, hash {true}, its header has {got}",
        f"block 4: its header has hash {got}, the next header names {true}",
    ]


def test_a_changed_signature_is_found(kept: Kept) -> None:
    vote = json.loads(kept.column("SELECT vote FROM blocks WHERE height = 4"))
    vote["signatures"][0]["signature"] = b64u(bytes(64))
    kept.rewrite("UPDATE blocks SET vote = ? WHERE height = 4", canonical(vote).decode())
    address = kept.ledger.block(3).validators[0].address.hex()
    assert kept.sentences() == [
        f"block 4: signature of validator {address} does not verify",
        "block 4: the next header names other signatures for it than are kept",
    ]


def test_a_missing_block_is_found_and_what_follows_is_looked_at(kept: Kept) -> None:
    kept.rewrite("DELETE FROM blocks WHERE height = 4")
    found = kept.sentences()
    assert found[:2] == [
        "block 3: the ledger has no block 4; the state cannot be compared any more from here on",
        "block 4: the ledger has no block 4",
    ]


def test_a_damaged_block_is_found(kept: Kept) -> None:
    kept.rewrite("UPDATE blocks SET header = '{}' WHERE height = 4")
    assert kept.sentences()[0].startswith("block 3: header has [], expected exactly ['app_hash', ")


def test_a_changed_result_is_found(kept: Kept) -> None:
    kept.rewrite("UPDATE entries SET code = 10 WHERE height = 4")
    assert kept.sentences() == [
        "block 4: the results of its entries are not those that the next header commits to",
        "block 4: its results are 10; executed again they are 0",
    ]


def test_an_entry_by_another_key_is_found(kept: Kept) -> None:
    entry = kept.column("SELECT data FROM entries WHERE height = 4")
    kept.rewrite("UPDATE entries SET data = ? WHERE height = 4", entry.replace(b'"size":1', b'"size":2'))
    assert kept.sentences()[:2] == [
        "block 4: its 1 entries are not those that its header commits to",
        f"block 4: its results are 0; executed again they are {int(Code.BAD_SIGNATURE)}",
    ]


def test_a_second_batch_of_one_sequence_is_found_though_the_validator_signed_it(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as lenient:
        lenient.setattr(state, "check", lambda *_: {})
        kept.anchor(sequence=3, previous=kept.roots[-2])
    height = kept.ledger.height() - 1
    assert kept.sentences() == [
        f"block {height}: its results are 0; executed again they are {int(Code.OUT_OF_SEQUENCE)}"
    ]


def test_a_state_that_no_entry_made_is_found_though_the_validator_signed_it(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = state.check
    with monkeypatch.context() as lenient:
        lenient.setattr(state, "check", lambda *given: {**true(*given), "claim/x": {"org": "tidegate"}})
        kept.anchor()
    height = kept.ledger.height()
    found = kept.sentences()
    got, expected = found[0].split("; executed again the state is ")
    assert got == f"block {height}: its app hash is {kept.ledger.block(height - 1).next.app_hash.hex()}"
    assert found[1] == f"block {height}: the state's root is {got.split()[-1]}, its blocks make {expected}"
    assert found[2] == 'state claim/x: it is {"org":"tidegate"}, the blocks make nothing'


def test_the_state_before_the_first_height_is_judged_by_its_header(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    true = state.check
    with monkeypatch.context() as lenient:
        lenient.setattr(state, "check", lambda *given: {**true(*given), "claim/x": {"org": "tidegate"}})
        kept.anchor()
    kept.anchor()
    height = kept.ledger.height() - 1
    found = kept.sentences(first=height)
    assert found[0].startswith(f"block {height}: its app hash is ")
    assert "; executed again the state is " in found[0]


def test_an_entry_filed_under_another_id_is_found(kept: Kept) -> None:
    true = kept.column("SELECT entry_id FROM entries WHERE height = 4")
    kept.rewrite("UPDATE entries SET entry_id = 'elsewhere' WHERE height = 4")
    assert kept.sentences() == [f"block 4: entry {true} is filed under the id elsewhere: it is not found"]


def test_a_changed_state_is_found(kept: Kept) -> None:
    key = "batch/tidegate/records"
    true = kept.column("SELECT value FROM state WHERE key = ?", key)
    kept.rewrite("UPDATE state SET value = '{}' WHERE key = ?", key)
    assert kept.sentences() == [f"state {key}: it is {{}}, the blocks make {true}"]
    kept.rewrite("DELETE FROM state WHERE key = ?", key)
    assert kept.sentences() == [f"state {key}: it is nothing, the blocks make {true}"]


def test_a_changed_tree_is_found(kept: Kept) -> None:
    node = kept.column("SELECT hash FROM nodes LIMIT 1")
    kept.rewrite("UPDATE nodes SET node = X'00' WHERE hash = ?", node)
    assert kept.sentences() == [f"node {node.hex()}: it does not have the hash that it is filed under"]
    assert kept.sentences(first=3) == [f"node {node.hex()}: it does not have the hash that it is filed under"]
    kept.rewrite("DELETE FROM nodes WHERE hash = ?", node)
    assert kept.sentences() == ["the state's tree: 1 of its nodes are gone"]


def test_another_genesis_is_found(kept: Kept) -> None:
    kept.operator.sealing = Operator().sealing
    found = kept.sentences()
    assert found[0].startswith(f"block 1: its app hash is {kept.ledger.block(1).header.app_hash.hex()}; executed again")


def test_validators_that_the_state_does_not_name_are_found(kept: Kept) -> None:
    kept.operator.validator = Operator().validator
    found = kept.sentences()
    assert "block 2: its header names another validator set than the one that signed" in found


@pytest.mark.parametrize("first", [1, 19])
def test_a_ledger_of_newer_rules_is_audited_by_newer_software_alone(kept: Kept, first: int) -> None:
    with newer():
        kept.ledger.submit(kept.operator.entry("rules.activate", {"version": 2, "height": 18}))
        while kept.ledger.height() < 18:
            kept.anchor()
        kept.ledger.submit(kept.operator.entry(TYPE, {"commitment": random_digest()}))
        kept.anchor()
        assert kept.found(first=first) == []
    public = kept.operator.validator.private.public_key().public_bytes_raw()
    with EmbeddedReader(kept.path, chain=kept.operator.chain, validator=public) as reader:
        walk = Walk(reader, kept.operator.genesis(), trust=None, first=first, last=reader.height())
        steps = walk.steps()
        assert [next(steps).findings for _ in range(1, 18)] == [()] * 17
        with pytest.raises(NewerRules, match=r"^rules of version 2 hold from height 18 on, this software knows those"):
            next(steps)
        walk.replay.close()
