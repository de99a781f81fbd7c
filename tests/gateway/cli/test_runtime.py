from contextlib import closing
from pathlib import Path

import pytest

from gateway import keys
from gateway.cli import faults
from gateway.cli.faults import CommandError, told
from gateway.cli.runtime import first_keys, open_ledger, read_settings, write_trust
from ledger import trust
from ledger.entries import build, sign
from tests.support.cli import tidegate
from tests.support.newer import newer


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.delenv("TIDEGATE_ISSUER", raising=False)


def test_the_issuer_follows_the_port_unless_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_settings(port=9000).issuer == "http://localhost:9000"
    assert read_settings().issuer == "http://localhost:8440"
    monkeypatch.setenv("TIDEGATE_ISSUER", "https://gateway.example")
    assert read_settings(port=9000).issuer == "https://gateway.example"


def test_wrong_settings_are_named_as_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_PORT", "high")
    with pytest.raises(CommandError) as wrong:
        read_settings()
    assert str(wrong.value) == (
        "the settings are not right:\n"
        "  TIDEGATE_PORT: Input should be a valid integer, unable to parse string as an integer"
    )
    assert wrong.value.code == faults.USAGE


def test_settings_that_contradict_each_other_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIDEGATE_ISSUER", "http://gateway.example")
    with pytest.raises(CommandError) as wrong:
        read_settings()
    assert "  issuer 'http://gateway.example': expected https (http only on loopback)" in str(wrong.value)


def test_keys_are_made_at_first_start_and_kept(tmp_path: Path) -> None:
    settings = read_settings(data=tmp_path / "data")
    assert first_keys(settings).organisation.kid == first_keys(settings).organisation.kid


def test_lost_keys_are_not_made_anew(tmp_path: Path) -> None:
    settings = read_settings(data=tmp_path)
    first_keys(settings)
    (settings.keys_path / "receipts.pem").unlink()
    with pytest.raises(keys.KeysError, match=r"lacks receipts.pem: make keys with `tidegate keys create"):
        first_keys(settings)


def test_the_trust_file_is_of_the_ledger_and_the_same_each_time(tmp_path: Path) -> None:
    settings = read_settings(data=tmp_path)
    keyring = first_keys(settings)
    written = []
    for _ in range(2):
        ledger = open_ledger(settings, keyring)
        write_trust(settings, keyring, ledger)
        written.append((settings.data_dir / "trust.json").read_bytes())
        ledger.close()
    assert written[0] == written[1]
    assert trust.read(written[0]).chain == settings.chain


def test_a_bug_shows_itself() -> None:
    with pytest.raises(KeyError), told():
        raise KeyError("bug")


def test_keys_are_made_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tidegate("keys", "create", tmp_path / "keys", code=0)
    tidegate("keys", "create", tmp_path / "keys", code=1)
    assert capsys.readouterr().err == f"error: {tmp_path}/keys is not empty: expected an empty folder for new keys\n"


def test_a_clients_key_is_private_and_what_is_registered_is_public(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bank.pem"
    tidegate("keys", "client", path, code=0)
    assert path.stat().st_mode & 0o777 == 0o600
    assert '"d"' not in capsys.readouterr().out
    tidegate("keys", "client", path, code=1)
    assert capsys.readouterr().err == f"error: {path} exists: expected a new file\n"


def test_a_doctor_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tidegate("doctor", "--data", tmp_path / "none", code=1)
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in told] == [
        ["WRONG", "keys"],
        ["OK", "clock"],
        ["OK", "disk"],
        ["WRONG", "database"],
        ["WRONG", "ledger"],
    ]
    assert told[3].endswith("there is none in " + str(tmp_path / "none") + " yet: tidegate serve makes it")


def test_a_doctor_foresees_rules_that_this_software_does_not_know(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = read_settings(data=tmp_path)
    keyring = first_keys(settings)
    body = {"version": 2, "height": 900}
    unsigned = build(chain=settings.chain, entry_id=bytes(16), type="rules.activate", body=body, not_after_height=9)
    organisation = keyring.organisation
    with newer(), closing(open_ledger(settings, keyring)) as ledger:
        ledger.submit(sign(unsigned, (settings.gateway_id, organisation.kid, organisation.private)))
    tidegate("doctor", "--data", tmp_path, code=1)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "WRONG ledger    rules of version 2 hold from height 900 on, this is 3: install a release that knows version 2;"
        " this one knows those up to version 1"
    )
    with newer():
        tidegate("doctor", "--data", tmp_path, code=1)
    assert capsys.readouterr().out.splitlines()[-1] == (f"OK    ledger    chain {settings.chain}, intact at height 3")
