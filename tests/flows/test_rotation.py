"""The gateway's keys rotate while carriers push and a bank pulls; one of them leaks."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.anchoring.worker import NO_HOOKS
from gateway.client.connection import Tokens
from ledger.codec import unb64u
from ledger.errors import VerificationError
from ledger.verify import Verdict, verify
from tests.support import builders
from tests.support.messages import BILL, event, transport_document
from tests.support.path import WholePath

SHIPMENT = {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": BILL}


def verified(path: WholePath, data: bytes) -> Verdict:
    return verify(data, path.trust(), audience=builders.BANK, now=datetime.now(UTC))


def pulled(path: WholePath, tokens: Tokens, **question: Any) -> bytes:
    return path.as_bank().evidence(tokens, question).data


def sealers(data: bytes) -> list[str]:
    """Return the ids of the keys by which the records of an evidence are sealed."""
    records = json.loads(data)["records"]
    return [json.loads(unb64u(each["sd_jwt"].partition(".")[0]))["kid"] for each in records]


def test_records_sealed_before_and_after_a_rotation_verify_in_one_evidence(path: WholePath) -> None:
    old = path.gateway.keyring.sealing.kid
    path.push("dcsa_ebl", transport_document())
    path.anchor()
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    path.push("dcsa_track_trace", [event("loaded")])
    new = path.rotate("sealing")
    path.push("dcsa_track_trace", [event("discharged", equipmentEventTypeCode="DISC")])
    path.anchoring.finish()
    path.push("dcsa_track_trace", [event("gate out", equipmentEventTypeCode="GTOT")])
    path.anchor()
    under_way = verified(path, pulled(path, tokens))
    assert (len(under_way.records), under_way.omitted) == (
        2,
        ({"product": "transport_event", "reason": "pending", "count": 2},),
    )
    path.anchor()
    data = pulled(path, tokens)
    assert len(verified(path, data).records) == 4
    assert sorted(sealers(data)) == sorted([old, new.kid, new.kid, new.kid])


def leaked(path: WholePath) -> Tokens:
    """Let the sealing key leak: a document was anchored before that, an event since."""
    path.push("dcsa_ebl", transport_document())
    path.anchor()
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    path.push("dcsa_track_trace", [event("loaded")])
    path.anchor()
    [since] = [
        each.anchored_height
        for each in verified(path, pulled(path, tokens)).records
        if each.product == "transport_event"
    ]
    path.rotate("sealing", compromised_since=since)
    return tokens


def test_what_a_compromised_key_sealed_since_then_fails_at_step_7_and_what_it_sealed_before_passes(
    path: WholePath,
) -> None:
    path.anchoring.hooks = NO_HOOKS
    tokens = leaked(path)
    path.anchor()
    with pytest.raises(VerificationError, match=r"is compromised since height \d+, not valid at \d+$") as failure:
        verified(path, pulled(path, tokens))
    assert failure.value.step == 7
    before = verified(path, pulled(path, tokens, products=["bill_of_lading"]))
    assert [each.product for each in before.records] == ["bill_of_lading"]


def test_the_gateway_seals_anew_what_it_had_sealed_with_the_key_that_leaked(path: WholePath) -> None:
    tokens = leaked(path)
    path.anchor()
    path.anchor()
    data = pulled(path, tokens)
    assert len(verified(path, data).records) == 2
    assert len(set(sealers(data))) == 2


def test_what_a_leaked_organisation_key_anchored_is_anchored_again_and_pulled_so_by_who_pulled_it_before(
    path: WholePath,
) -> None:
    path.push("dcsa_ebl", transport_document())
    path.anchor()
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    path.push("dcsa_track_trace", [event("loaded")])
    path.anchor()
    heights = {each.product: each.anchored_height for each in verified(path, pulled(path, tokens)).records}
    path.rotate("organisation", compromised_since=heights["transport_event"])
    path.anchor()
    path.anchor()
    again = {each.product: each.anchored_height for each in verified(path, pulled(path, tokens)).records}
    assert again["bill_of_lading"] == heights["bill_of_lading"]
    assert again["transport_event"] > heights["transport_event"]


def test_a_receipt_is_signed_by_the_key_that_is_valid_under_its_header(path: WholePath) -> None:
    path.push("dcsa_ebl", transport_document())
    path.anchor()
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    old = path.gateway.keyring.receipts.kid
    new = path.rotate("receipts")
    before = pulled(path, tokens)
    path.anchor()
    after = pulled(path, tokens)
    found = [json.loads(unb64u(json.loads(data)["receipt"].partition(".")[0]))["kid"] for data in (before, after)]
    assert found == [old, new.kid]
    assert [len(verified(path, data).records) for data in (before, after)] == [1, 1]


def test_under_a_new_organisation_key_old_and_new_consents_verify(path: WholePath) -> None:
    path.push("dcsa_ebl", transport_document())
    path.anchor()
    first = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    path.rotate("organisation")
    path.anchor()
    path.push("dcsa_track_trace", [event("loaded")])
    second = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    for tokens in (first, second):
        assert len(verified(path, pulled(path, tokens)).records) == 2
