"""A gateway on a ledger of four organisations: its evidence rests on no operator's word, and one node may die.

With two away nothing is final: what was pushed stays pending, until one of them is back.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import keys
from gateway.cli.demo import cast
from gateway.cli.demo.browser import Browser
from gateway.cli.demo.play import JSON, SHIPMENT, message
from gateway.cli.ports import free_port
from gateway.cli.supervision import own_command
from gateway.client.bank import Bank
from gateway.client.connection import Connection, Tokens
from gateway.client.provider import Provider
from ledger.backends.cometbft import network
from ledger.backends.cometbft.layout import Home
from ledger.codec import unb64u
from tests.support import builders
from tests.support.cli import process, tidegate
from tests.support.nodes import Node, join, running
from tests.support.waiting import nothing_waits, readiness, until

CHAIN = "trade"
OTHERS = ("harbour-bank-node", "carriers-association", "shanghai-operator")
PATIENCE_SECONDS = 30.0
STILL_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway with its own data, whose ledger is that of `nodes`."""

    folder: Path
    nodes: list[Node]
    port: int

    @property
    def issuer(self) -> str:
        return f"http://localhost:{self.port}"

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TIDEGATE_DATA_DIR": str(self.folder / "data"),
            "TIDEGATE_CHAIN": CHAIN,
            "TIDEGATE_LEDGER_NODES": " ".join(node.url for node in self.nodes),
            "TIDEGATE_PORT": str(self.port),
            "TIDEGATE_ISSUER": self.issuer,
        }

    def operate(self, *arguments: str | Path) -> str:
        """Run one of the operator's commands; return what it printed."""
        command = own_command(*map(str, arguments))
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=False)  # noqa: S603 - ours
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    @contextmanager
    def served(self) -> Iterator[None]:
        with (self.folder / "gateway.log").open("wb") as log:
            served = subprocess.Popen(own_command("serve"), env=self.environment(), stdout=log, stderr=log)  # noqa: S603 - ours
        try:
            until(lambda: readiness(self.issuer).get("status") == "ready", "the gateway is not ready")
            yield
        finally:
            served.terminate()
            served.wait(PATIENCE_SECONDS)


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    """Found a ledger of four organisations, and yield a gateway of the first."""
    (tmp_path / "data").mkdir()
    keys.create(tmp_path / "data" / "keys")
    nodes = [Node(Home(tmp_path / org)) for org in ("tidegate", *OTHERS)]
    for node in nodes:
        more: list[str | Path] = ["--keys", tmp_path / "data" / "keys"] if node is nodes[0] else []
        where: list[str | Path] = ["--home", node.home.root, "--org", node.home.root.name, "--address", node.address]
        tidegate("ledger", "init", *where, *more, code=0)
    cards = [node.home.card for node in nodes]
    tidegate("ledger", "found", *cards, "--chain", CHAIN, "--governance", "1", "-o", tmp_path / "net.json", code=0)
    for node in nodes:
        join(node, network.read(tmp_path / "net.json"))
    port = free_port()
    with running(nodes):
        yield Gateway(tmp_path, nodes, port)


def trust_file(gateway: Gateway) -> Path:
    """Let every founder sign the trust file."""
    file = gateway.folder / "trust.json"
    for node in gateway.nodes:
        own: list[str | Path] = []
        if node is gateway.nodes[0]:
            own = ["--key", gateway.folder / "data" / "keys" / "organisation.pem"]
        tidegate("ledger", "export-trust", file, "--home", node.home.root, *own, code=0)
    return file


def consented(bank: Bank, owner: Browser) -> Tokens:
    asked = builders.details(
        owner={"scheme": "br_number", "value": cast.BR_NUMBER},
        products=["bill_of_lading", "transport_event"],
        identifiers=[{"scheme": "transport_document", "issuer": cast.CARRIER_CODE, "value": SHIPMENT}],
        period=...,
        expires_at=f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}T00:00:00Z",
    )
    request = bank.request(asked, redirect_uri=cast.REDIRECT_URI)
    owner.press(owner.press(owner.open(request.url), "Continue"), "Approve with passkey")
    return bank.exchange(request, owner.left_for)


@pytest.mark.timeout(240)
def test_evidence_of_a_replicated_ledger_verifies_and_a_node_may_die(gateway: Gateway) -> None:
    players = cast.gather(gateway.folder)
    with (
        gateway.served(),
        Browser(gateway.issuer) as owner,
        Connection(gateway.issuer, players.carrier) as at_carrier,
        Connection(gateway.issuer, players.bank) as at_bank,
    ):
        gateway.operate("participants", "add", *players.registrations)
        link = gateway.operate("owners", "invite", cast.OWNER, "--name", "Finance desk", "--authority", "Director")
        owner.press(owner.open(link), "Make a passkey")
        carrier, bank = Provider(at_carrier), Bank(at_bank)
        carrier.ask_link(cast.OWNER)
        owner.press(owner.open(f"{gateway.issuer}/portal/links"), "Yes, we are their customer")
        carrier.push("dcsa_ebl", message("transport-document-118.json"), content_type=JSON, owner=cast.OWNER)
        tokens = consented(bank, owner)
        until(lambda: nothing_waits(gateway.issuer), "the ledger did not take it")
        first = pulled(gateway, bank, tokens, records=1)
        assert "one operator's word" not in first
        for node in gateway.nodes[:2]:
            node.end()
        carrier.push("dcsa_track_trace", message("events.json"), content_type=JSON)
        until(lambda: readiness(gateway.issuer)["anchoring"]["entries"], "the batch is not on its way")
        assert not gateway.nodes[2].moves(STILL_SECONDS)
        halted = bank.evidence(bank.refresh(str(tokens.refresh_token)))
        assert omitted(halted.data) == {("transport_event", "pending"): 5}
        assert verified(gateway, halted.data).startswith(f"OK: 1 records of {cast.OWNER}")
        gateway.nodes[1].start()
        until(lambda: nothing_waits(gateway.issuer), "the ledger did not take it from another node")
        pulled(gateway, bank, bank.refresh(str(tokens.refresh_token)), records=6)
        assert "answered by a node at height" in gateway.operate("doctor")


def pulled(gateway: Gateway, bank: Bank, tokens: Tokens, *, records: int) -> str:
    """Pull until so many records can be proved, under the next header; return what their verification says."""

    def look() -> str:
        said = verified(gateway, bank.evidence(tokens, patience=PATIENCE_SECONDS).data)
        return said if said.startswith(f"OK: {records} records of {cast.OWNER}, given to {cast.BANK}") else ""

    return until(look, f"{records} records are not released")


def omitted(data: bytes) -> dict[tuple[str, str], int]:
    """Return how many records an evidence leaves out, by product and reason, as its receipt says."""
    payload = json.loads(unb64u(json.loads(data)["receipt"].split(".")[1]))
    return {(each["product"], each["reason"]): each["count"] for each in payload["omitted"]}


def verified(gateway: Gateway, data: bytes) -> str:
    """Return what the verification of an evidence says, with the founders' trust file."""
    evidence, trust = gateway.folder / "evidence.json", gateway.folder / "trust.json"
    evidence.write_bytes(data)
    if not trust.exists():
        trust_file(gateway)
    options = ("--trust", trust, "--audience", cast.BANK, "--require", "cometbft")
    return process("verify", evidence, *options).stdout
