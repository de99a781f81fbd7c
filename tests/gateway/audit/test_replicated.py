"""A gateway on a replicated ledger: consents are proved, and database and ledger audited, as on an embedded one."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway.audit.scope import Progress, Scope
from gateway.audit.whole import audit
from gateway.client.errors import NotYetError
from ledger.backends.cometbft.client import CometBFT
from ledger.backends.cometbft.reader import NodesReader
from ledger.entries import decode
from ledger.trust import read
from ledger.verify.state import verify
from tests.support.audited import GRACE, SHIPMENT
from tests.support.cli import tidegate
from tests.support.ledger import Operator, random_digest
from tests.support.messages import event, transport_document
from tests.support.nodes import final
from tests.support.path import WholePath, whole_path
from tests.support.replicated import replicated
from tests.support.waiting import until


@pytest.fixture
def path(database_url: str, tmp_path: Path) -> Iterator[WholePath]:
    with whole_path(database_url, tmp_path, replicated) as path:
        yield path


def address(path: WholePath) -> str:
    """Return where the node is."""
    assert isinstance(path.anchoring.backend, CometBFT)
    return path.anchoring.backend._nodes.connection().address


def found(path: WholePath) -> list[str]:
    """Return what an audit finds over the node."""
    settings, by = path.gateway.settings, read(path.trust())
    with NodesReader([address(path)], chain=settings.chain, trust=by) as reader:
        scope = Scope(
            source=reader,
            genesis=reader.genesis(),
            trust=by,
            gateway_id=settings.gateway_id,
            master=path.gateway.keyring.records,
            now=path.gateway.clock(),
            grace=GRACE,
        )
        told = list(audit(path.gateway.app.state.engine, scope))
    return [each.sentence for each in told if not isinstance(each, Progress)]


def said(path: WholePath, consent: str) -> str:
    """Let the worker answer; return what is proved of a consent, by a ledger that is no operator's word."""
    path.catch_up()
    with pytest.raises(NotYetError):
        path.as_bank().proof(consent)

    def answered() -> bytes:
        path.catch_up()
        path.anchoring.finish()
        with suppress(NotYetError):
            return path.as_bank().proof(consent)
        return b""

    document = until(answered, "the consent is not proved")
    verdict = verify(document, path.trust(), require=frozenset({"cometbft"}), now=datetime.now(UTC))
    assert verdict.engine == "cometbft"
    return verdict.statements[0].says.removeprefix(f"consent {consent}: ")


def another_organisations_entry(path: WholePath) -> None:
    """Register another organisation, and let it bring an entry of its own to the ledger."""
    other = Operator(org="harbour-bank", chain=path.gateway.settings.chain)
    path.anchoring.queue_entry("org.register", other.org, org=other.org, keys=[other.entries.registered("entries")])
    path.anchor()
    entry = other.entry("owner.credential_added", {"commitment": random_digest()})
    path.anchoring.backend.submit(entry)
    assert final(path.anchoring.backend, decode(entry).id).code == 0


def commanded(
    path: WholePath, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Audit by the command, over a node that is there and one that is not; without a trust file it says nothing."""
    away = "http://127.0.0.1:1"
    monkeypatch.setenv("DATABASE_URL", path.anchoring.engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("TIDEGATE_KEYS_DIR", str(path.gateway.settings.keys_path))
    monkeypatch.setenv("TIDEGATE_DATA_DIR", str(folder / "elsewhere"))
    monkeypatch.setenv("TIDEGATE_LEDGER_NODES", f"{address(path)} {away}")
    tidegate("audit", "verify", code=3)
    needed = "--trust names its trust file, without which nothing says whose votes count"
    assert capsys.readouterr().err == f"error: the ledger is replicated: {needed}\n"
    (folder / "given.json").write_bytes(path.trust())
    tidegate("audit", "verify", "--trust", folder / "given.json", code=0)
    *_, silent, verdict = capsys.readouterr().out.splitlines()
    assert silent.startswith(f"not asked to the end: the node at {away} cannot be reached: ")
    assert verdict.startswith("OK: ")


def test_a_gateway_on_a_replicated_ledger_proves_consents_and_is_audited(
    path: WholePath, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path.push("dcsa_ebl", transport_document())
    path.push("dcsa_track_trace", [event("loaded")])
    path.catch_up()
    tokens = path.consented(identifiers=[SHIPMENT])
    consent = str(tokens.grant_id)
    path.anchor()
    assert said(path, consent).startswith("active since height ")
    path.catch_up()
    path.as_bank().evidence(tokens)
    path.visitor().signed_in().stop(consent)
    assert said(path, consent).startswith("revoked at height ")
    another_organisations_entry(path)
    path.anchor()
    assert found(path) == []
    commanded(path, tmp_path, monkeypatch, capsys)
    with path.anchoring.engine.begin() as connection:
        for statement in (
            "DELETE FROM anchoredleaf WHERE subject = (SELECT min(id) FROM record)",
            "DELETE FROM receipt",
            "UPDATE record SET jwt = jwt || 'A' WHERE id = (SELECT max(id) FROM record)",
            "UPDATE consent SET state = 'active'",
        ):
            assert connection.execute(text(statement)).rowcount == 1
    told = found(path)
    for part in (
        " leaves, expected ",
        " hashes to leaf ",
        "is not there",
        "the database says state active, the ledger",
    ):
        assert [each for each in told if part in each], (part, told)
    assert not [each for each in told if each.startswith(("block ", "the node ", "ledger entry "))]
