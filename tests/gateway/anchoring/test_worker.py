import json
from datetime import timedelta

from sqlalchemy import update
from sqlmodel import Session, col, select

from gateway.anchoring.tables import AnchoredLeaf, Batch, BlockPart, KeyState, LedgerEntry
from gateway.journal.tables import Leaf, QueuedEntry
from ledger import merkle
from ledger.codec import unb64u
from tests.support.anchoring import Anchoring, consent_id, leaf_of

DUE = timedelta(seconds=1)


def entries(at_work: Anchoring) -> list[LedgerEntry]:
    with Session(at_work.engine) as session:
        return list(session.exec(select(LedgerEntry).order_by(col(LedgerEntry.number))))


def batches(at_work: Anchoring) -> list[Batch]:
    with Session(at_work.engine) as session:
        return list(session.exec(select(Batch).order_by(col(Batch.stream), col(Batch.sequence))))


def granted(at_work: Anchoring, number: int, version: int = 1) -> None:
    at_work.queue_entry(
        "consent.granted",
        consent_id(number),
        consent=consent_id(number),
        version=version,
        commitment=consent_id(100 + number),
        expires_at="2027-01-31T00:00:00Z",
    )


def revoked(at_work: Anchoring, number: int) -> None:
    at_work.queue_entry(
        "consent.revoked",
        consent_id(number),
        consent=consent_id(number),
        version=1,
        commitment=consent_id(200 + number),
    )


def test_leaves_wait_until_the_oldest_is_due(at_work: Anchoring) -> None:
    at_work.queue_leaves("a", "b")
    at_work.finish()
    assert batches(at_work) == []
    at_work.clock.turn(DUE)
    at_work.finish()
    assert [(batch.stream, batch.sequence, batch.size) for batch in batches(at_work)] == [("records", 1, 2)]
    assert [(entry.type, entry.state) for entry in entries(at_work)] == [("batch.anchor", "final")]


def test_enough_leaves_do_not_wait(at_work: Anchoring) -> None:
    at_work.settings = at_work.settings.model_copy(update={"anchor_leaves": 3})
    at_work.queue_leaves("a", "b", "c")
    at_work.finish()
    assert [batch.size for batch in batches(at_work)] == [3]


def test_every_leaf_leads_to_its_batchs_root(at_work: Anchoring) -> None:
    subjects = [f"record {number}" for number in range(7)]
    at_work.queue_leaves(*subjects)
    at_work.clock.turn(DUE)
    at_work.finish()
    (batch,) = batches(at_work)
    with Session(at_work.engine) as session:
        found = session.exec(select(AnchoredLeaf).order_by(col(AnchoredLeaf.index))).all()
        assert session.exec(select(Leaf)).all() == []
    assert [leaf.subject for leaf in found] == subjects
    for leaf in found:
        part = json.loads(f"{{{leaf.part}}}")
        path = [unb64u(each) for each in part["path"]]
        assert part["index"] == leaf.index
        merkle.verify_inclusion(
            leaf=leaf_of(leaf.subject), index=leaf.index, size=batch.size, path=path, expected=batch.root
        )


def test_batches_of_a_stream_follow_one_another_and_streams_do_not_mix(at_work: Anchoring) -> None:
    for round_ in range(3):
        at_work.queue_leaves(f"record {round_}")
        at_work.queue_leaves(f"receipt {round_}", stream="receipts")
        at_work.clock.turn(DUE)
        at_work.finish()
    assert [(batch.stream, batch.sequence) for batch in batches(at_work)] == [
        ("receipts", 1),
        ("receipts", 2),
        ("receipts", 3),
        ("records", 1),
        ("records", 2),
        ("records", 3),
    ]
    assert {entry.state for entry in entries(at_work)} == {"final"}


def test_batches_made_while_the_ledger_was_away_are_anchored_in_their_order(at_work: Anchoring) -> None:
    from gateway.anchoring.entries import Signer  # noqa: PLC0415
    from gateway.anchoring.worker import _make  # noqa: PLC0415

    at_work.finish()
    for round_ in range(3):
        at_work.queue_leaves(f"record {round_}")
        at_work.clock.turn(DUE)
        _make(at_work.engine, Signer(at_work.settings, at_work.keyring, 1), at_work.clock())
    at_work.finish()
    found = entries(at_work)
    assert [entry.state for entry in found] == ["final"] * 3
    heights = [entry.height for entry in found]
    assert heights == sorted(heights, key=lambda height: height or 0)


