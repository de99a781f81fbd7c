"""A gateway on a ledger of four organisations: its evidence rests on no operator's word, and one node may die.

With two away nothing is final: what was pushed stays pending, until one of them is back.
"""

import json
import os
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from gateway import keys
from gateway.cli.demo import cast
from gateway.cli.demo.browser import Browser
from gateway.cli.demo.play import JSON, SHIPMENT, message
from gateway.cli.runtime import engine_on
from gateway.cli.supervision import own_command
from gateway.client.bank import Bank
from gateway.client.connection import Connection, Tokens
from gateway.client.identity import read_key
from gateway.client.provider import Provider
from gateway.db.embedded import postgresql
from ledger import entries
from ledger.backends.cometbft import network
from ledger.backends.cometbft.client import CometBFT
from ledger.backends.cometbft.layout import Home
from ledger.codec import unb64u
from tests.support import builders
from tests.support.cli import process, tidegate
from tests.support.ledger import random_digest
from tests.support.nodes import Node, final, join, running
from tests.support.waiting import until

pytestmark = pytest.mark.xdist_group("four validators")
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

    def operate(self, *arguments: str | Path, code: int = 0) -> str:
        """Run one of the operator's commands, which must end with `code`; return what it printed."""
        command = own_command(*map(str, arguments))
        done = subprocess.run(command, env=self.environment(), capture_output=True, text=True, check=False)  # noqa: S603 - ours
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout.strip()

    def change(self, *statements: str) -> None:
        """Change the database as somebody can who has it."""
        with postgresql(self.folder / "data" / "postgresql") as url, engine_on(url) as engine, engine.begin() as one:
            for each in statements:
                assert one.execute(text(each)).rowcount > 0

    @contextmanager
    def served(self) -> Iterator[None]:
        with (self.folder / "gateway.log").open("wb") as log:
            served = subprocess.Popen(own_command("serve"), env=self.environment(), stdout=log, stderr=log)  # noqa: S603 - ours
        try:
            until(lambda: self.state().get("status") == "ready", "the gateway is not ready")
            yield
        finally:
            served.terminate()
            served.wait(PATIENCE_SECONDS)

    def state(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = httpx2.get(f"{self.issuer}/readyz", trust_env=False).json()
        except httpx2.TransportError:
            return {}
        return found

    def anchored(self) -> bool:
        anchoring = self.state()["anchoring"]
        return not anchoring["leaves"] and not anchoring["entries"]


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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
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
        until(gateway.anchored, "the ledger did not take it")
        first = pulled(gateway, bank, tokens, records=1)
        assert "one operator's word" not in first
        for node in gateway.nodes[:2]:
            node.end()
        carrier.push("dcsa_track_trace", message("events.json"), content_type=JSON)
        until(lambda: gateway.state()["anchoring"]["entries"], "the batch is not on its way")
        assert not gateway.nodes[2].moves(STILL_SECONDS)
        halted = bank.evidence(bank.refresh(str(tokens.refresh_token)))
        assert omitted(halted.data) == {("transport_event", "pending"): 5}
        assert verified(gateway, halted.data).startswith(f"OK: 1 records of {cast.OWNER}")
        gateway.nodes[1].start()
        until(gateway.anchored, "the ledger did not take it from another node")
        pulled(gateway, bank, bank.refresh(str(tokens.refresh_token)), records=6)
        assert "answered by a node at height" in gateway.operate("doctor")
        revoked_and_proved(gateway, bank, owner, str(tokens.grant_id))
        audited(gateway)


def revoked_and_proved(gateway: Gateway, bank: Bank, owner: Browser, consent: str) -> None:
    """Let the owner stop the consent; the bank, which has no access any more, has it proved."""
    owner.press(owner.open(owner.open(f"{gateway.issuer}/portal/consents").links["Stop sharing"]), "Stop sharing")
    file = gateway.folder / "proof.json"
    file.write_bytes(bank.proof(consent, patience=PATIENCE_SECONDS))
    told = process(
        "verify", file, "--trust", gateway.folder / "trust.json", "--require", "cometbft"
    ).stdout.splitlines()
    assert told[0].startswith("OK: as of height ")
    assert "one operator's word" not in told[0]
    assert told[1].startswith(f"  consent {consent}: revoked at height ")


def audited(gateway: Gateway) -> None:
    """Audit what the gateway did over the three nodes that are left; then change the database, and audit again."""
    another_organisations_entry(gateway)
    until(gateway.anchored, "the ledger did not take it")
    assert gateway.operate("audit", "verify", code=3) == ""
    given = ("audit", "verify", "--trust", gateway.folder / "trust.json")
    *_, away, verdict = gateway.operate(*given).splitlines()
    assert away.startswith(f"not asked to the end: the node at {gateway.nodes[0].url} cannot be reached: ")
    assert verdict.startswith("OK: ")
    assert " 1 consents, in " in verdict
    gateway.change(
        "DELETE FROM anchoredleaf WHERE subject = (SELECT id FROM record LIMIT 1)",
        "UPDATE record SET jwt = jwt || 'A' WHERE id = (SELECT max(id) FROM record)",
        "DELETE FROM receipt WHERE jti = (SELECT min(jti) FROM receipt)",
    )
    kinds = json.loads(gateway.operate(*given, "--json", code=1))["kinds"]
    assert {"leaves_gone", "record_changed", "receipt_gone", "uses"} <= set(kinds)
    assert not {"fork", "node", "state", "block", "commit", "entry_unknown", "proof"} & set(kinds)


def another_organisations_entry(gateway: Gateway) -> None:
    """Bring an entry to the ledger that is none of the gateway's business."""
    home = gateway.nodes[1].home
    key = read_key(home.root / "organisation.pem")
    assert isinstance(key, Ed25519PrivateKey)
    [registered] = network.read(home.card)["keys"]
    with closing(CometBFT([gateway.nodes[1].url], chain=CHAIN)) as ledger:
        entry = entries.build(
            chain=CHAIN,
            entry_id=secrets.token_bytes(entries.ID_BYTES),
            type="owner.credential_added",
            body={"commitment": random_digest()},
            not_after_height=ledger.height() + 100,
        )
        ledger.submit(entries.sign(entry, (home.root.name, registered["kid"], key)))
        final(ledger, entry["id"])


def pulled(gateway: Gateway, bank: Bank, tokens: Tokens, *, records: int) -> str:
    """Pull until so many records can be proved, under the next header; return what their verification says."""

    def look() -> str:
        said = verified(gateway, bank.evidence(tokens, patience=PATIENCE_SECONDS).data)
        return said if said.startswith(f"OK: {records} records of {cast.OWNER}, given to {cast.BANK}") else ""

    return until(look, f"{records} records are not released")


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
