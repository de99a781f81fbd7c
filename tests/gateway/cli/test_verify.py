import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

import gateway.cli.verify
from gateway.cli import run
from ledger import history
from ledger.codec import unb64u
from ledger.errors import VerificationError
from tests.support.cli import EvidenceFiles, ends_with
from tests.support.evidence import NOW

OFFLINE = """
import socket, sys
def refuse(*_, **__): raise AssertionError("the network was touched")
for name in ("socket", "create_connection", "getaddrinfo", "create_server", "socketpair"):
    setattr(socket, name, refuse)
from gateway.cli import run
try:
    run(sys.argv[1:])
finally:
    heavy = {"fastapi", "sqlalchemy", "sqlmodel", "httpx2", "uvicorn", "psycopg", "asyncpg", "rich"} & set(sys.modules)
    assert not heavy, heavy
"""


def verify(files: EvidenceFiles, *more: str) -> None:
    run(["verify", str(files.evidence), "--trust", str(files.trust), *more])


def test_valid_evidence_is_ok(files: EvidenceFiles, capsys: pytest.CaptureFixture[str]) -> None:
    with ends_with(0):
        verify(files, "--audience", files.bank)
    told = capsys.readouterr()
    assert told.out.startswith(f"OK: 2 records of {files.owner}, given to {files.bank} under consent ")
    first, *levels = told.out.splitlines()
    assert first.endswith("(embedded ledger: one operator's word)")
    assert levels == ["  bill_of_lading 1 of oceanline, gateway_attested"] * 2
    assert told.err == ""


