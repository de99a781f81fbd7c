"""What every ledger backend must hold."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import merkle, smt
from ledger.backends.base import Backend
from ledger.blocks.commits import verify_commit
from ledger.blocks.contents import entry_leaf, result_leaf
from ledger.blocks.validators import validators_hash
from ledger.codec import canonical
from ledger.entries import decode
from ledger.errors import LedgerError, Rejected
from ledger.state import Code
from tests.support.ledger import Operator, random_digest


@pytest.fixture
def operator() -> Operator:
    return Operator()


@pytest.fixture(params=["embedded"])
def backend(operator: Operator, tmp_path: Path) -> Iterator[Backend]:
    backend = operator.ledger(tmp_path / "ledger.sqlite")
    yield backend
    backend.close()


def added(operator: Operator) -> bytes:
    return operator.entry("owner.credential_added", {"commitment": random_digest()})


def test_an_accepted_entry_becomes_final_in_a_block_that_can_be_proved(backend: Backend, operator: Operator) -> None:
    entry = added(operator)
    backend.submit(entry)
    outcome = backend.outcome(decode(entry).id)
    assert outcome is not None
    assert outcome.code == Code.OK
    block = backend.block(outcome.height)
    assert block.entries[outcome.index] == entry
    assert block.header.data_hash == merkle.root([entry_leaf(each) for each in block.entries])
    assert block.next.last_results_hash == merkle.root([result_leaf(code) for code in block.codes])
    assert block.next.last_block_id.hash == block.header.hash()
    assert block.commit.block_id.hash == block.next.hash()
    assert block.next.validators_hash == validators_hash(block.validators)
    verify_commit(block.commit, chain=backend.chain, validators=block.validators)


def test_the_same_entry_twice_has_one_effect(backend: Backend, operator: Operator) -> None:
    entry = added(operator)
    backend.submit(entry)
    before = backend.height(), backend.outcome(decode(entry).id)
    backend.submit(entry)
    assert (backend.height(), backend.outcome(decode(entry).id)) == before


def test_an_entry_that_would_not_be_accepted_is_rejected_with_its_reason(backend: Backend, operator: Operator) -> None:
    with pytest.raises(Rejected, match=r"^entry is for chain 'other', expected 'tidegate-test'$") as rejected:
        backend.submit(operator.entry("owner.credential_added", {"commitment": random_digest()}, chain="other"))
    assert rejected.value.code == Code.WRONG_CHAIN


def test_an_unknown_entry_has_no_outcome(backend: Backend) -> None:
    assert backend.outcome("AAAAAAAAAAAAAAAAAAAAAA") is None


def test_presence_and_absence_are_proved_under_the_newest_app_hash(backend: Backend, operator: Operator) -> None:
    digest = random_digest()
    backend.submit(operator.entry("owner.credential_added", {"commitment": digest}))
    height = backend.height()
    app_hash = backend.block(height - 1).next.app_hash
    present, absent = backend.prove([f"credential/{digest}", "credential/none"], height)
    assert present.value is not None
    smt.verify_member(key=present.key, value=canonical(present.value), proof=present.proof, root=app_hash)
    assert absent.value is None
    smt.verify_absent(key=absent.key, proof=absent.proof, root=app_hash)


def test_a_block_that_is_not_final_is_not_given(backend: Backend) -> None:
    with pytest.raises(LookupError, match=r"^block 1 is not final; the newest final one is 0$"):
        backend.block(1)


def test_the_trust_names_chain_engine_and_validators(backend: Backend) -> None:
    trust = backend.trust()
    assert (trust["chain"], trust["engine"], trust["former"]) == (backend.chain, backend.engine, [])
    assert len(trust["validators"]) >= 1


def test_a_ledger_opened_again_goes_on_where_it_was(operator: Operator, tmp_path: Path) -> None:
    first = operator.ledger(tmp_path / "ledger.sqlite")
    entry = added(operator)
    first.submit(entry)
    before = first.height(), first.outcome(decode(entry).id)
    first.close()
    again = operator.ledger(tmp_path / "ledger.sqlite")
    assert (again.height(), again.outcome(decode(entry).id)) == before
    again.submit(added(operator))
    assert again.height() == before[0] + 2
    again.close()


def test_a_second_opener_is_refused(operator: Operator, tmp_path: Path) -> None:
    first = operator.ledger(tmp_path / "ledger.sqlite")
    with pytest.raises(
        LedgerError, match=r"is open in another process; one worker at a time runs the embedded ledger$"
    ):
        operator.ledger(tmp_path / "ledger.sqlite")
    first.close()


def test_another_validators_file_is_refused(operator: Operator, tmp_path: Path) -> None:
    operator.ledger(tmp_path / "ledger.sqlite").close()
    with pytest.raises(LedgerError, match=r"has another validator, not 'tidegate-test'$"):
        Operator().ledger(tmp_path / "ledger.sqlite")


def test_replaying_the_entries_gives_the_same_state(operator: Operator, tmp_path: Path) -> None:
    one, other = operator.ledger(tmp_path / "one.sqlite"), operator.ledger(tmp_path / "other.sqlite")
    entries = [added(operator) for _ in range(5)]
    for entry in entries:
        one.submit(entry)
        other.submit(entry)
    assert one.block(one.height() - 1).next.app_hash == other.block(other.height() - 1).next.app_hash
    one.close()
    other.close()
