"""What is changed in the database is found, and said in one exact sentence."""

from datetime import timedelta

from sqlmodel import Session, select

from gateway.client.attesting import Pulled, RetainedUnder
from gateway.records.tables import Record
from ledger.codec import b64u
from ledger.record import leaf
from tests.support.audited import GRACE, Audited
from tests.support.messages import event

UNDECRYPTABLE = "the stored bytes do not decrypt under their key"


def one_record(past: Audited) -> Record:
    with Session(past.path.gateway.app.state.engine) as session:
        return session.exec(select(Record).order_by(Record.id).limit(1)).one()


def test_a_changed_record_is_found(past: Audited) -> None:
    record = one_record(past)
    changed = record.jwt[:-8] + "AAAAAAAA"
    past.change("UPDATE record SET jwt = :jwt WHERE id = :id", jwt=changed, id=record.id)
    assert past.sentences() == [
        f"record {record.id}: it hashes to leaf {b64u(leaf(changed))}, anchored was {b64u(record.leaf)}"
    ]


def test_a_record_changed_with_its_leaf_is_found(past: Audited) -> None:
    record = one_record(past)
    changed = record.jwt[:-8] + "AAAAAAAA"
    new = leaf(changed)
    past.change("UPDATE record SET jwt = :jwt, leaf = :leaf WHERE id = :id", jwt=changed, leaf=new, id=record.id)
    past.change("UPDATE anchoredleaf SET leaf = :leaf WHERE subject = :id", leaf=new, id=record.id)
    found = past.sentences()
    key = past.path.gateway.keyring.sealing.kid
    assert len(found) == 2
    assert found[0].startswith("batch ")
    assert " of records: its leaves make root " in found[0]
    assert found[1] == f"record {record.id}: signature by key {key} does not verify"


def test_disclosures_of_another_record_are_found(past: Audited) -> None:
    record = one_record(past)
    past.change("UPDATE record SET disclosures = disclosures || 'x'::bytea WHERE id = :id", id=record.id)
    assert past.sentences() == [
        f"record {record.id}: its disclosures cannot be read: record {record.id}: {UNDECRYPTABLE}"
    ]


def test_columns_that_say_other_than_the_seal_are_found(past: Audited) -> None:
    record = one_record(past)
    past.change("UPDATE record SET level = 'provider_sealed' WHERE id = :id", id=record.id)
    assert past.sentences() == [
        f"record {record.id}: its row has level provider_sealed, what was signed says gateway_attested"
    ]


def test_an_erased_record_is_accounted_for(past: Audited) -> None:
    record = one_record(past)
    past.change("UPDATE record SET wrapped_key = NULL, disclosures = NULL WHERE id = :id", id=record.id)
    assert past.sentences() == []


def test_a_deleted_record_is_found(past: Audited) -> None:
    record = one_record(past)
    sequence = past.one(
        "SELECT b.sequence FROM anchoredleaf l JOIN batch b ON b.id = l.batch_id WHERE l.subject = :id", id=record.id
    )
    index = past.one("SELECT index FROM anchoredleaf WHERE subject = :id", id=record.id)
    past.change("DELETE FROM record WHERE id = :id", id=record.id)
    assert past.sentences() == [
        f"record {record.id}: it is leaf {index} of batch {sequence} of records, and is not there"
    ]


def test_a_deleted_receipt_is_found_and_so_is_the_use_that_it_counted(past: Audited) -> None:
    jti = past.one("SELECT min(jti) FROM receipt WHERE consent_id = :id", id=past.consent)
    sequence = past.one(
        "SELECT b.sequence FROM anchoredleaf l JOIN batch b ON b.id = l.batch_id WHERE l.subject = :id", id=jti
    )
    index = past.one("SELECT index FROM anchoredleaf WHERE subject = :id", id=jti)
    past.change("DELETE FROM receipt WHERE jti = :id", id=jti)
    assert past.sentences() == [
        f"receipt {jti}: it is leaf {index} of batch {sequence} of receipts, and is not there",
        f"consent {past.consent}: 2 uses are counted, 1 receipts are there",
    ]


def test_a_receipt_that_names_another_bank_is_found(past: Audited) -> None:
    past.change("UPDATE receipt SET bank_id = 'westbank' WHERE consent_id = :id", id=past.revoked)
    jti = past.one("SELECT jti FROM receipt WHERE consent_id = :id", id=past.revoked)
    assert past.sentences() == [
        f"receipt {jti} of consent {past.revoked}: its row has bank westbank, what was signed says eastbank"
    ]


def test_a_receipt_put_into_anothers_place_is_found(past: Audited) -> None:
    other = past.one("SELECT jws FROM receipt WHERE consent_id = :id", id=past.revoked)
    jti = past.one("SELECT min(jti) FROM receipt WHERE consent_id = :id", id=past.consent)
    true = past.one("SELECT jws FROM receipt WHERE jti = :jti", jti=jti)
    past.change("UPDATE receipt SET jws = :jws WHERE jti = :jti", jws=other, jti=jti)
    got, expected = b64u(leaf(other)), b64u(leaf(true))
    assert past.sentences() == [
        f"receipt {jti} of consent {past.consent}: it hashes to leaf {got}, anchored was {expected}"
    ]


