"""The gateway's own keys rotate on the ledger, and what was signed with them is judged and mended accordingly."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from gateway import keys
from gateway.anchoring import governance, own
from gateway.anchoring.tables import AnchoredLeaf, Batch, LedgerEntry
from gateway.anchoring.worker import Hooks
from gateway.keys import REGISTERED, SigningKey
from ledger.entries import decode
from ledger.proposals import propose, sign
from tests.support.anchoring import Anchoring, consent_id

ORG = "tidegate"
DUE = timedelta(seconds=1)
RESEALED = bytes(31) + b"\1"


def entries(at_work: Anchoring) -> list[LedgerEntry]:
    with Session(at_work.engine) as session:
        return list(session.exec(select(LedgerEntry).order_by(col(LedgerEntry.number))))


def rotate(at_work: Anchoring, name: str, *, compromised_since: int = 0) -> SigningKey:
    """Make the next key of a name and queue the entry that puts it in the place of the one in use."""
    with Session(at_work.engine) as session:
        old = own.in_use(session, at_work.keyring, ORG, name)
    new = keys.add(at_work.settings.keys_path, name)
    added = {"kid": new.kid, "usage": REGISTERED[name], "public_key": new.public}
    at_work.queue_entry(
        "org.rotate_key", ORG, org=ORG, remove=old.kid, compromised_since=compromised_since, add=[added]
    )
    return new


def in_use(at_work: Anchoring, name: str) -> str:
    with Session(at_work.engine) as session:
        return own.in_use(session, at_work.keyring, ORG, name).kid


def granted(at_work: Anchoring, number: int) -> None:
    body = {"consent": consent_id(number), "version": 1, "commitment": consent_id(100 + number)}
    at_work.queue_entry("consent.granted", consent_id(number), **body, expires_at="2027-01-31T00:00:00Z")


@pytest.mark.parametrize("name", REGISTERED)
def test_a_new_key_is_in_use_once_it_is_final_and_not_before(at_work: Anchoring, name: str) -> None:
    at_work.finish()
    first = in_use(at_work, name)
    new = rotate(at_work, name)
    assert in_use(at_work, name) == first
    at_work.finish()
    assert in_use(at_work, name) == new.kid
    second = rotate(at_work, name)
    at_work.finish()
    assert in_use(at_work, name) == second.kid
    assert {entry.state for entry in entries(at_work)} == {"final"}


def test_entries_that_wait_behind_a_rotation_of_their_key_are_signed_with_the_new_one(at_work: Anchoring) -> None:
    at_work.finish()
    old = in_use(at_work, "organisation")
    granted(at_work, 1)
    new = rotate(at_work, "organisation")
    granted(at_work, 2)
    at_work.queue_leaves("record")
    at_work.finish()
    assert [entry.state for entry in entries(at_work)] == ["final"] * 3
    by = {entry.type + entry.subject: decode(entry.entry).signatures[0].kid for entry in entries(at_work)}
    assert by == {
        f"consent.granted{consent_id(1)}": old,
        f"org.rotate_key{ORG}": old,
        f"consent.granted{consent_id(2)}": new.kid,
    }


def test_a_signer_that_is_wrong_for_another_reason_is_rejected(at_work: Anchoring) -> None:
    rotate(at_work, "organisation")
    at_work.finish()
    at_work.queue_entry("owner.credential_added", "passkey", commitment=consent_id(1))
    at_work.queue_entry("financing.claimed", "claim", fingerprint=consent_id(2), claim=consent_id(3))
    at_work.finish()
    at_work.queue_entry("financing.released", "claim", fingerprint=consent_id(2), claim=consent_id(4))
    at_work.finish()
    last = entries(at_work)[-1]
    assert (last.state, last.log) == ("rejected", "WRONG_SIGNER: this claim is somebody else's")


class Resealing:
    """Signs nothing, but says which records of which keys it was asked for."""

    def __init__(self, *sealed: str) -> None:
        self.sealed = set(sealed)
        self.asked: list[tuple[set[str], str]] = []

    def __call__(self, _: Session, records: Any, dead: Any, key: SigningKey) -> Mapping[str, bytes]:
        self.asked.append((set(dead), key.kid))
        return dict.fromkeys(set(records) & self.sealed, RESEALED)


def leaf_of_record(at_work: Anchoring, subject: str) -> tuple[int, bytes] | None:
    """Return the height and the leaf of a record that is final."""
    with Session(at_work.engine) as session:
        leaf = session.get(AnchoredLeaf, subject)
        batch = session.get(Batch, leaf.batch_id) if leaf else None
        entry = session.get(LedgerEntry, batch.entry_number) if batch else None
        return (entry.height or 0, leaf.leaf) if entry and leaf else None


def anchor(at_work: Anchoring) -> None:
    at_work.clock.turn(DUE)
    at_work.finish()


def test_what_lands_after_its_sealing_key_ended_is_sealed_anew_and_anchored_again(at_work: Anchoring) -> None:
    resealing = Resealing("late")
    at_work.hooks = Hooks(reseal=resealing)
    at_work.queue_leaves("early")
    anchor(at_work)
    assert resealing.asked == []
    old, early = in_use(at_work, "sealing"), leaf_of_record(at_work, "early")
    at_work.queue_leaves("late", "new")
    new = rotate(at_work, "sealing")
    at_work.finish()
    anchor(at_work)
    assert resealing.asked == [({old}, new.kid)]
    assert leaf_of_record(at_work, "late") is None
    resealing.sealed.clear()
    anchor(at_work)
    found = leaf_of_record(at_work, "late")
    assert found is not None
    assert found[1] == RESEALED
    assert leaf_of_record(at_work, "early") == early


def test_what_a_compromised_sealing_key_sealed_since_then_is_anchored_again(at_work: Anchoring) -> None:
    resealing = Resealing("before", "since")
    at_work.hooks = Hooks(reseal=resealing)
    at_work.queue_leaves("before")
    anchor(at_work)
    at_work.queue_leaves("since")
    anchor(at_work)
    place = leaf_of_record(at_work, "since")
    assert place is not None
    before = leaf_of_record(at_work, "before")
    rotate(at_work, "sealing", compromised_since=place[0])
    at_work.finish()
    assert leaf_of_record(at_work, "since") is None
    resealing.sealed.clear()
    anchor(at_work)
    again = leaf_of_record(at_work, "since")
    assert again is not None
    assert (again[0] > place[0], again[1]) == (True, RESEALED)
    assert leaf_of_record(at_work, "before") == before


def test_what_a_compromised_organisation_anchored_since_then_is_anchored_again(at_work: Anchoring) -> None:
    at_work.queue_leaves("before")
    anchor(at_work)
    at_work.queue_leaves("since")
    anchor(at_work)
    before, since = leaf_of_record(at_work, "before"), leaf_of_record(at_work, "since")
    assert since is not None
    rotate(at_work, "organisation", compromised_since=since[0])
    at_work.finish()
    assert leaf_of_record(at_work, "since") is None
    anchor(at_work)
    again = leaf_of_record(at_work, "since")
    assert again is not None
    assert (again[0] > since[0], again[1]) == (True, since[1])
    assert leaf_of_record(at_work, "before") == before


def test_the_trust_file_is_written_anew_when_the_organisation_has_another_key(at_work: Anchoring) -> None:
    told: list[None] = []
    granted(at_work, 1)
    at_work.finish()
    at_work.hooks = Hooks(trust_changed=lambda: told.append(None))
    rotate(at_work, "sealing")
    at_work.finish()
    assert told == []
    rotate(at_work, "organisation")
    at_work.finish()
    assert told == [None]


def test_a_proposal_that_was_signed_elsewhere_is_never_made_again(at_work: Anchoring) -> None:
    at_work.finish()
    key = at_work.keyring.organisation
    made = propose(
        chain=at_work.backend.chain, entry_id=bytes(16), type="org.suspend", body={"org": ORG}, not_after_height=1
    )
    signed = sign(made, org=ORG, kid=key.kid, key=key.private)
    with Session(at_work.engine, expire_on_commit=False) as session:
        first = governance.hand_in(session, signed.entry, now=at_work.clock())
        assert governance.hand_in(session, signed.entry, now=at_work.clock()) is first
        session.commit()
    granted(at_work, 1)
    at_work.finish()
    states = [(entry.type, entry.state, entry.log) for entry in entries(at_work)]
    assert states == [
        ("org.suspend", "rejected", "TOO_LATE: entry was valid up to height 1, this is 1: propose it again"),
        ("consent.granted", "final", None),
    ]
