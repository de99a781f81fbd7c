"""Carrier, bank and operator work with the command line alone, the owner with a browser, on a gateway that runs."""

import base64
import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import pytest

from gateway.cli.demo import cast
from gateway.cli.demo.play import SHIPMENT, message
from gateway.cli.demo.stage import Stage
from tests.support.cli import process, tidegate
from tests.support.market import Market, opened


class Told(NamedTuple):
    """What a command said."""

    out: str
    err: str


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with opened(tmp_path_factory.mktemp("market")) as market:
        yield market


Command = Callable[..., Told]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command in this process, which must end with `code`; return what it said."""

    def run(*arguments: str | Path, code: int = 0) -> Told:
        tidegate(*arguments, code=code)
        return Told(*capsys.readouterr())

    return run


def carrier(market: Market) -> tuple[str | Path, ...]:
    key = market.folder / "carrier" / f"{cast.CARRIER}.pem"
    return ("--client", cast.CARRIER, "--key", key, "--gateway", market.stage.issuer)


def test_a_carrier_pushes_and_a_bank_asks_pulls_and_verifies(market: Market, command: Command) -> None:
    bill, events = market.message("transport-document-118.json"), market.message("events.json")
    pushed = command("push", bill, "--connector", "dcsa_ebl", *carrier(market), "--owner", cast.OWNER)
    assert "bill_of_lading" in pushed.out
    pushed = command("push", events, "--connector", "dcsa_track_trace", *carrier(market))
    assert pushed.out.count("transport_event") == 8
    market.stage.anchored()

    state, output = market.folder / "state", market.folder / "evidence.json"
    consent = _ask_for_consent(market, state)
    pulled = command("pull", consent, "-o", output, "--state", state)
    assert pulled.out == f"{output}: {output.stat().st_size} bytes\n"
    verified = command("verify", output, "--trust", market.stage.data / "trust.json", "--audience", cast.BANK)
    assert verified.out.startswith(f"OK: 6 records of {cast.OWNER}, given to {cast.BANK} under consent {consent}")
    assert (state / f"{consent}.json").stat().st_mode & 0o777 == 0o600

    consents = market.owner.open(f"{market.stage.issuer}/portal/consents")
    market.owner.press(market.owner.open(consents.links["Stop sharing"]), "Stop sharing")
    refused = command("pull", consent, "-o", output, "--state", state, code=1)
    assert refused.err == "error: the consent gives no access any more: invalid_grant: the consent is revoked\n"
    proof = market.folder / "proof.json"
    proved = command("consent", "proof", consent, "-o", proof, "--state", state)
    assert proved.out == f"{proof}: {proof.stat().st_size} bytes\n"
    verified = command("verify", proof, "--trust", market.stage.data / "trust.json", "--max-age", "1h")
    assert verified.out.splitlines()[1].startswith(f"  consent {consent}: revoked at height ")

    attest = ("consent", "attest", consent, "--version", "1", "--state", state)
    assert command(*attest, "--law", "Cap. 615", code=2).err.startswith("error: give --law with --until, ")
    kept = command(*attest, "--law", "Cap. 615", "--until", "2040-01-01").out
    deleted = command(*attest).out
    attestations = market.folder / "attestations.json"
    saved = command("consent", "attestations", consent, "-o", attestations, "--state", state)
    assert saved.out == f"{attestations}: {attestations.stat().st_size} bytes\n"
    verified = command("verify", attestations, "--trust", market.stage.data / "trust.json")
    first, second, third = verified.out.splitlines()
    assert first.startswith(f"OK: 2 attestations of {cast.BANK} about data of {cast.OWNER}, consent {consent}")
    assert ": retained until 2040-01-01T00:00:00Z under Cap. 615, " in second
    assert ": deleted at " in third
    assert kept != deleted


def _ask_for_consent(market: Market, state: Path) -> str:
    """Ask on the command line; the owner follows the link that it prints, and signs."""
    command = [sys.executable, "-m", "gateway", "consent", "request", "--gateway", market.stage.issuer]
    command += ["--client", cast.BANK, "--key", str(market.players.bank_key), "--state", str(state)]
    command += ["--owner", f"br_number:{cast.BR_NUMBER}", "--product", "bill_of_lading", "--product", "transport_event"]
    command += ["--identifier", f"transport_document:SCAC/OCLN:{SHIPMENT}", "--text", "Loan 118", "--for", "30d"]
    with subprocess.Popen(  # noqa: S603 - our own command
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as asking:
        assert asking.stderr is not None
        assert asking.stdout is not None
        told = asking.stderr.readline()
        assert told.startswith("for the owner, within "), told + asking.stderr.read()
        page = market.owner.open(asking.stderr.readline().strip())
        market.owner.press(market.owner.press(page, "Continue"), "Approve with passkey")
        with httpx2.Client(trust_env=False) as browser:
            assert "can be closed" in browser.get(market.owner.left_for).text
        consent = asking.stdout.read().strip()
        assert '"type": "trade_data"' in asking.stderr.read()
    assert asking.returncode == 0
    return consent


def test_a_message_with_faults_is_refused_with_each_fault_and_its_place(market: Market, command: Command) -> None:
    events = json.loads(message("events.json"))
    events[1]["equipmentEventTypeCode"] = "MOON"
    del events[2]["eventDateTime"]
    path = market.folder / "wrong.json"
    path.write_text(json.dumps(events))
    missing = "/2/eventDateTime: is missing, and the standard requires it Fix: add eventDateTime"
    checked = command("connector", "check", path, "--connector", "dcsa_track_trace", code=1)
    assert "/1/equipmentEventTypeCode: " in checked.err
    assert missing in checked.err
    pushed = command("push", path, "--connector", "dcsa_track_trace", *carrier(market), code=1)
    assert pushed.err.startswith("error: 422: the message has 2 fault(s)")
    assert missing in pushed.err


def test_a_dry_run_shows_the_documents_and_sends_nothing(market: Market, command: Command) -> None:
    path = market.message("transport-document-131.json")
    shown = command("push", path, "--connector", "dcsa_ebl", "--dry-run")
    assert shown.out.startswith("bill_of_lading 1  ")
    assert '"number": "OCLNHKG26131"' in shown.out
    refused = command("push", path, "--connector", "dcsa_ebl", code=2)
    assert refused.err == "error: --client and --key are needed to push; --dry-run does without\n"


def test_a_standards_callback_is_taken_with_the_secret_that_was_printed(market: Market, command: Command) -> None:
    told = command(
        "connector", "subscribe", "dcsa_track_trace", "--provider", cast.CARRIER, "--data", market.stage.data
    )
    url, secret = (line.split()[-1] for line in told.out.splitlines())
    url = url.replace("http://localhost:8440", market.stage.issuer)
    key = base64.urlsafe_b64decode(secret + "=")
    body = message("events.json")
    headers = {"Content-Type": "application/json"}
    signature = "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()
    with httpx2.Client(trust_env=False) as carrier:
        assert carrier.post(url, content=body, headers=headers).status_code == 401
        accepted = carrier.post(url, content=body, headers={**headers, "Notification-Signature": signature})
    assert accepted.status_code == 204


def test_what_has_no_callbacks_cannot_be_subscribed(market: Market, command: Command) -> None:
    arguments = ("connector", "subscribe", "dcsa_ebl", "--provider", cast.CARRIER, "--data", market.stage.data)
    assert command(*arguments, code=1).err.endswith("has no signed callbacks: the provider pushes instead\n")


def test_a_carrier_asks_for_links_and_sees_who_confirmed(market: Market, command: Command) -> None:
    again = command("links", "ask", cast.OWNER, *carrier(market))
    assert again.out == f"asked; {cast.OWNER} confirms at {market.stage.issuer}/portal/links\n"
    assert command("links", "list", *carrier(market)).out.split() == [cast.OWNER, "confirmed"]
    unknown = command("links", "ask", "nobody", *carrier(market), code=1)
    assert unknown.err == "error: 404: no owner 'nobody' is registered\n"


def test_participants_are_listed_and_none_is_registered_twice(market: Market, command: Command) -> None:
    data = ("--data", market.stage.data)
    listed = json.loads(command("participants", "list", "--json", *data).out)
    assert [each["id"] for each in listed] == sorted(cast.FOLDERS)
    refused = command("participants", "add", market.players.registrations[0], *data, code=1)
    assert refused.err == "error: participant 'oceanline' is already registered\n"


def test_a_doctor_finds_a_running_gateway_well(market: Market, command: Command) -> None:
    market.stage.anchored()
    told = command("doctor", "--data", market.stage.data).out
    assert [line.split()[:2] for line in told.splitlines()] == [
        ["OK", name] for name in ("keys", "clock", "disk", "database", "ledger")
    ]


def test_a_second_gateway_in_the_same_folder_is_refused(market: Market) -> None:
    refused = process("serve", "--data", market.stage.data, "--port", str(market.stage.port + 1), code=1)
    assert refused.stderr.startswith(f"error: a gateway runs in {market.stage.data} already (process ")


def test_a_port_in_use_is_named(market: Market, tmp_path: Path) -> None:
    refused = process("serve", "--data", tmp_path / "other", "--port", str(market.stage.port), code=1)
    assert refused.stderr == (
        f"error: cannot listen on 127.0.0.1:{market.stage.port}: Address already in use. Choose another with --port.\n"
    )
    assert not (tmp_path / "other").exists()


def test_a_worker_that_is_killed_is_started_again_and_goes_on(market: Market, command: Command) -> None:
    [worker] = _workers(market.stage)
    os.kill(worker, signal.SIGKILL)
    bill = market.message("transport-document-131.json")
    command("push", bill, "--connector", "dcsa_ebl", *carrier(market), "--owner", cast.OWNER)
    assert market.stage.anchored() > 0
    [again] = _workers(market.stage)
    assert again != worker


def _workers(stage: Stage) -> list[int]:
    """Return the processes whose parent is the gateway and that are its workers."""
    found = []
    for each in Path("/proc").iterdir():
        if not each.name.isdecimal():
            continue
        try:
            command = (each / "cmdline").read_bytes().split(b"\0")
            parent = int((each / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if parent == stage.pid and b"worker" in command:
            found.append(int(each.name))
    return found


def test_a_gateway_that_is_killed_starts_again_and_ends_in_order_when_asked_to(tmp_path: Path) -> None:
    with Stage(tmp_path) as killed:
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait_for_end()
    with Stage(tmp_path) as stage, socket.create_connection(("127.0.0.1", stage.port)):
        os.kill(stage.pid, signal.SIGTERM)
        assert stage.wait_for_end() == 0
    assert (tmp_path / "gateway.log").read_text().endswith("stopped\n")
    assert not (tmp_path / "data" / "postgresql" / "postmaster.pid").exists()
