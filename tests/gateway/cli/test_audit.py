"""`tidegate audit verify`: what it says, and the code it ends with."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.audited import AtRest, Audited
from tests.support.cli import tidegate


@pytest.fixture
def past(past_at_rest: AtRest, cluster_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Audited]:
    with past_at_rest.copied(cluster_url, tmp_path) as past:
        url = past.path.anchoring.engine.url.render_as_string(hide_password=False)
        monkeypatch.setenv("DATABASE_URL", url)
        monkeypatch.setenv("TIDEGATE_KEYS_DIR", str(past.path.gateway.settings.keys_path))
        monkeypatch.setenv("TIDEGATE_DATA_DIR", str(tmp_path))
        (tmp_path / "trust.json").write_bytes(past.path.trust())
        yield past


def test_where_all_is_well_it_says_how_much_it_looked_at(past: Audited, capsys: pytest.CaptureFixture[str]) -> None:
    tidegate("audit", "verify", code=0)
    told = capsys.readouterr()
    *stages, verdict = told.out.splitlines()
    blocks = past.path.anchoring.backend.height() - 1
    assert stages == [
        f"ledger: {blocks} looked at",
        "batches: 4 looked at",
        "records: 3 looked at",
        "receipts: 3 looked at",
        "consents: 2 looked at",
    ]
    counts = f"{blocks} blocks, {blocks // 2} entries, 4 batches, 6 leaves, 3 records, 3 receipts"
    assert verdict.startswith(f"OK: {counts}, 0 attestations, 2 consents, in ")
    assert verdict.endswith(" seconds")
    assert told.err == ""


def test_what_it_finds_it_says_with_what_it_means_and_what_to_do(
    past: Audited, capsys: pytest.CaptureFixture[str]
) -> None:
    past.change("UPDATE consent SET pulls = 0 WHERE id = :id", id=past.consent)
    tidegate("audit", "verify", code=1)
    lines = capsys.readouterr().out.splitlines()
    place = lines.index(f"FOUND consent {past.consent}: 0 uses are counted, 2 receipts are there")
    assert lines[place + 1 : place + 3] == [
        "      The uses counted are not the receipts given: an access is hidden, or the limit does not hold.",
        "      Restore the row from a backup: what the ledger says holds. Find out who could write to the database.",
    ]
    assert lines[-1].startswith("FOUND 1: ")


def test_of_many_alike_it_tells_some_and_counts_the_rest(
    past: Audited, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.cli.audit.MOST_TOLD", 2)
    past.change("UPDATE record SET level = 'provider_sealed'")
    tidegate("audit", "verify", code=1)
    lines = capsys.readouterr().out.splitlines()
    assert len([line for line in lines if line.startswith("FOUND record ")]) == 2
    assert lines[-2] == "1 more of the kind record_changed"
    assert lines[-1].startswith("FOUND 3: ")


def test_as_json_it_says_the_same(past: Audited, capsys: pytest.CaptureFixture[str]) -> None:
    tidegate("audit", "verify", "--json", code=0)
    assert json.loads(capsys.readouterr().out)["verdict"] == "well"
    past.change("UPDATE consent SET pulls = 0 WHERE id = :id", id=past.consent)
    past.change("UPDATE record SET wrapped_key = NULL WHERE state = 'current'")
    tidegate("audit", "verify", "--json", code=1)
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["kinds"]) == ("findings", {"uses": 1})
    assert told["counts"]["erased"] == 3
    assert told["findings"] == [
        {
            "kind": "uses",
            "where": f"consent {past.consent}",
            "what": "0 uses are counted, 2 receipts are there",
            "meaning": "The uses counted are not the receipts given: an access is hidden, or the limit does not hold.",
            "remedy": "Restore the row from a backup: what the ledger says holds. "
            "Find out who could write to the database.",
        }
    ]


def test_only_what_is_newer_is_looked_at_if_so_asked(past: Audited, capsys: pytest.CaptureFixture[str]) -> None:
    past.change("UPDATE record SET level = 'provider_sealed', received_at = received_at - interval '3 days'")
    tidegate("audit", "verify", "--since", "2d", code=0)
    assert ", 0 records, " in capsys.readouterr().out
    tidegate("audit", "verify", "--since", "4d", code=1)


def test_a_duration_that_is_none_is_told(past: Audited, capsys: pytest.CaptureFixture[str]) -> None:
    del past
    tidegate("audit", "verify", "--since", "yesterday", code=2)
    assert "'yesterday' is no duration" in capsys.readouterr().err


def test_without_a_ledger_nothing_can_be_said(past: Audited, capsys: pytest.CaptureFixture[str]) -> None:
    past.ledger.rename(past.folder / "elsewhere.sqlite")
    tidegate("audit", "verify", code=3)
    assert capsys.readouterr().err == f"error: there is no ledger in {past.folder}: nothing to audit\n"


def test_with_a_ledger_that_is_no_database_nothing_can_be_said(
    past: Audited, capsys: pytest.CaptureFixture[str]
) -> None:
    past.path.anchoring.backend.close()  # and with it the journal beside the file
    past.ledger.write_bytes(b"this is no database at all, whatever it is called")
    tidegate("audit", "verify", code=3)
    assert capsys.readouterr().err == f"error: {past.ledger}: file is not a database\n"


def test_without_a_database_nothing_can_be_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tidegate("audit", "verify", "--data", tmp_path, code=3)
    assert capsys.readouterr().err == f"error: there is no database in {tmp_path}: nothing to audit\n"
    monkeypatch.setenv("DATABASE_URL", "postgresql://localhost:1/none")
    monkeypatch.setenv("TIDEGATE_KEYS_DIR", str(tmp_path))
    tidegate("audit", "verify", "--data", tmp_path, code=3)
    assert capsys.readouterr().err == "error: the database cannot be reached\n"


def test_on_a_terminal_bars_show_how_far_it_is(
    past: Audited, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    past.change("UPDATE consent SET pulls = 0 WHERE id = :id", id=past.consent)
    tidegate("audit", "verify", code=1)
    told = capsys.readouterr().out
    assert "━━━" in told
    assert f"FOUND consent {past.consent}: 0 uses are counted, 2 receipts are there\n" in told
