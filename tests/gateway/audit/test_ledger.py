"""A ledger that is not the one that the database, or the trust file, was made of."""

from datetime import timedelta
from pathlib import Path

import pytest

from gateway.audit.scope import Progress
from gateway.audit.whole import audit
from gateway.cli.runtime import genesis
from ledger.backends.reader import EmbeddedReader
from tests.support.audited import Audited
from tests.support.rewriting import rewritten


def written_anew(past: Audited, path: Path, *, left_out: str, later: timedelta = timedelta(0)) -> list[str]:
    """Return what is found of a ledger that the validator's own key wrote anew."""
    gateway = past.path.gateway
    private = gateway.keyring.validator.private
    rewritten(
        past.ledger,
        path,
        genesis=genesis(gateway.settings, gateway.keyring),
        key=private,
        without=lambda kind: kind == left_out,
        later=later,
    )
    public = private.public_key().public_bytes_raw()
    with EmbeddedReader(path, chain=gateway.settings.chain, validator=public) as reader:
        told = audit(gateway.app.state.engine, past.scope(reader, trust=past.trust()))
        return [each.sentence for each in told if not isinstance(each, Progress)]


def test_the_same_history_written_anew_is_the_same_ledger(past: Audited, tmp_path: Path) -> None:
    assert written_anew(past, tmp_path / "anew.sqlite", left_out="nothing") == []


def test_a_history_without_the_revocation_is_a_fork_from_what_the_database_keeps(past: Audited, tmp_path: Path) -> None:
    entry = past.one("SELECT entry_id FROM ledgerentry WHERE type = 'consent.revoked'")
    height = past.one("SELECT height FROM ledgerentry WHERE entry_id = :id", id=entry)
    true = past.path.anchoring.backend.block(height).next.hash().hex()
    found = written_anew(past, tmp_path / "anew.sqlite", left_out="consent.revoked")
    assert found[0] == (
        f"ledger entry {entry} (consent.revoked of {past.revoked}): the database says it stands in block {height}, "
        "which holds 1 other entries"
    )
    assert found[1].startswith(f"block {height + 1}: two headers of this height are signed: ")
    assert found[1].endswith(f" in the ledger, {true} kept in the database")
    assert f"consent {past.revoked}: the database says state revoked, the ledger says active" in found


def test_a_history_from_another_first_block_on_is_a_fork_from_the_trust_file(past: Audited, tmp_path: Path) -> None:
    pinned = past.trust().pinned_hash.hex()
    found = written_anew(past, tmp_path / "anew.sqlite", left_out="nothing", later=timedelta(seconds=1))
    assert found[0].startswith("block 1: it has hash ")
    assert found[0].endswith(f", the trust file pins {pinned}")
    assert found[1].startswith("block 3: two headers of this height are signed: ")


def test_an_entry_removed_from_its_block_is_found(past: Audited) -> None:
    entry = past.one("SELECT entry_id FROM ledgerentry WHERE type = 'consent.revoked'")
    height = past.one("SELECT height FROM ledgerentry WHERE entry_id = :id", id=entry)
    past.rewrite("DELETE FROM entries WHERE entry_id = ?", entry)
    found = past.sentences()
    got, expected = app_hash(past, height + 1), app_hash(past, height)
    assert found[:3] == [
        f"block {height}: its 0 entries are not those that its header commits to",
        f"block {height}: the results of its entries are not those that the next header commits to",
        f"block {height + 1}: its app hash is {got}; executed again the state is {expected}",
    ]
    assert found[3] == (
        f"ledger entry {entry} (consent.revoked of {past.revoked}): the database says it stands in block {height}, "
        "which holds 0 other entries"
    )


def app_hash(past: Audited, height: int) -> str:
    """Return the app hash of a header."""
    return past.path.anchoring.backend.block(height - 1).next.app_hash.hex()


def test_blocks_cut_off_the_end_are_found(past: Audited) -> None:
    head = past.path.anchoring.backend.height()
    past.rewrite("DELETE FROM blocks WHERE height > ?", head - 4)
    past.rewrite("DELETE FROM entries WHERE height > ?", head - 4)
    entry = past.one("SELECT entry_id FROM ledgerentry WHERE height = :h", h=head - 1)
    found = past.sentences()
    assert (
        f"ledger entry {entry} (batch.anchor of receipts): the database says it stands in block {head - 1}, which the "
        "ledger does not have"
    ) in found
    assert f"block {head - 1}: the database keeps a proof of it, the ledger does not have it" in found


def test_another_chains_ledger_is_found(past: Audited) -> None:
    public = past.path.gateway.keyring.validator.private.public_key().public_bytes_raw()
    with another_chain(past, public) as reader:
        told = audit(past.path.gateway.app.state.engine, past.scope(reader, trust=past.trust()))
        found = [each.sentence for each in told if not isinstance(each, Progress)]
    assert found[:2] == [
        "the ledger: it is chain 'another' (embedded), the trust file is of 'tidegate-local' (embedded)",
        "block 1: it is of chain 'tidegate-local', expected 'another'",
    ]


def another_chain(past: Audited, public: bytes) -> EmbeddedReader:
    """Return a reader that expects another chain."""
    return EmbeddedReader(past.ledger, chain="another", validator=public)


@pytest.mark.parametrize("state", ["revoked", "active"])
def test_a_row_of_the_ledgers_state_is_found(past: Audited, state: str) -> None:
    key = f"consent/{past.revoked}"
    true = past.in_ledger("SELECT value FROM state WHERE key = ?", key)
    changed = true.replace('"state":"revoked"', f'"state":"{state}"')
    past.rewrite("UPDATE state SET value = ? WHERE key = ?", changed, key)
    expected = [] if state == "revoked" else [f"state {key}: it is {changed}, the blocks make {true}"]
    assert past.sentences() == expected
