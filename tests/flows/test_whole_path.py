"""The story: a carrier pushes, an owner consents in the portal, a bank pulls and verifies, the owner stops."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.client.errors import NotYetError, OAuthError, ProblemError
from ledger.errors import VerificationError
from ledger.verify import NotEnough, Verdict, verify
from tests.support import builders
from tests.support.messages import BILL, event, transport_document
from tests.support.path import WholePath

SHIPMENT = {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": BILL}


def verified(path: WholePath, data: bytes, **demands: Any) -> Verdict:
    return verify(data, path.trust(), **{"audience": builders.BANK, "now": datetime.now(UTC), **demands})


def shipped(path: WholePath) -> None:
    """Push a document and an event of one shipment, and have them anchored."""
    path.push("dcsa_ebl", transport_document())
    path.push("dcsa_track_trace", [event("loaded")])
    path.anchor()


def refused(path: WholePath, tokens: Any, **question: Any) -> ProblemError:
    with pytest.raises(ProblemError) as refusal:
        path.as_bank().evidence(tokens, question)
    return refusal.value


def test_evidence_is_pulled_and_verified_offline(path: WholePath) -> None:
    shipped(path)
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    verdict = verified(path, path.as_bank().evidence(tokens).data)
    claims = {record.product: record.claims for record in verdict.records}
    bill, loaded = claims["bill_of_lading"], claims["transport_event"]
    assert set(bill) == {"cargo", "routing"}
    assert loaded["event"]["code"] == "LOAD"
    assert {record.level for record in verdict.records} == {"gateway_attested"}
    assert (verdict.owner, verdict.bank, verdict.omitted) == (builders.OWNER, builders.BANK, ())
    assert verdict.summary.endswith("(embedded ledger: one operator's word)")


def test_a_consent_that_is_not_final_on_the_ledger_releases_nothing(path: WholePath) -> None:
    shipped(path)
    tokens = path.consented(identifiers=[SHIPMENT])
    with pytest.raises(NotYetError, match="the grant is not yet final on the ledger"):
        path.as_bank().evidence(tokens)


def test_a_record_that_is_not_final_is_an_omission(path: WholePath) -> None:
    shipped(path)
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    path.push("dcsa_track_trace", [event("discharged", equipmentEventTypeCode="DISC")])
    verdict = verified(path, path.as_bank().evidence(tokens).data)
    assert len(verdict.records) == 2
    assert verdict.omitted == ({"product": "transport_event", "reason": "pending", "count": 1},)


def test_after_a_revocation_the_next_pull_is_refused_and_says_why(path: WholePath) -> None:
    shipped(path)
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    path.as_bank().evidence(tokens)
    page = path.visitor().signed_in().stop(tokens.grant_id or "")
    assert "Stopped" in page.text
    refusal = refused(path, tokens)
    assert (refusal.status, refusal.error) == (401, "invalid_token")
    assert refusal.document["reason"] == "the consent is revoked"
    assert refusal.document["consent"] == tokens.grant_id
    with pytest.raises(OAuthError, match="the consent is revoked"):
        path.as_bank().refresh(tokens.refresh_token or "")


def test_an_owner_who_consents_to_anothers_bill_yields_nothing(path: WholePath) -> None:
    path.push("dcsa_ebl", transport_document(), owner=None)
    path.anchor()
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    verdict = verified(path, path.as_bank().evidence(tokens).data)
    assert verdict.records == ()


def test_an_owner_may_leave_out_a_product_and_shorten(path: WholePath) -> None:
    shipped(path)
    request = path.ask(identifiers=[SHIPMENT])
    visitor = path.visitor().signed_in()
    until = (datetime.now(UTC) + timedelta(days=3)).strftime("%Y-%m-%d")
    location = visitor.approve(request.url, leave_out=("product-bill_of_lading",), until=until)
    tokens = path.as_bank().exchange(request, location)
    assert tokens.details[0]["products"] == ["transport_event"]
    assert tokens.details[0]["expires_at"] == f"{until}T00:00:00Z"
    path.anchor()
    verdict = verified(path, path.as_bank().evidence(tokens).data)
    assert [record.product for record in verdict.records] == ["transport_event"]
    refusal = refused(path, tokens, products=["bill_of_lading"])
    assert (refusal.status, refusal.error) == (403, "insufficient_scope")


def test_a_refused_request_takes_the_bank_its_error(path: WholePath) -> None:
    request = path.ask()
    location = path.visitor().signed_in().refuse(request.url)
    with pytest.raises(OAuthError, match="access_denied"):
        path.as_bank().exchange(request, location)


def test_another_bank_cannot_pass_the_evidence_off_as_its_own(path: WholePath) -> None:
    shipped(path)
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    data = path.as_bank().evidence(tokens).data
    with pytest.raises(VerificationError, match="the receipt is for 'eastbank', expected 'westbank'") as failure:
        verified(path, data, audience="westbank")
    assert failure.value.step == 12


def test_what_is_required_and_not_there_is_not_enough(path: WholePath) -> None:
    shipped(path)
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    data = path.as_bank().evidence(tokens).data
    with pytest.raises(NotEnough, match="required provider_sealed, record 0 is gateway_attested"):
        verified(path, data, require=frozenset({"provider_sealed"}))
    with pytest.raises(NotEnough, match="required a cometbft ledger"):
        verified(path, data, require=frozenset({"cometbft"}))
    with pytest.raises(NotEnough, match="older than 1:00:00"):
        verified(path, data, max_age=timedelta(hours=1), now=datetime.now(UTC) + timedelta(hours=2))


def test_the_agreed_frequency_and_maximum_hold(path: WholePath) -> None:
    shipped(path)
    tokens = path.consented(identifiers=[SHIPMENT], frequency={"max": 2, "per": "PT1H"}, maximum_pulls=3)
    path.anchor()
    bank = path.as_bank()
    bank.evidence(tokens)
    bank.evidence(tokens)
    refusal = refused(path, tokens)
    assert refusal.status == 429
    assert "the consent allows 2 pulls in PT1H" in str(refusal)


def test_what_a_bank_was_given_is_on_the_owners_page(path: WholePath) -> None:
    shipped(path)
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    visitor = path.visitor().signed_in()
    assert "Last viewed: never" in visitor.open("/portal/consents").text
    path.as_bank().evidence(tokens)
    assert "Times viewed: 1." in visitor.open(f"/portal/consents/{tokens.grant_id}").text


def test_the_evidence_is_one_canonical_document(path: WholePath) -> None:
    shipped(path)
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    data = path.as_bank().evidence(tokens).data
    assert json.loads(data)["format"] == "tidegate-evidence/1"
    with pytest.raises(VerificationError, match=r"not canonical JSON") as failure:
        verified(path, json.dumps(json.loads(data)).encode())
    assert failure.value.step == 1
