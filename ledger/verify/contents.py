"""Steps 9 to 12: records, consent and receipt."""

from collections.abc import Mapping
from typing import Any

from ledger import jws
from ledger.blocks import times
from ledger.codec import b64u, unb64u
from ledger.consent_record import record_commitment, verify_assertion
from ledger.errors import VerificationError
from ledger.merkle import verify_inclusion
from ledger.pointers import covered, covers, places
from ledger.record import ORIGINAL, leaf
from ledger.sdjwt import sd_hash
from ledger.verify.case import Case, RecordCase
from ledger.verify.signers import credentials_of
from schemas import personal

ACTIVATING = ("consent.granted", "consent.amended")


def leaves_are_in_their_batches(case: Case) -> None:
    """Step 9: each record's leaf is at its index in the batch that its anchor's entry signs root and size of."""
    for number, record in enumerate(case.records):
        entry = record.anchor.entry
        if entry.type != "batch.anchor" or entry.body["stream"] != "records":
            raise VerificationError(f"record {number} is anchored by {entry.type}, expected a batch of records")
        verify_inclusion(
            leaf=leaf(record.shown.jwt),
            index=record.index,
            size=entry.body["size"],
            path=record.path,
            expected=unb64u(entry.body["root"]),
        )


def records_are_sealed(case: Case) -> None:
    """Step 10: each record is signed by the sealing key of its issuer: its provider, or the consent's gateway.

    Its disclosures were matched while reading.
    """
    gateway = case.consent["parties"]["gateway"]["id"]
    for number, record in enumerate(case.records):
        if record.shown.issuer not in (record.shown.provider, gateway):
            raise VerificationError(
                f"record {number} is sealed by {record.shown.issuer}, expected {record.shown.provider} or {gateway}"
            )
        key = case.key_of(record.shown.issuer, record.shown.jws.kid)
        if key is None:
            raise VerificationError(f"record {number}: no sealing key of {record.shown.issuer} is proved")
        jws.verify(record.shown.jws, key["public_key"])


def consent_is_the_owners(case: Case) -> None:
    """Step 11: the entry that activated the cited version commits to this record, and the owner's passkey signed it.

    The gateway activated it and enrolled the passkey. What was handed out lies within the products, fields and
    personal fields of the record, and the original's digest comes with whole records only.
    """
    entry, consent = case.consent_anchor.entry, case.consent
    if entry.type not in ACTIVATING:
        raise VerificationError(f"consent is anchored by {entry.type}, expected one of {', '.join(ACTIVATING)}")
    if (entry.body["consent"], entry.body["version"]) != (consent["consent"], consent["version"]):
        raise VerificationError("the entry is about another consent or version than the record")
    opened = b64u(record_commitment(consent, case.consent_salt))
    if entry.body["commitment"] != opened:
        raise VerificationError(f"the entry commits to {entry.body['commitment']}, the record opens {opened}")
    if entry.body["expires_at"] != consent["limits"]["expires_at"]:
        raise VerificationError("the entry's expiry is not the record's")
    _check_gateway(case)
    verify_assertion(consent)
    for number, record in enumerate(case.records):
        _check_within(number, record, consent["data"])


def _check_gateway(case: Case) -> None:
    """Raise unless the consent's gateway activated it and enrolled each passkey that signed it."""
    gateway = case.consent["parties"]["gateway"]["id"]
    signers = sorted({signature.org for signature in case.consent_anchor.entry.signatures})
    for key in credentials_of(case.consent):
        enrolled = case.keys[key].value["org"]
        if signers != [gateway] or enrolled != gateway:
            raise VerificationError(
                f"the consent was activated by {', '.join(signers)}, a passkey enrolled by {enrolled},"
                f" expected {gateway}"
            )


def _check_within(number: int, record: RecordCase, data: Mapping[str, Any]) -> None:
    product = record.shown.product
    if product not in data["products"]:
        raise VerificationError(f"record {number} is a {product}, the consent covers {', '.join(data['products'])}")
    if ORIGINAL in record.shown.claims and record.shown.withheld:
        raise VerificationError(f"record {number} shows its original's digest though not all of it is shown")
    fields, named = data["fields"].get(product), data["personal"].get(product, [])
    named_by_schema = _personal(number, record)
    for place in places(record.shown.claims):
        if covered([f"/{ORIGINAL}"], place):
            continue
        if covered(named_by_schema, place):
            allowed = any(covers(pointer, place) or covers(place, pointer) for pointer in named)
        else:
            wide = (*(fields or ()), *named)
            allowed = fields is None or any(covers(pointer, place) or covers(place, pointer) for pointer in wide)
        if not allowed:
            raise VerificationError(f"record {number} shows {place}, which the consent does not cover")


def _personal(number: int, record: RecordCase) -> tuple[str, ...]:
    try:
        return personal(record.shown.product, record.shown.version)
    except LookupError as error:
        raise VerificationError(f"record {number}: {error}") from None


def receipt_binds_it_all(case: Case) -> None:
    """Step 12: the receipt is signed by the gateway of the consent, for this bank, consent, time and these records."""
    receipt, consent = case.receipt, case.consent
    key = case.key_of(receipt.iss, case.receipt_jws.kid)
    if key is None:
        raise VerificationError(f"no receipts key of {receipt.iss} is proved")
    jws.verify(case.receipt_jws, key["public_key"])
    body = case.consent_anchor.entry.body
    cited = {"id": body["consent"], "version": body["version"], "commitment": body["commitment"]}
    if receipt.consent != cited:
        raise VerificationError(f"the receipt cites consent {receipt.consent}, expected {cited}")
    if receipt.iss != consent["parties"]["gateway"]["id"] or receipt.aud != consent["parties"]["bank"]["id"]:
        raise VerificationError("the receipt is by another gateway or for another bank than the consent")
    if case.audience is not None and receipt.aud != case.audience:
        raise VerificationError(f"the receipt is for {receipt.aud!r}, expected {case.audience!r}")
    if receipt.keys_at != case.header_a.height:
        raise VerificationError(f"the receipt names header {receipt.keys_at}, the keys are at {case.header_a.height}")
    _check_time(case)
    given = [sd_hash(record.presentation) for record in case.records]
    if list(receipt.records) != given:
        raise VerificationError(f"the receipt is over {len(receipt.records)} records, other than the {len(given)} here")


def _check_time(case: Case) -> None:
    """Raise unless the pull lies within the consent's time: by the receipt, and by header A, which came before it."""
    limits = case.consent["limits"]
    start, end = times.from_text(limits["start"]), times.from_text(limits["expires_at"])
    pulled = case.receipt.iat * times.NANO
    if not start <= pulled < end or case.header_a.time >= end:
        raise VerificationError(
            f"pulled at {case.receipt.iat} (seconds since 1970) under header A of {times.to_text(case.header_a.time)},"
            f" the consent is from {limits['start']} to {limits['expires_at']}"
        )
