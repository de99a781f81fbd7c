"""The engine is the one that is meant, or it is not used."""

from pathlib import Path

import pytest

from ledger.backends.cometbft import engine
from ledger.errors import LedgerError


def test_the_engine_is_found_and_is_the_pinned_one() -> None:
    engine.check(engine.find())


def test_a_program_of_another_module_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "cometbft"
    other.write_bytes(engine.find().read_bytes().replace(engine.CHECKSUM.encode(), b"h1:" + b"A" * 44))
    monkeypatch.setenv(engine.VARIABLE, str(other))
    with pytest.raises(LedgerError, match=r"is not CometBFT v0\.38\.25 as its authors released it: remove it, and run"):
        engine.find()


def test_an_engine_that_is_not_there_is_said_how_to_get(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(engine.VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = tmp_path / "tidegate" / "cometbft-v0.38.25" / "cometbft"
    with pytest.raises(LedgerError) as missing:
        engine.find()
    assert str(missing.value) == f"there is no CometBFT at {place}: {engine.HOW}"