def test_it_never_touches_the_network_and_loads_no_server(files: EvidenceFiles) -> None:
    command = [sys.executable, "-c", OFFLINE, "verify", str(files.evidence), "--trust", str(files.trust), "--explain"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("OK: ")


def test_explained_it_says_what_was_proved_and_what_not(
    files: EvidenceFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    with ends_with(0):
        verify(files, "--explain")
    told = capsys.readouterr().out
    assert " 1 parse strictly\n" in told
    assert "12 receipt\n" in told
    assert "  bill_of_lading 1 of oceanline, gateway_attested, anchored at height " in told
    assert "  Whether the consent was revoked since cannot be seen in a file.\n" in told
    assert "Trust file, to be compared out of band with two of its founders:\n" in told


def test_as_json_it_says_the_same(files: EvidenceFiles, capsys: pytest.CaptureFixture[str]) -> None:
    with ends_with(0):
        verify(files, "--json")
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["bank"], told["owner"]) == ("valid", files.bank, files.owner)
    assert [record["product"] for record in told["records"]] == ["bill_of_lading", "bill_of_lading"]


def test_evidence_of_another_bank_is_not_valid(files: EvidenceFiles, capsys: pytest.CaptureFixture[str]) -> None:
    with ends_with(1):
        verify(files, "--audience", "westbank")
    assert capsys.readouterr().err == (
        f"NOT VALID at step 12 of 12: receipt: the receipt is for '{files.bank}', expected 'westbank'\n"
    )


def test_a_changed_file_is_not_valid_and_the_step_is_named(
    files: EvidenceFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    files.evidence.write_bytes(files.evidence.read_bytes().replace(b'"sig":"', b'"sig":"AAAA', 1))
    with ends_with(1):
        verify(files, "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "invalid"
    assert told["step"] == 1
    assert "expected 64" in told["reason"]


def test_a_foreign_trust_file_is_not_valid(files: EvidenceFiles, capsys: pytest.CaptureFixture[str]) -> None:
    files.trust.write_bytes(b"{}")
    with ends_with(1):
        verify(files)
    assert capsys.readouterr().err.startswith("NOT VALID at step 2 of 12: trust file: ")


@pytest.mark.parametrize(
    ("demand", "reason"),
    [
        ("cometbft", "required a cometbft ledger, the trust file's is embedded: one operator's word"),
        ("provider_sealed", "required provider_sealed, record 0 is gateway_attested"),
    ],
)
def test_what_is_not_as_required_cannot_be_said(
    files: EvidenceFiles, demand: str, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with ends_with(3):
        verify(files, "--require", demand)
    assert capsys.readouterr().err == f"CANNOT SAY: {reason}\n"


def test_what_is_too_old_cannot_be_said(
    files: EvidenceFiles, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway.cli.verify, "_now", lambda: NOW + timedelta(days=2))
    with ends_with(0):
        verify(files, "--max-age", "3d")
    with ends_with(3):
        verify(files, "--max-age", "1d")
    assert "CANNOT SAY: the evidence is of " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--max-age", "soon"), "'soon' is no duration: write it like 30d, 12h or P30D"),
        (("--require", "luck"), "'luck' is not one of 'provider_sealed', 'cometbft'"),
        (("--nope",), "No such option: --nope"),
    ],
)
def test_what_is_not_used_as_written_is_told(
    files: EvidenceFiles, more: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with ends_with(2):
        verify(files, *more)
    assert message in capsys.readouterr().err


def test_a_missing_file_is_named(files: EvidenceFiles, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with ends_with(2):
        run(["verify", str(tmp_path / "none.json"), "--trust", str(files.trust)])
    assert capsys.readouterr().err == f"error: {tmp_path}/none.json: No such file or directory\n"


def test_a_bug_is_no_verdict(files: EvidenceFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("bug")

    monkeypatch.setattr(gateway.cli.verify, "verify", broken)
    with pytest.raises(KeyError):
        verify(files)
    assert not issubclass(KeyError, VerificationError)


STATES = Path(__file__).parents[2] / "vectors" / "state_proofs"


def verify_state(name: str, *more: str) -> None:
    run(["verify", str(STATES / name), "--trust", str(STATES / "trust.json"), *more])


def test_a_state_proof_is_told_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    with ends_with(0):
        verify_state("consent-revoked.json", "--explain", "--require", "cometbft")
    told = capsys.readouterr().out
    assert told.startswith("OK: as of height 6, 2026-11-24T09:00:06Z\n\n   1 parse strictly\n")
    assert "   5 keys in the state\n" in told
    assert ": revoked at height 5, version 1, through tidegate\nNot proved:\n" in told
    assert "  What became of it after that height cannot be seen in a file.\n" in told


def test_a_spoilt_state_proof_is_not_valid_and_the_step_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with ends_with(1):
        verify_state("vote-forged.json")
    assert capsys.readouterr().err.startswith("NOT VALID at step 3 of 5: commit signatures: signature of validator ")


def test_a_state_proof_has_no_audience(capsys: pytest.CaptureFixture[str]) -> None:
    with ends_with(2):
        verify_state("consent-revoked.json", "--audience", "eastbank")
    assert capsys.readouterr().err.endswith(
        "consent-revoked.json is a state proof: --audience and provider_sealed do not apply\n"
    )


def test_a_state_proof_that_is_too_old_cannot_say(capsys: pytest.CaptureFixture[str]) -> None:
    with ends_with(3):
        verify_state("consent-revoked.json", "--max-age", "1h", "--json")
    assert json.loads(capsys.readouterr().out)["reason"].startswith("the state proof is of 2026-11-24T09:00:06Z, older")


def a_history(files: EvidenceFiles, **status: str) -> Path:
    """Write the history of the evidence's consent, whose status may be another than it should."""
    consent = json.loads(files.evidence.read_bytes())["consent"]
    asked = {"event": "requested", "at": "2026-11-24T08:00:00Z", "actor": files.bank, "channel": "oauth"}
    given = {"event": "given", "at": "2026-11-24T09:00:00Z", "actor": "person", "channel": "portal"}
    record = {**consent["record"], "events": [asked, given], "status": {"state": "active", **status}}
    path = files.evidence.with_name("history.json")
    path.write_bytes(history.write(record["consent"], [(record, unb64u(consent["salt"]))]))
    return path


def test_a_consents_history_needs_no_trust_file(files: EvidenceFiles, capsys: pytest.CaptureFixture[str]) -> None:
    with ends_with(0):
        run(["verify", str(a_history(files)), "--explain"])
    told = capsys.readouterr().out
    assert told.splitlines()[0].endswith(f"of {files.owner} for {files.bank}, version 1, active")
    assert "  3 the owner's signatures\n" in told
    assert "  2026-11-24T09:00:00Z given, version 1, on the ledger as " in told


def test_a_history_that_does_not_hold_says_at_which_step(
    files: EvidenceFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    path = a_history(files, state="paused")
    with ends_with(1):
        run(["verify", str(path)])
    assert capsys.readouterr().err == (
        "NOT VALID at step 5 of 5: what happened may happen: after given the state is paused, expected active\n"
    )
    with ends_with(1):
        run(["verify", str(path), "--json"])
    assert json.loads(capsys.readouterr().out)["step"] == 5


def test_evidence_without_a_trust_file_cannot_be_verified(
    files: EvidenceFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    with ends_with(2):
        run(["verify", str(files.evidence)])
    assert "--trust is missing" in capsys.readouterr().err
