"""Keys that rotate: one file after the other, seen by processes that run."""

from pathlib import Path

import pytest

from gateway import keys
from gateway.keys import KeysError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.create(tmp_path / "keys")
    return tmp_path / "keys"


def test_the_next_key_stands_beside_the_others_and_is_private(folder: Path) -> None:
    second, third = keys.add(folder, "sealing"), keys.add(folder, "sealing")
    assert [path.name for path in keys.files(folder, "sealing")] == ["sealing.pem", "sealing.2.pem", "sealing.3.pem"]
    assert {path.stat().st_mode & 0o777 for path in keys.files(folder, "sealing")} == {0o600}
    found = keys.load(folder).of("sealing")
    assert [key.kid for key in found[1:]] == [second.kid, third.kid]
    assert len(keys.load(folder).of("receipts")) == 1


def test_keys_are_in_the_order_of_their_numbers(folder: Path) -> None:
    made = [keys.add(folder, "receipts").kid for _ in range(10)]
    assert [key.kid for key in keys.load(folder).of("receipts")][1:] == made


def test_a_process_that_runs_sees_a_new_key(folder: Path) -> None:
    running = keys.load(folder)
    assert len(running.of("sealing")) == 1
    new = keys.add(folder, "sealing")
    assert [key.kid for key in running.of("sealing")][1:] == [new.kid]


def test_a_first_key_that_ended_may_go(folder: Path) -> None:
    new = keys.add(folder, "sealing")
    (folder / "sealing.pem").unlink()
    loaded = keys.load(folder)
    assert loaded.sealing.kid == new.kid
    (folder / "sealing.2.pem").unlink()
    with pytest.raises(KeysError, match=r"lacks sealing\.pem: make keys with"):
        keys.load(folder)


def test_a_new_key_that_others_can_read_is_refused_at_start_and_left_out_by_who_runs(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    running = keys.load(folder)
    keys.add(folder, "sealing")
    (folder / "sealing.2.pem").chmod(0o644)
    assert len(running.of("sealing")) == 1
    assert "new keys cannot be read" in capfd.readouterr().out
    with pytest.raises(KeysError, match=r"others can read sealing\.2\.pem: chmod 600$"):
        keys.load(folder)


def test_other_files_are_no_keys(folder: Path) -> None:
    for name in ("sealing.old.pem", "sealing.1.pem", "sealing.02.pem", "sealings.pem"):
        (folder / name).write_text("no key")
    assert [path.name for path in keys.files(folder, "sealing")] == ["sealing.pem"]
