import fcntl
from pathlib import Path

import pytest

from gateway.cli.demo.folder import prepare
from gateway.cli.faults import CommandError


def test_only_what_a_demo_made_is_removed(tmp_path: Path) -> None:
    prepare(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").touch()
    (tmp_path / "evidence.json").touch()
    (tmp_path / "notes.txt").touch()
    prepare(tmp_path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [".tidegate-demo.json", "notes.txt"]


def test_a_link_is_removed_and_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file").touch()
    folder = tmp_path / "demo"
    prepare(folder)
    (folder / "data").symlink_to(elsewhere)
    prepare(folder)
    assert not (folder / "data").exists()
    assert (elsewhere / "file").exists()


def test_a_demo_that_still_runs_is_left_alone(tmp_path: Path) -> None:
    prepare(tmp_path)
    (tmp_path / "data").mkdir()
    with (tmp_path / "data" / "serve.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(
            CommandError, match=r"^an earlier demo still runs in .*: stop it, or choose another with --out$"
        ):
            prepare(tmp_path)
    assert (tmp_path / "data").exists()


def test_a_file_in_the_folders_place_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "demo"
    file.touch()
    with pytest.raises(CommandError, match=r"/demo is a file: expected a folder, or nothing$"):
        prepare(file)