def test_an_attestation_that_is_changed_or_deleted_is_found(past: Audited) -> None:
    now = past.path.gateway.clock()
    kept = past.path.as_bank().attest(Pulled(past.consent, 1, now), RetainedUnder("Cap. 615", now + timedelta(days=9)))
    past.path.anchor()
    assert past.sentences() == []
    where = f"attestation {kept['id']} of consent {past.consent}"
    past.change(
        "UPDATE attestation SET law = 'Cap. 1', bank_id = 'westbank', version = 2, retained_until = received_at"
    )
    until = (f"{each:%Y-%m-%dT%H:%M:%SZ}" for each in (now, now + timedelta(days=9)))
    assert past.sentences() == [
        f"{where}: its row has bank westbank, what was signed says eastbank",
        f"{where}: its row has version 2, what was signed says 1",
        f"{where}: its row has law Cap. 1, what was signed says Cap. 615",
        "{}: its row has retained_until {}, what was signed says {}".format(where, *until),
    ]
    true = past.one("SELECT jws FROM attestation")
    past.change("UPDATE attestation SET jws = jws || 'A'")
    expected = f"{where}: it hashes to leaf {b64u(leaf(true + 'A'))}, anchored was {b64u(leaf(true))}"
    assert past.sentences() == [expected]
    past.change("DELETE FROM attestation")
    assert past.sentences() == [f"attestation {kept['id']}: it is leaf 0 of batch 1 of attestations, and is not there"]


def test_a_batch_whose_leaves_are_gone_is_found(past: Audited) -> None:
    batch, size = past.one("SELECT id FROM batch WHERE stream = 'records' AND sequence = 1"), 2
    subjects = past.one("SELECT array_agg(subject ORDER BY subject) FROM anchoredleaf WHERE batch_id = :b", b=batch)
    past.change("DELETE FROM anchoredleaf WHERE batch_id = :b", b=batch)
    found = past.sentences()
    assert found[0] == f"batch 1 of records: its {size} leaves are gone"
    assert sorted(found[1:]) == [
        f"record {subject}: no batch holds its leaf, and none waits for one" for subject in subjects
    ]


def test_one_leaf_that_is_gone_is_found(past: Audited) -> None:
    batch = past.one("SELECT id FROM batch WHERE stream = 'records' AND sequence = 1")
    past.change("DELETE FROM anchoredleaf WHERE batch_id = :b AND index = 1", b=batch)
    found = past.sentences()
    assert found[0] == "batch 1 of records: it has 1 leaves, expected 2; index 1 is the first that is missing"
    assert len(found) == 2


def test_a_path_that_does_not_lead_to_the_root_is_found(past: Audited) -> None:
    batch = past.one("SELECT id FROM batch WHERE stream = 'records' AND sequence = 1")
    part = '"index":0,"path":[]'
    past.change("UPDATE anchoredleaf SET part = :part WHERE batch_id = :b AND index = 0", part=part, b=batch)
    assert past.sentences() == ["batch 1 of records: the path kept of leaf 0 does not lead to its root"]


def test_a_changed_root_is_found(past: Audited) -> None:
    batch = past.one("SELECT id FROM batch WHERE stream = 'records' AND sequence = 2")
    true, entry = (
        past.one("SELECT root FROM batch WHERE id = :b", b=batch),
        past.one(
            "SELECT e.entry_id FROM batch b JOIN ledgerentry e ON e.number = b.entry_number WHERE b.id = :b", b=batch
        ),
    )
    past.change("UPDATE batch SET root = :root WHERE id = :b", root=bytes(32), b=batch)
    found = past.sentences()
    assert found == [
        f"batch 2 of records: root is {b64u(bytes(32))}, its entry {entry} says {b64u(true)}",
        f"batch 2 of records: its leaves make root {b64u(true)}, expected {b64u(bytes(32))}",
    ]


def test_a_gap_in_the_sequence_is_found(past: Audited) -> None:
    past.change("UPDATE batch SET sequence = 7 WHERE stream = 'records' AND sequence = 2")
    found = past.sentences()
    assert found[0] == "batch 7 of records: it comes where batch 2 is expected: batches are missing"
    assert found[1].startswith("batch 7 of records: sequence is 7, its entry ")
    assert len(found) == 2


def test_a_revoked_consent_made_active_again_is_found(past: Audited) -> None:
    past.change("UPDATE consent SET state = 'active' WHERE id = :id", id=past.revoked)
    assert past.sentences() == [
        f"consent {past.revoked}: the database says state active, its record says revoked",
        f"consent {past.revoked}: the database says state active, the ledger says revoked",
    ]


