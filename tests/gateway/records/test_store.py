import pytest
from sqlalchemy import text
from sqlmodel import Session, select

from gateway.journal.tables import Leaf
from gateway.records import crypto, originals, store
from gateway.records.holders import holder, holder_keys, unwrap
from gateway.records.rules import State
from gateway.records.tables import HolderKey, Original, Quarantine, Record
from ledger.record import leaf
from tests.support.records import CARRIER, MASTER, NOW, TRADER, identifier, participants, sealed, stored

SECRET = "Ten thousand umbrellas"


def disclosed(session: Session, record_id: str) -> list[str]:
    """Read a record's disclosures as a pull does: by the holder's key alone."""
    found = session.get_one(Record, record_id)
    assert found.wrapped_key is not None
    assert found.disclosures is not None
    name = holder(provider_id=found.provider_id, owner_id=found.owner_id)
    key = unwrap(MASTER, name, session.get_one(HolderKey, name).wrapped)
    parts = store.disclosures(key, found.id, crypto.Envelope(found.wrapped_key, found.disclosures))
    return [encoded for _, _, encoded in parts]


def test_a_stored_record_opens_with_its_holders_key(session: Session) -> None:
    participants(session)
    made = sealed("e1", owner_id=TRADER, owner_basis="pushed")
    stored(session, made)
    assert disclosed(session, made.id) == [each.encoded for each in made.disclosures]
    assert session.get_one(Record, made.id).jwt == made.jwt


def test_the_leaf_is_queued_with_the_record(session: Session) -> None:
    participants(session)
    made = [sealed("e1"), sealed("e2")]
    stored(session, *made)
    queued = session.exec(select(Leaf)).all()
    assert [(each.stream, each.subject, each.leaf) for each in queued] == [
        ("records", each.id, leaf(each.jwt)) for each in made
    ]


def test_nothing_of_a_document_is_at_rest_in_clear_but_its_identifiers(session: Session) -> None:
    participants(session)
    stored(session, sealed("e1", identifier("booking", "BK1"), document={"goods": SECRET}))
    session.flush()
    for table in ("record", "original", "quarantine", "holderkey"):
        rows = session.execute(text(f"SELECT t::text FROM {table} t")).scalars().all()  # noqa: S608 - our own names
        assert not any(SECRET in row or SECRET.encode().hex() in row for row in rows)


def test_a_record_given_to_an_owner_opens_with_the_owners_key_and_no_longer_the_providers(session: Session) -> None:
    participants(session)
    made = sealed("e1")
    stored(session, made)
    old = holder_keys(session, MASTER, {f"provider/{CARRIER}"}, now=NOW)[f"provider/{CARRIER}"]
    store.give(session, MASTER, {made.id: (TRADER, "assigned")}, now=NOW)
    found = session.get_one(Record, made.id)
    assert (found.owner_id, found.owner_basis) == (TRADER, "assigned")
    assert disclosed(session, made.id) == [each.encoded for each in made.disclosures]
    assert found.wrapped_key is not None
    assert found.disclosures is not None
    with pytest.raises(crypto.DecryptionError):
        store.disclosures(old, made.id, crypto.Envelope(found.wrapped_key, found.disclosures))


def test_superseding_says_by_what(session: Session) -> None:
    participants(session)
    first, second = sealed("e1"), sealed("e1", document={"change": 1})
    stored(session, first)
    store.supersede(session, {first.id: second.id})
    stored(session, second)
    versions = store.versions(session, CARRIER, [("transport_event", "e1")])
    assert {each.id: each.state for each in versions} == {first.id: State.SUPERSEDED, second.id: State.CURRENT}
    assert session.get_one(Record, first.id).superseded_by == second.id


def test_records_are_found_by_the_references_they_bear(session: Session) -> None:
    participants(session)
    bearing = sealed("e1", identifier("booking", "BK1"), identifier("container", "MSKU0000000", None))
    bill = sealed("b1", identifier("booking", "BK1"), product="bill_of_lading")
    stored(session, bearing, bill, sealed("e2", identifier("booking", "BK2")))

    def found(provider: str, *keys: str, among: bool = True) -> list[str]:
        records = store.bearing(session, provider, keys, products=["transport_event"], among=among)
        return [each.id for each in records]

    assert found(CARRIER, "booking|SCAC:OCLN|BK1") == [bearing.id]
    assert found(CARRIER, "booking|SCAC:OCLN|BK1", among=False) == [bill.id]
    assert found(CARRIER) == []
    assert found("somebody-else", "booking|SCAC:OCLN|BK1") == []


def test_the_same_bytes_are_found_again(session: Session) -> None:
    participants(session)
    sent = originals.Sent(CARRIER, "dcsa_track_trace", b"[1]", NOW)
    assert originals.find(session, MASTER, sent) is None
    original_id = originals.keep(session, MASTER, sent, ["a", "b"])
    found = originals.find(session, MASTER, sent)
    assert found is not None
    assert (found.id, found.record_ids) == (original_id, ["a", "b"])
    other = originals.Sent(CARRIER, "dcsa_ebl", b"[1]", NOW)
    assert originals.find(session, MASTER, other) is None


def test_an_original_opens_with_its_providers_key(session: Session) -> None:
    participants(session)
    sent = originals.Sent(CARRIER, "dcsa_track_trace", b"[1]", NOW)
    original_id = originals.keep(session, MASTER, sent, [])
    found = session.get_one(Original, original_id)
    assert originals.body(session, MASTER, found) == b"[1]"


def test_a_quarantined_message_keeps_its_faults_and_leaves_when_it_makes_records(session: Session) -> None:
    participants(session)
    sent = originals.Sent(CARRIER, "dcsa_track_trace", b"[1]", NOW)
    first = originals.quarantine(session, MASTER, sent, [{"pointer": "/0", "message": "expected an object"}])
    found = originals.find(session, MASTER, sent)
    again = originals.quarantine(
        session, MASTER, sent, [{"pointer": "/0", "message": "expected an event"}], found=found
    )
    assert first == again
    assert originals.faults(session, MASTER, session.get_one(Quarantine, first)) == [
        {"pointer": "/0", "message": "expected an event"}
    ]
    assert originals.keep(session, MASTER, sent, ["a"], found=found) == first
    assert session.exec(select(Quarantine)).all() == []


def test_a_holder_has_one_key(session: Session) -> None:
    first = holder_keys(session, MASTER, {"owner/a", "owner/b"}, now=NOW)
    second = holder_keys(session, MASTER, {"owner/b", "owner/c"}, now=NOW)
    assert first["owner/b"] == second["owner/b"]
    assert len({*first.values(), *second.values()}) == 3
