"""The application: what it tells the engine, what it keeps, and that it is a function of the blocks alone."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.backends.cometbft import messages
from ledger.backends.cometbft.messages import ApplySnapshotChunkResult, MisbehaviorType, OfferSnapshotResult
from ledger.codec import b64u
from ledger.entries import decode
from ledger.errors import LedgerError
from ledger.state import Code
from tests.support.application import Driven
from tests.support.ledger import Key, Operator, random_digest

ACCEPT, REJECT = OfferSnapshotResult.ACCEPT, OfferSnapshotResult.REJECT


@pytest.fixture
def driven(tmp_path: Path) -> Iterator[Driven]:
    made = Driven(tmp_path / "app", Operator())
    yield made
    made.store.close()


def added(driven: Driven) -> bytes:
    return driven.operator.entry("owner.credential_added", {"commitment": random_digest()})


def test_a_block_that_was_executed_but_not_committed_leaves_no_trace(driven: Driven) -> None:
    driven.block(added(driven))
    before = driven.info()
    entry = added(driven)
    first = driven.execute([entry])
    driven.reopen()
    assert driven.info() == before
    assert driven.block(entry) == first
    assert (driven.info().last_block_height, driven.info().last_block_app_hash) == (2, first.app_hash)


def test_a_chain_that_was_begun_and_has_no_block_is_begun_again(driven: Driven) -> None:
    root = driven.store.root
    driven.reopen()
    assert (driven.info().last_block_height, driven.info().last_block_app_hash) == (0, b"")
    assert driven.begin(driven.operator.genesis()).app_hash == root


def test_an_empty_block_does_not_change_the_app_hash(driven: Driven) -> None:
    assert driven.block().app_hash == driven.block().app_hash


def test_what_is_refused_at_delivery_stands_with_its_code_and_changes_nothing(driven: Driven) -> None:
    entry = added(driven)
    told = driven.block(entry, entry, b"{}", driven.operator.entry("org.suspend", {"org": "nobody"}))
    codes = [(result.code, result.log) for result in told.tx_results]
    assert codes == [
        (Code.OK, ""),
        (Code.REPEATED, f"entry {decode(entry).id} was accepted before"),
        (Code.MALFORMED, "entry has [], expected exactly " + str(sorted(json.loads(entry)))),
        (Code.UNKNOWN, "organisation nobody is not registered"),
    ]
    alone = Driven(driven.folder / "alone", driven.operator)
    assert alone.block(entry).app_hash == told.app_hash
    alone.store.close()


def test_the_check_of_an_entry_says_what_delivery_would_say(driven: Driven) -> None:
    entry = added(driven)
    assert driven.check(entry).code == Code.OK
    driven.block(entry)
    refused = driven.check(entry)
    assert (refused.code, refused.log) == (Code.REPEATED, f"entry {decode(entry).id} was accepted before")
    late = driven.operator.entry("owner.credential_added", {"commitment": random_digest()}, not_after_height=1)
    assert driven.check(late).log == "entry was valid up to height 1, this is 2"


def test_a_changed_validator_is_told_to_the_engine_once(driven: Driven) -> None:
    other = Key()
    key = other.private.public_key().public_bytes_raw()
    told = driven.block(
        *(driven.operator.entry("validator.set", {"public_key": b64u(key), "power": power}) for power in (5, 7))
    )
    assert [(each.pub_key.ed25519, each.power) for each in told.validator_updates] == [(key, 7)]
    removed = driven.block(driven.operator.entry("validator.set", {"public_key": b64u(key), "power": 0}))
    assert [(each.pub_key.ed25519, each.power) for each in removed.validator_updates] == [(key, 0)]
    assert not driven.block().validator_updates
    assert [height for height, _ in json.loads(driven.query("/validators").value)] == [0, 1, 2]


def test_evidence_of_misbehaviour_is_kept_with_its_block_and_does_not_change_the_app_hash(driven: Driven) -> None:
    root = driven.block().app_hash
    culprit = messages.new("Validator", address=bytes(20), power=10)
    proof = messages.new("Misbehavior", type=MisbehaviorType.DUPLICATE_VOTE, validator=culprit, height=1)
    assert driven.block(evidence=[proof, proof]).app_hash == root
    driven.reopen()
    assert json.loads(driven.query("/misbehaviour").value) == [
        {"committed": 2, "height": 1, "kind": 1, "validator": "00" * 20}
    ]


def test_a_block_out_of_turn_is_not_executed(driven: Driven) -> None:
    driven.block()
    with pytest.raises(LedgerError, match=r"^block 3 was delivered, expected 2$"):
        driven.app.finalize_block(messages.new("RequestFinalizeBlock", height=3))


def test_a_genesis_of_another_chain_or_validator_is_refused(driven: Driven) -> None:
    with pytest.raises(LedgerError, match=r"^genesis is of chain 'tidegate-test', the engine's is 'another'$"):
        driven.begin(driven.operator.genesis(), chain_id="another")
    with pytest.raises(LedgerError, match=r"^genesis names other validators than the engine's$"):
        driven.begin(driven.operator.genesis(), validators=[])


def test_former_states_stay_provable_and_later_ones_are_not_yet(driven: Driven) -> None:
    first, second = added(driven), added(driven)
    roots = [driven.block(first).app_hash, driven.block(second).app_hash]
    keys = json.dumps([f"entry/{decode(second).id}"]).encode()
    before, after = (json.loads(driven.query("/proofs", data=keys, height=height).value)[0] for height in (2, 3))
    assert (before["value"], after["value"]) == (None, {"height": 2})
    assert roots[0] != roots[1]
    later = driven.query("/proofs", data=keys, height=4)
    assert (later.code, later.log) == (1, "no state after block 3; the newest is after 2")


def test_a_peer_is_admitted_if_it_is_named(driven: Driven) -> None:
    assert driven.query(f"/p2p/filter/id/{'a' * 40}").code
    (driven.folder / "peers.json").write_text(json.dumps({"a" * 40: "127.0.0.1:1"}))
    assert driven.query(f"/p2p/filter/id/{'a' * 40}").code == 0
    assert driven.query("/p2p/filter/addr/127.0.0.1:1").code == 0


REPLAY = """
import json, sys
from pathlib import Path
from tests.support.application import Driven
from tests.support.ledger import Key, Operator
from ledger.codec import unb64u
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