def test_a_revocation_deleted_whole_is_found(past: Audited) -> None:
    past.change("UPDATE consent SET state = 'active' WHERE id = :id", id=past.revoked)
    past.change("DELETE FROM consentchange WHERE consent_id = :id", id=past.revoked)
    entry = past.one(
        "SELECT entry_id FROM ledgerentry WHERE subject = :id AND type = 'consent.revoked'", id=past.revoked
    )
    height = past.one("SELECT height FROM ledgerentry WHERE entry_id = :id", id=entry)
    past.change("DELETE FROM ledgerentry WHERE entry_id = :id", id=entry)
    found = past.sentences()
    assert found[0] == (
        f"ledger entry {entry} (consent.revoked): it stands in block {height}, the database does not know it"
    )
    assert found[1] == f"consent {past.revoked}: the database says state active, the ledger says revoked"
    assert found[2].startswith(f"consent {past.revoked}: the database says commitment ")
    assert len(found) == 3


def test_terms_widened_behind_the_owners_back_are_found(past: Audited) -> None:
    past.change(
        "UPDATE consentversion SET terms = jsonb_set(terms, '{retention}', '\"store\"') WHERE consent_id = :id",
        id=past.consent,
    )
    assert past.sentences() == [
        f"consent {past.consent}, version 1: the terms it is released by have another data than the owner signed"
    ]


def test_a_changed_record_of_consent_is_found(past: Audited) -> None:
    past.change(
        "UPDATE consentversion SET record = jsonb_set(record, '{data,retention}', '\"store\"') WHERE consent_id = :id",
        id=past.consent,
    )
    found = past.sentences()
    assert len(found) == 1
    assert found[0].startswith(f"consent {past.consent}, version 1: its record does not hold: the record's digest is ")


def test_a_record_of_consent_that_does_not_open_its_commitment_is_found(past: Audited) -> None:
    past.change("UPDATE consentversion SET salt = :salt WHERE consent_id = :id", salt=bytes(32), id=past.consent)
    true = past.one("SELECT commitment FROM consentversion WHERE consent_id = :id", id=past.consent)
    found = past.sentences()
    assert len(found) == 1
    assert found[0].startswith(f"consent {past.consent}, version 1: its record opens commitment ")
    assert found[0].endswith(f", expected {b64u(true)}")


def test_a_version_that_is_not_there_is_found(past: Audited) -> None:
    past.change("UPDATE consent SET version = 2 WHERE id = :id", id=past.consent)
    assert past.sentences() == [
        f"consent {past.consent}: it stands at version 2, kept are the versions 1",
        f"consent {past.consent}: the database says version 2, the ledger says 1",
    ]


def test_uses_that_are_counted_back_are_found(past: Audited) -> None:
    past.change("UPDATE consent SET pulls = 0 WHERE id = :id", id=past.consent)
    assert past.sentences() == [f"consent {past.consent}: 0 uses are counted, 2 receipts are there"]


def test_an_exchanged_passkey_is_found(past: Audited) -> None:
    past.change("UPDATE passkey SET public_key = public_key || '\\x00'::bytea")
    found = past.sentences()
    assert len(found) == 1
    assert found[0].startswith("passkey ")
    assert " of harbour-trading: it opens commitment " in found[0]


def test_proofs_that_are_not_the_ledgers_are_found(past: Audited) -> None:
    entry = past.one("SELECT entry_id FROM ledgerentry WHERE type = 'consent.revoked'")
    height = past.one("SELECT height FROM ledgerentry WHERE entry_id = :id", id=entry)
    past.change("UPDATE ledgerentry SET part = part || ' ' WHERE entry_id = :id", id=entry)
    past.change("UPDATE blockpart SET head = head || ' ' WHERE height = :h", h=height)
    past.change(
        "UPDATE keystate SET part = replace(part, '\"siblings\":[\"', '\"siblings\":[\"A') WHERE key LIKE 'cred%'"
    )
    key = past.one("SELECT key FROM keystate WHERE key LIKE 'cred%'")
    at = past.one("SELECT max(height) FROM keystate")
    assert past.sentences() == [
        f"ledger entry {entry} (consent.revoked of {past.revoked}): the proof kept of it is not that of block {height}",
        f"block {height}: the proof kept of it in the database is not what the ledger says",
        f"{key}: the proof kept of it does not lead to the state at height {at}",
    ]


def test_what_waits_too_long_for_the_ledger_is_found(past: Audited) -> None:
    past.path.push("dcsa_track_trace", [event("arrived", equipmentEventTypeCode="GTIN")])
    now = past.path.gateway.clock()
    assert past.sentences(now=now + GRACE) == []
    record = past.one("SELECT subject FROM leaf")
    assert past.sentences(now=now + GRACE + timedelta(seconds=2)) == [
        f"record {record}: it waits for a batch for 62 seconds"
    ]


def test_what_came_before_is_not_looked_at_if_so_asked(past: Audited) -> None:
    past.change("UPDATE record SET level = 'provider_sealed'")
    now = past.path.gateway.clock()
    assert past.sentences(since=now + timedelta(seconds=1), trust=past.trust()) == []
    assert len(past.sentences(since=now - timedelta(hours=1))) == 3
