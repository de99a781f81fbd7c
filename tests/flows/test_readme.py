"""Every command of the README, run as a newcomer would: in an empty folder, with nothing but what it says."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from gateway.cli.demo import cast
from gateway.cli.demo.browser import Browser
from gateway.cli.demo.play import SHIPMENT, message
from gateway.cli.ports import free_port
from gateway.client.connection import Connection
from gateway.client.provider import Provider
from tests.support.waiting import PATIENCE_SECONDS, nothing_waits, readiness, until

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
RUN_BY_OTHERS = {
    "tidegate ledger node --home DIR": "tests/flows/test_ledger_nodes.py",
    "make test": "what runs this",
    "make network": "tests/flows/test_network.py",
    "tidegate network up": "tests/flows/test_network.py",
    "tidegate network down": "tests/flows/test_network.py",
    ".venv/bin/tidegate demo --out build/demo --attack": "tests/flows/test_demo.py, with all that it says",
}
SERVED = ".venv/bin/tidegate demo --out build/demo --serve"
VERIFIED = (
    ".venv/bin/tidegate verify build/demo/evidence.json --trust build/demo/trust.json --audience harbour-bank --explain"
)
BILL = "bill.json"
BANK = "--client harbour-bank --key bank/harbour-bank.pem"
CARRIER = "--client oceanline --key carrier/oceanline.pem"
IN_EARNEST = {
    "participants add FILE.json": "participants add carrier/oceanline.json owner/lantern-trading.json "
    "bank/harbour-bank.json",
    "owners invite OWNER --name NAME --authority AUTHORITY": "owners invite lantern-trading --name 'Export desk' "
    "--authority Director",
    "connector check FILE --connector NAME": f"connector check {BILL} --connector dcsa_ebl",
    "push FILE --connector NAME --client ID --key KEY.pem --owner OWNER": f"push {BILL} --connector dcsa_ebl {CARRIER} "
    "--owner lantern-trading",
    "consent request --client ID --key KEY.pem ...": f"consent request {BANK} --owner br_number:{cast.BR_NUMBER} "
    f"--product bill_of_lading --identifier transport_document:SCAC/OCLN:{SHIPMENT} --text 'Loan 118'",
    "pull CONSENT -o evidence.json": "pull {consent} -o evidence.json",
    "listen --client ID --key KEY.pem": f"listen {BANK} --after 0",
    "events list --client ID --key KEY.pem": f"events list {BANK}",
    "consent proof CONSENT -o proof.json": "consent proof {consent} -o proof.json",
    "consent history CONSENT -o history.json": "consent history {consent} -o history.json",
    "consent receipts CONSENT -o receipts.json": "consent receipts {consent} -o receipts.json",
    "consent attest CONSENT --version 1": "consent attest {consent} --version 1",
    "audit mine pulls.json --trust trust.json --receipt evidence.json": "audit mine pulls.json "
    "--trust tidegate-data/trust.json --receipt evidence.json",
    "verify evidence.json --trust trust.json": "verify evidence.json --trust tidegate-data/trust.json",
}
"""What people put in place of the capital letters."""


def commands() -> list[str]:
    """Return every command of the README, in blocks and in backticks; not one that only begins another."""
    blocks = re.findall(r"```\n(.*?)```", README, re.DOTALL)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`((?:\.venv/bin/)?(?:tidegate|make) [^`]+)`", README)
    found = {line for line in [*lines, *inline] if line}
    return sorted(line for line in found if not any(other.startswith(f"{line} ") for other in found))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an empty folder in which `.venv/bin/tidegate` is there."""
    folder = tmp_path_factory.mktemp("newcomer")
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def environment(port: int) -> dict[str, str]:
    """Return the environment of somebody whose default port is taken."""
    issuer = f"http://localhost:{port}"
    return {**os.environ, "TIDEGATE_PORT": str(port), "TIDEGATE_ISSUER": issuer, "TIDEGATE_GATEWAY": issuer}


def in_place(command: str) -> list[str]:
    """Return a command's words, with the program that is under test."""
    program, *words = shlex.split(command)
    assert program in ("tidegate", ".venv/bin/tidegate"), command
    return [str(Path(sys.prefix) / "bin" / "tidegate"), *words]