keys = [Key(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in range(1, 5)]
operator = Operator("tidegate", "tidegate-test", *keys)
driven = Driven(Path(sys.argv[1]), operator)
blocks = json.load(sys.stdin)
print([driven.block(*(unb64u(entry) for entry in block)).app_hash.hex() for block in blocks])
"""


def test_replay_gives_the_same_app_hashes_whatever_the_hash_seed(tmp_path: Path) -> None:
    keys = [Key(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in range(1, 5)]
    operator = Operator("tidegate", "tidegate-test", *keys)
    driven = Driven(tmp_path / "first", operator)
    blocks = [[added(driven) for _ in range(5)] for _ in range(4)]
    expected = [driven.block(*block).app_hash.hex() for block in blocks]
    driven.store.close()
    given = json.dumps([[b64u(entry) for entry in block] for block in blocks])
    for seed in ("1", "2", "3"):
        told = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", REPLAY, str(tmp_path / seed)],
            input=given,
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        assert told.stdout.strip() == str(expected)


def snapshot(driven: Driven) -> tuple[object, list[bytes]]:
    """Return a snapshot of the state, as listed, and its parts."""
    driven.every = 2
    driven.reopen()
    while driven.store.height % 2 or not driven.store.height:
        driven.block(added(driven), added(driven))
    listed = driven.app.list_snapshots(None).snapshots
    parts = [
        driven.app.load_snapshot_chunk(
            messages.new("RequestLoadSnapshotChunk", height=listed[-1].height, format=1, chunk=number)
        ).chunk
        for number in range(listed[-1].chunks)
    ]
    return listed[-1], parts


def offered(joined: Driven, described: object, root: bytes) -> int:
    request = messages.new("RequestOfferSnapshot", snapshot=described, app_hash=root)
    return int(joined.app.offer_snapshot(request).result)


def applied(joined: Driven, number: int, part: bytes) -> object:
    return joined.app.apply_snapshot_chunk(
        messages.new("RequestApplySnapshotChunk", index=number, chunk=part, sender="peer")
    )


def test_a_snapshot_carries_the_state_to_another_node(driven: Driven) -> None:
    described, parts = snapshot(driven)
    joined = Driven(driven.folder / "joined", driven.operator)
    assert offered(joined, described, driven.store.root) == ACCEPT
    for number, part in enumerate(parts):
        assert applied(joined, number, part) == messages.new(
            "ResponseApplySnapshotChunk", result=ApplySnapshotChunkResult.ACCEPT
        )
    joined.reopen()
    assert joined.info() == driven.info()
    entry = added(driven)
    assert joined.block(entry).app_hash == driven.block(entry).app_hash
    joined.store.close()


def test_a_changed_part_is_asked_for_again_and_its_sender_refused(driven: Driven) -> None:
    described, parts = snapshot(driven)
    joined = Driven(driven.folder / "joined", driven.operator)
    offered(joined, described, driven.store.root)
    assert applied(joined, 0, parts[0] + b" ") == messages.new(
        "ResponseApplySnapshotChunk",
        result=ApplySnapshotChunkResult.RETRY,
        refetch_chunks=[0],
        reject_senders=["peer"],
    )
    joined.store.close()


def test_a_snapshot_that_is_not_the_chains_state_is_refused_and_changes_nothing(driven: Driven) -> None:
    described, parts = snapshot(driven)
    joined = Driven(driven.folder / "joined", driven.operator)
    before = joined.store.root
    offered(joined, described, bytes(32))
    told = [applied(joined, number, part) for number, part in enumerate(parts)]
    assert told[-1] == messages.new("ResponseApplySnapshotChunk", result=ApplySnapshotChunkResult.REJECT_SNAPSHOT)
    assert (joined.store.height, joined.store.root) == (0, before)
    joined.store.close()


def test_a_snapshot_whose_description_is_not_in_order_is_refused(driven: Driven) -> None:
    described, _ = snapshot(driven)
    joined = Driven(driven.folder / "joined", driven.operator)
    for member, value in {"hash": bytes(32), "chunks": 9, "format": 2, "metadata": b"[]"}.items():
        changed = messages.new("Snapshot")
        changed.CopyFrom(described)
        setattr(changed, member, value)
        assert offered(joined, changed, driven.store.root) == REJECT, member
    joined.store.close()
