"""A provider seals its records itself: the gateway could not have made them, and takes nothing that differs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlmodel import Session, func, select

from gateway.client.errors import ProblemError
from gateway.keys import signing_key
from gateway.records.tables import Quarantine, Record
from ledger.codec import b64u
from ledger.sdjwt import combine, split
from ledger.verify import NotEnough, Verdict, verify
from tests.support import builders
from tests.support.messages import BILL, event, transport_document
from tests.support.path import WholePath
from tests.support.sealing import SealingCarrier, sealing_carrier

SHIPMENT = {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": BILL}
Change = Callable[[dict[str, Any]], Any]


@pytest.fixture
def carrier(path: WholePath) -> SealingCarrier:
    return sealing_carrier(path)


def stored(path: WholePath) -> int:
    with Session(path.gateway.app.state.engine) as session:
        return session.exec(select(func.count()).select_from(Record)).one()


def refused(carrier: SealingCarrier, envelope: Any) -> list[tuple[str, str]]:
    """Push what is refused; return the faults, and see that nothing was stored."""
    with pytest.raises(ProblemError) as refusal:
        carrier.push("dcsa_track_trace", envelope)
    assert refusal.value.status == 422
    assert stored(carrier.path) == 0
    faults: list[dict[str, str]] = refusal.value.document.get("errors", [])
    return [(each["pointer"], each["message"]) for each in faults] or [("", refusal.value.detail)]


def pulled(path: WholePath, *, require: frozenset[str] = frozenset()) -> Verdict:
    tokens = path.consented(identifiers=[SHIPMENT])
    path.anchor()
    data = path.as_bank().evidence(tokens).data
    return verify(data, path.trust(), audience=builders.BANK, now=datetime.now(UTC), require=require)


def test_a_bank_sees_that_the_provider_sealed_and_can_insist_on_it(carrier: SealingCarrier) -> None:
    answer = carrier.push("dcsa_ebl", carrier.seal("dcsa_ebl", transport_document()), owner=builders.OWNER)
    assert [each["product"] for each in answer["records"]] == ["bill_of_lading"]
    carrier.push("dcsa_track_trace", carrier.seal("dcsa_track_trace", [event("loaded")]))
    carrier.path.anchor()
    verdict = pulled(carrier.path, require=frozenset({"provider_sealed"}))
    assert {record.level for record in verdict.records} == {"provider_sealed"}
    [bill] = [record for record in verdict.records if record.product == "bill_of_lading"]
    assert set(bill.claims) == {"cargo", "routing"}


def test_what_the_gateway_sealed_is_not_enough_for_a_bank_that_insists(carrier: SealingCarrier) -> None:
    carrier.push("dcsa_ebl", carrier.seal("dcsa_ebl", transport_document()), owner=builders.OWNER)
    carrier.path.push("dcsa_track_trace", [event("loaded")])
    carrier.path.anchor()
    with pytest.raises(NotEnough, match=r"required provider_sealed, record \d is gateway_attested"):
        pulled(carrier.path, require=frozenset({"provider_sealed"}))


def test_the_same_message_sealed_again_is_the_record_that_is_there(carrier: SealingCarrier) -> None:
    first = carrier.push("dcsa_track_trace", carrier.seal("dcsa_track_trace", [event("a"), event("b")]))
    again = carrier.push("dcsa_track_trace", carrier.seal("dcsa_track_trace", [event("a"), event("b")]))
    assert [each["id"] for each in again["records"]] == [each["id"] for each in first["records"]]
    assert stored(carrier.path) == 2


def test_a_record_that_says_something_else_than_the_original_is_refused_by_its_place(carrier: SealingCarrier) -> None:
    honest = carrier.seal("dcsa_track_trace", [event("a"), event("b")])
    changed = event("b", eventDateTime="2026-11-19T08:00:00+08:00", ISOEquipmentCode="22G1", seals=[])
    lying = carrier.seal("dcsa_track_trace", [event("a"), changed])
    assert refused(carrier, {**honest, "records": lying["records"]}) == [
        ("/records/0", "/original/digest is not what the original maps to"),
        ("/records/1", "/equipment/iso_code is not what the original maps to"),
        ("/records/1", "/event/time is not what the original maps to"),
        ("/records/1", "/original/digest is not what the original maps to"),
        ("/records/1", "/seals is not what the original maps to"),
    ]


def test_a_record_sealed_by_another_key_is_refused(carrier: SealingCarrier) -> None:
    carrier.key = signing_key(Ed25519PrivateKey.generate())
    said = f"signed with '{carrier.key.kid}', which is none of the provider's sealing keys"
    assert refused(carrier, carrier.seal("dcsa_track_trace", event("a"))) == [("/records/0", said)]


def test_a_record_in_anothers_name_is_refused(carrier: SealingCarrier) -> None:
    carrier.issuer = "tidegate"
    said = "iss 'tidegate' and provider 'tidegate'; expected 'oceanline' for both, who pushes"
    assert refused(carrier, carrier.seal("dcsa_track_trace", event("a"))) == [("/records/0", said)]


def test_a_record_from_the_future_is_refused(carrier: SealingCarrier) -> None:
    carrier.path.gateway.clock.turn(timedelta(minutes=5))
    sealed = carrier.seal("dcsa_track_trace", event("a"))
    carrier.path.gateway.clock.turn(timedelta(minutes=-5))
    ((_, said),) = refused(carrier, sealed)
    assert said.endswith("lies in the future; expected at most now")


def test_a_mapping_under_another_carrier_code_is_refused(carrier: SealingCarrier) -> None:
    carrier.code = {"list": "SCAC", "code": "OTHR"}
    assert refused(carrier, carrier.seal("dcsa_track_trace", event("a"))) == [
        ("/records/0", "/identifiers/0/issuer/code is not what the original maps to")
    ]


def withheld(envelope: dict[str, Any]) -> None:
    jwt, disclosures = split(envelope["records"][0])
    envelope["records"][0] = combine(jwt, disclosures[:-1])


def forged(envelope: dict[str, Any]) -> None:
    head, _, rest = envelope["records"][0].partition("~")
    envelope["records"][0] = f"{head[:-4]}AAAA~{rest}"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda envelope: envelope["records"].pop(), "0 records for 1 documents or events of the original"),
        (lambda envelope: envelope["records"].append("x"), "2 records for 1 documents or events of the original"),
        (withheld, "not what the original maps to"),
        (forged, "does not verify"),
        (lambda envelope: envelope["records"].__setitem__(0, "no record"), "an SD-JWT without key binding ends"),
        (lambda envelope: envelope.pop("original"), "the body is no application/vnd.tidegate.sealed+json: sealed push"),
        (
            lambda envelope: envelope["original"].update(body="%%"),
            "the body is no application/vnd.tidegate.sealed+json",
        ),
        (lambda envelope: envelope["original"].update(body=7), "expected media_type and body as texts"),
        (lambda envelope: envelope.update(records={}), "records: expected a list of SD-JWTs"),
    ],
)
def test_an_envelope_that_is_not_whole_is_refused(carrier: SealingCarrier, change: Change, said: str) -> None:
    envelope = carrier.seal("dcsa_track_trace", event("a"))
    change(envelope)
    found = refused(carrier, envelope)
    assert any(said in message for _, message in found), found


def test_a_faulty_original_is_quarantined_as_any_other(carrier: SealingCarrier) -> None:
    envelope = carrier.seal("dcsa_track_trace", event("a"))
    envelope["original"]["body"] = b64u(b'{"eventType": "LOST"}')
    assert refused(carrier, envelope)[0][0] == "/eventType"
    with Session(carrier.path.gateway.app.state.engine) as session:
        assert session.exec(select(func.count()).select_from(Quarantine)).one() == 1


def test_the_original_has_a_media_type_of_its_standard(carrier: SealingCarrier) -> None:
    envelope = carrier.seal("dcsa_track_trace", event("a"))
    envelope["original"]["media_type"] = "text/plain"
    with pytest.raises(ProblemError, match="original: media type 'text/plain' is not accepted") as refusal:
        carrier.push("dcsa_track_trace", envelope)
    assert refusal.value.status == 415