def run(command: str, folder: Path, port: int = 0) -> str:
    """Run a command to its end; return what it printed."""
    done = subprocess.run(  # noqa: S603 - the README's own
        in_place(command), cwd=folder, env=environment(port), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def running(command: str, folder: Path, port: int = 0) -> Iterator["subprocess.Popen[str]"]:
    """Run a command until the block ends; then stop it as Ctrl-C does."""
    with subprocess.Popen(  # noqa: S603 - the README's own
        in_place(command), cwd=folder, env=environment(port), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, command


def test_the_readme_shows_no_command_that_nothing_runs() -> None:
    run_here = {
        "make demo",
        SERVED,
        VERIFIED,
        "tidegate serve",
        "tidegate doctor",
        "tidegate duties",
        "tidegate audit verify",
    }
    assert commands() == sorted({*run_here, *(f"tidegate {each}" for each in IN_EARNEST), *RUN_BY_OTHERS})


def test_the_demo_keeps_running_and_its_evidence_is_verified(folder: Path) -> None:
    with running(SERVED, folder) as demo:
        assert demo.stdout is not None
        told = ""
        while "how it is" not in told:
            told = demo.stdout.readline()
            assert told, demo.stderr.read() if demo.stderr else ""
        assert httpx2.get(told.split()[-2].rstrip(","), trust_env=False).json()["status"] == "ready"
    assert run(VERIFIED, folder).startswith("OK: 8 records of lantern-trading")


def test_make_demo_is_the_demo() -> None:
    told = subprocess.run(  # noqa: S603 - our own Makefile
        [shutil.which("make") or "make", "-s", "-n", "-o", "setup", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.splitlines()[-1] == ".venv/bin/tidegate demo --out build/demo"


def test_a_newcomer_gets_from_serve_to_a_verified_evidence(folder: Path) -> None:
    port = free_port()
    issuer = f"http://localhost:{port}"
    players = cast.gather(folder)
    (folder / BILL).write_bytes(message("transport-document-118.json"))

    def do(shown: str) -> str:
        return run(f"tidegate {IN_EARNEST[shown]}", folder, port)

    with running("tidegate serve", folder, port), Browser(issuer) as owner:
        until(lambda: readiness(issuer).get("status") == "ready", "the gateway is not ready")
        do("participants add FILE.json")
        link = do("owners invite OWNER --name NAME --authority AUTHORITY").strip()
        owner.press(owner.open(link), "Make a passkey")
        with Connection(issuer, players.carrier) as carrier:
            Provider(carrier).ask_link(cast.OWNER)
        owner.press(owner.open(f"{issuer}/portal/links"), "Yes, we are their customer")
        assert "bill_of_lading" in do("connector check FILE --connector NAME")
        assert "bill_of_lading" in do("push FILE --connector NAME --client ID --key KEY.pem --owner OWNER")
        until(lambda: nothing_waits(issuer), "the ledger did not take it")
        consent = asked("consent request --client ID --key KEY.pem ...", folder, port, owner)
        files = ("pull CONSENT -o evidence.json", "consent proof CONSENT -o proof.json")
        kept = ("consent history CONSENT -o history.json", "consent receipts CONSENT -o receipts.json")
        for shown in (*files, *kept, "consent attest CONSENT --version 1"):
            run(f"tidegate {IN_EARNEST[shown].format(consent=consent)}", folder, port)
        assert do("verify evidence.json --trust trust.json").startswith(f"OK: 1 records of {cast.OWNER}")
        (folder / "pulls.json").write_bytes(owner.save(f"{issuer}/portal/pulls/log"))
        looked = do("audit mine pulls.json --trust trust.json --receipt evidence.json")
        assert looked.startswith(f"OK: 1 pulls of data of {cast.OWNER}")
        assert " for harbour-bank stands in the log, " in looked
        told = "listen --client ID --key KEY.pem"
        with running(f"tidegate {IN_EARNEST[told]}", folder, port) as listening:
            assert listening.stdout is not None
            assert f"consent.requested    {consent}" in listening.stdout.readline()
            assert f"consent.given        {consent}" in listening.stdout.readline()
        assert f"consent.given        {consent}" in do("events list --client ID --key KEY.pem")
        assert "WRONG" not in run("tidegate doctor", folder, port)
        assert run("tidegate duties", folder, port) == ""
        assert "\nOK: " in run("tidegate audit verify", folder, port)


def asked(shown: str, folder: Path, port: int, owner: Browser) -> str:
    """Ask for consent, let the owner approve, and return the consent's id."""
    with subprocess.Popen(  # noqa: S603 - the README's own
        in_place(f"tidegate {IN_EARNEST[shown]}"),
        cwd=folder,
        env=environment(port),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as asking:
        assert asking.stderr is not None
        assert asking.stdout is not None
        assert asking.stderr.readline().startswith("for the owner")
        page = owner.open(asking.stderr.readline().strip())
        owner.press(owner.press(page, "Continue"), "Approve with passkey")
        httpx2.get(owner.left_for, trust_env=False).raise_for_status()
        return asking.stdout.read().strip()
