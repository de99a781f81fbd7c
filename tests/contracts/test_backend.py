"""What every ledger backend must hold; then what the embedded one holds besides."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import merkle, smt
from ledger.backends.base import Backend
from ledger.backends.cometbft.client import CometBFT
from ledger.blocks.commits import verify_commit
from ledger.blocks.contents import entry_leaf, result_leaf
from ledger.blocks.validators import validators_hash
from ledger.codec import canonical, unb64u
from ledger.entries import decode
from ledger.errors import CodecError, LedgerError, Rejected
from ledger.state import Code
from tests.support.ledger import Key, Operator, random_digest
from tests.support.newer import TYPE, newer
from tests.support.nodes import configure, final, running


@pytest.fixture(scope="module")
def operator() -> Operator:
    return Operator()


@pytest.fixture(scope="module", params=["embedded", "cometbft"])
def backend(
    operator: Operator, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    folder = tmp_path_factory.mktemp("ledger")
    if request.param == "embedded":
        with closing(operator.ledger(folder / "ledger.sqlite")) as ledger:
            yield ledger
        return
    nodes = configure(folder, operator, count=1)
    with running(nodes), closing(CometBFT([nodes[0].url], chain=operator.chain)) as ledger:
        yield ledger


class Impostor(Key):
    """A key that calls itself by another's id."""

    def __init__(self, private: Ed25519PrivateKey, claimed: Key) -> None:
        super().__init__(private)
        self.claimed = claimed

    @property
    def kid(self) -> str:
        return self.claimed.kid


def added(operator: Operator) -> bytes:
    return operator.entry("owner.credential_added", {"commitment": random_digest()})


def test_an_accepted_entry_becomes_final_in_a_block_that_can_be_proved(backend: Backend, operator: Operator) -> None:
    entry = added(operator)
    backend.submit(entry)
    outcome = final(backend, decode(entry).id)
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
    entry, another = added(operator), added(operator)
    backend.submit(entry)
    before = final(backend, decode(entry).id)
    backend.submit(entry)
    backend.submit(another)
    last = final(backend, decode(another).id).height
    standing = [height for height in range(1, last + 1) if entry in backend.block(height).entries]
    assert (standing, backend.outcome(decode(entry).id)) == ([before.height], before)


def test_an_entry_that_would_not_be_accepted_is_rejected_with_its_reason(backend: Backend, operator: Operator) -> None:
    with pytest.raises(Rejected, match=r"^entry is for chain 'other', expected 'tidegate-test'$") as rejected:
        backend.submit(operator.entry("owner.credential_added", {"commitment": random_digest()}, chain="other"))
    assert rejected.value.code == Code.WRONG_CHAIN


def late(operator: Operator) -> bytes:
    return operator.entry("owner.credential_added", {"commitment": random_digest()}, not_after_height=1)


def strange(operator: Operator) -> bytes:
    return added(replace(operator, org="stranger"))


def forged(operator: Operator) -> bytes:
    return added(replace(operator, entries=Impostor(Key().private, operator.entries)))


@pytest.mark.parametrize(
    ("made", "code", "reason"),
    [
        (late, Code.TOO_LATE, r"entry was valid up to height 1, this is \d+"),
        (strange, Code.WRONG_SIGNER, r"key \S+ of stranger is not registered"),
        (forged, Code.BAD_SIGNATURE, r"signature by key \S+ of tidegate does not verify"),
    ],
)
def test_late_foreign_and_forged_entries_are_rejected(
    backend: Backend, operator: Operator, made: Callable[[Operator], bytes], code: Code, reason: str
) -> None:
    before = added(operator)
    backend.submit(before)
    final(backend, decode(before).id)
    with pytest.raises(Rejected, match=f"^{reason}$") as rejected:
        backend.submit(made(operator))
    assert rejected.value.code == code


def test_an_oversized_entry_is_refused(backend: Backend) -> None:
    with pytest.raises(CodecError, match=r"^70000 bytes"):
        backend.submit(b" " * 70_000)


def test_an_entry_of_a_known_id_but_other_content_is_rejected(backend: Backend, operator: Operator) -> None:
    first = added(operator)
    backend.submit(first)
    final(backend, decode(first).id)
    again = operator.entry("owner.credential_added", {"commitment": random_digest()}, entry_id=unb64u(decode(first).id))
    with pytest.raises(Rejected, match=r"^entry \S+ was accepted before$") as rejected:
        backend.submit(again)
    assert rejected.value.code == Code.REPEATED


def test_rules_begin_no_sooner_than_they_can_still_be_withdrawn(backend: Backend, operator: Operator) -> None:
    with newer():
        activation = operator.entry("rules.activate", {"version": 2, "height": 1})
        with pytest.raises(Rejected, match=r"^rules would begin at height 1, expected \d+ or later$") as rejected:
            backend.submit(activation)
    assert rejected.value.code == Code.WRONG_STATE


def test_rules_are_planned_and_withdrawn(backend: Backend, operator: Operator) -> None:
    stood = []
    with newer():
        for height in (1_000_000, 2_000_000, 0):
            entry = operator.entry("rules.activate", {"version": 2, "height": height})
            backend.submit(entry)
            assert final(backend, decode(entry).id).code == Code.OK
            stood += [proof.value for proof in backend.prove(["rules"], backend.height())]
        with pytest.raises(Rejected, match=r"^no height is planned for rules of version 2$") as rejected:
            backend.submit(operator.entry("rules.activate", {"version": 2, "height": 0}))
    assert rejected.value.code == Code.UNKNOWN
    assert stood == [{"heights": [1_000_000]}, {"heights": [2_000_000]}, None]


def test_an_entry_of_rules_that_have_not_begun_is_rejected(backend: Backend, operator: Operator) -> None:
    with newer():
        entry = operator.entry(TYPE, {"commitment": random_digest()})
        with pytest.raises((Rejected, CodecError), match=rf"^entry: type: got '{TYPE}', ") as rejected:
            backend.submit(entry)
    assert getattr(rejected.value, "code", Code.MALFORMED) == Code.MALFORMED


def test_an_unknown_entry_has_no_outcome(backend: Backend) -> None:
    assert backend.outcome("AAAAAAAAAAAAAAAAAAAAAA") is None


def test_presence_and_absence_are_proved_under_the_newest_app_hash(backend: Backend, operator: Operator) -> None:
    digest = random_digest()
    entry = operator.entry("owner.credential_added", {"commitment": digest})
    backend.submit(entry)
    final(backend, decode(entry).id)
    height = backend.height()
    app_hash = backend.block(height - 1).next.app_hash
    present, absent = backend.prove([f"credential/{digest}", "credential/none"], height)
    assert present.value is not None
    smt.verify_member(key=present.key, value=canonical(present.value), proof=present.proof, root=app_hash)
    assert absent.value is None
    smt.verify_absent(key=absent.key, proof=absent.proof, root=app_hash)


def test_a_block_that_is_not_final_is_not_given(backend: Backend) -> None:
    with pytest.raises(LookupError, match=r"^block 1000 is not final; the newest final one is \d+$"):
        backend.block(1000)


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