def test_what_the_journal_queued_becomes_final_in_its_order(at_work: Anchoring) -> None:
    granted(at_work, 1)
    revoked(at_work, 1)
    granted(at_work, 2)
    at_work.finish()
    assert [(entry.type, entry.version, entry.state) for entry in entries(at_work)] == [
        ("consent.granted", 1, "final"),
        ("consent.revoked", 1, "final"),
        ("consent.granted", 1, "final"),
    ]
    with Session(at_work.engine) as session:
        assert session.exec(select(QueuedEntry)).all() == []


def test_a_consent_never_begins_before_a_credential_that_came_first(at_work: Anchoring) -> None:
    at_work.queue_entry("owner.credential_added", "passkey", commitment=consent_id(5))
    granted(at_work, 1)
    at_work.queue_leaves("record")
    at_work.clock.turn(DUE)
    assert at_work.step()
    states = {entry.type: entry.state for entry in entries(at_work)}
    assert states == {"owner.credential_added": "final", "consent.granted": "waiting", "batch.anchor": "final"}
    at_work.finish()
    heights = {entry.type: entry.height or 0 for entry in entries(at_work)}
    assert heights["owner.credential_added"] < heights["consent.granted"]


def test_what_changes_who_may_sign_waits_for_all_before_it_and_all_behind_wait_for_it(at_work: Anchoring) -> None:
    granted(at_work, 1)
    at_work.queue_entry("org.register", "oceanline", org="oceanline", keys=[])
    granted(at_work, 2)
    seen = []
    while at_work.step():
        seen.append([entry.state for entry in entries(at_work)])
    assert seen[0] == ["final", "waiting", "waiting"]
    assert ["final", "final", "waiting"] in seen
    assert seen[-1] == ["final"] * 3


def test_a_rejected_entry_is_kept_with_the_ledgers_reason_and_stops_nobody_else(at_work: Anchoring) -> None:
    granted(at_work, 1, version=2)
    granted(at_work, 2)
    at_work.finish()
    first, second = entries(at_work)
    assert (first.state, first.log) == ("rejected", "OUT_OF_SEQUENCE: version 2, expected 1")
    assert second.state == "final"


def test_new_keys_are_proved_from_the_block_that_brought_them(at_work: Anchoring) -> None:
    at_work.queue_entry("owner.credential_added", "passkey", commitment=consent_id(5))
    at_work.finish()
    newest = at_work.backend.height()
    with Session(at_work.engine) as session:
        states = session.exec(select(KeyState)).all()
        assert {state.height for state in states} == {newest}
        assert {state.key for state in states} == {
            f"credential/{consent_id(5)}",
            f"key/tidegate/{at_work.keyring.organisation.kid}",
            f"key/tidegate/{at_work.keyring.sealing.kid}",
            f"key/tidegate/{at_work.keyring.receipts.kid}",
            "governors",
            "parameters",
            "validators",
        }
        assert all(state.part is not None for state in states)
        part = session.get(BlockPart, newest - 1)
        assert part is not None
        assert json.loads(part.head + "}")["next"]["height"] == newest


def test_a_block_is_kept_while_an_entry_or_the_newest_header_needs_it(at_work: Anchoring) -> None:
    granted(at_work, 1)
    at_work.finish()
    height = at_work.backend.height()
    with Session(at_work.engine) as session:
        session.add(BlockPart(height=height - 2, head="{", validators="[]"))
        session.exec(update(KeyState).values(height=height - 1))
        session.commit()
    at_work.finish()
    granted(at_work, 2)
    at_work.finish()
    with Session(at_work.engine) as session:
        kept = set(session.exec(select(BlockPart.height)))
    assert kept == {entry.height for entry in entries(at_work)} | {at_work.backend.height() - 1}


def test_a_step_without_anything_to_do_changes_nothing(at_work: Anchoring) -> None:
    at_work.finish()
    assert at_work.step() is False
