"""The demo, run as people run it."""

import json
from pathlib import Path

from gateway.cli.demo.folder import MARK, prepare
from tests.support.cli import process

TITLES = (
    "1. The operator registers three providers, a trader and a bank",
    "2. The trader enrols a passkey by invitation",
    "3. The providers ask to be linked",
    "4. By truck, by sea and by air: each provider pushes what its standard defines",
    "5. The bank asks for consent to the shipments",
    "6. The bank pulls evidence",
    "7. The bank verifies offline, with a trust file and nothing else",
    "8. Somebody changes one character of the evidence",
    "9. The trader sees in the portal who looked, and stops sharing",
    "10. The bank pulls again, and is refused",
    "11. The bank must delete what it pulled in 90 days",
)
HELD = (
    "deltaroad pushes ecmr-118.json: 1 sealed by the gateway (road_consignment_note)",
    "oceanline pushes transport-document-118.json: 1 sealed by the provider itself (bill_of_lading)",
    "oceanline pushes events.json: 8 sealed by the gateway (transport_event)",
    "peakforwarding pushes air-waybill-888-26118002.xml: 1 sealed by the gateway (air_waybill)",
    "the trader leaves out shipment OCLNHKG26131",
    "OK: 8 records of lantern-trading, given to harbour-bank under consent",
    "bill_of_lading 1 of oceanline, provider_sealed",
    "NOT VALID at step 12 of 12: receipt: the receipt is for 'harbour-bank', expected 'another-bank'",
    "NOT VALID at step 3 of 12",
    "the access log, verified offline: OK: 1 pulls of data of lantern-trading, 1 on the ledger",
    "for harbour-bank stands in the log, anchored",
    "revoked, in two clicks",
    "the pull is refused: 401 invalid_token: the consent is revoked",
    "and so is a new token: invalid_grant: the consent is revoked",
    "OK: 1 attestations of harbour-bank about data of lantern-trading, consent ",
    " under Cap. 615, Schedule 2, section 20, on the ledger at height ",
)
CAUGHT = (
    "caught at step 9 of the verification: leaves in their batches: inclusion path leads to root",
    "caught at step 1 of the verification: parse strictly: 1 disclosures belong to no digest",
    "caught at step 12 of the verification: receipt: the receipt is for 'harbour-bank', expected 'peak-bank'",
    "caught at step 2 of the verification: chain and validator sets against trust: block",
    "caught by the token's binding to its key: 401 invalid_token: the access token is bound to another DPoP key",
    "stored with the first answer: 401 invalid_dpop_proof: the DPoP proof was used before",
    "what the trader signed: invalid_authorization_details: authorization_details must be those that were granted",
    "caught by the consent's state: 403 insufficient_scope: the owner paused the consent",
    "for harbour-bank is MISSING: tidegate signed it, and signed that the log has all pulls of that time",
    "caught by the count of pulls: 401 invalid_token: all pulls of the consent are used",
    "caught by whose the bill is: evidence under the consent of kowloon-imports holds no record",
    "403: owner 'kowloon-imports' has not confirmed to be a customer of 'oceanline'",
)


def test_the_demo_tells_the_whole_story_is_attacked_and_can_be_told_again(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    told = process("demo", "--out", out, "--attack")
    places = [told.stdout.find(title) for title in TITLES]
    assert -1 not in places
    assert places == sorted(places)
    assert [line for line in (*HELD, *CAUGHT, "every attack was caught.") if line not in told.stdout] == []
    assert "\x1b" not in told.stdout
    process("verify", "evidence.json", "--trust", "trust.json", "--audience", "harbour-bank", folder=out)
    evidence = json.loads((out / "evidence.json").read_bytes())
    assert evidence["format"] == "tidegate-evidence/1"
    assert "OCLNHKG26131" not in (out / "evidence.json").read_text()
    assert (out / "bank" / "harbour-bank.pem").stat().st_mode & 0o077 == 0
    assert not (out / "data" / "postgresql" / "postmaster.pid").exists()
    prepare(out)
    assert [each.name for each in out.iterdir()] == [MARK]


def test_a_folder_that_no_demo_made_is_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "thesis.txt"
    kept.write_text("years of work")
    refused = process("demo", "--out", tmp_path, code=1)
    assert refused.stderr == f"error: {tmp_path} is not empty, and no demo made it: choose another with --out\n"
    assert kept.read_text() == "years of work"
