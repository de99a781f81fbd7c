"""`--help` is the manual."""

import subprocess
import sys
import time
from importlib import import_module
from typing import Any

import pytest
import typer

from gateway.cli import ENTRIES, run


def commands() -> list[tuple[str, Any]]:
    """Return every command with the words by which it is called."""
    found: list[tuple[str, Any]] = []
    for name, entry in ENTRIES.items():
        command = typer.main.get_command(import_module(entry.module).app)
        inner = getattr(command, "commands", None)
        found += [(f"{name} {each}", inner[each]) for each in inner] if inner else [(name, command)]
    return found


def test_every_entry_says_what_its_command_says() -> None:
    for name, entry in ENTRIES.items():
        command = typer.main.get_command(import_module(entry.module).app)
        assert str(command.help).splitlines()[0] == entry.summary, name


def test_every_command_has_examples_that_call_it() -> None:
    for words, command in commands():
        assert f"tidegate {words}" in (command.epilog or ""), words


def test_every_option_says_what_it_is() -> None:
    for words, command in commands():
        for parameter in command.params:
            assert parameter.help, f"{words} {parameter.name}"


def test_help_is_shown_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("", "verify", "consent request", "participants add"):
        with pytest.raises(SystemExit) as ended:
            run([*words.split(), "--help"])
        assert ended.value.code == 0
        assert "Usage: tidegate" in capsys.readouterr().out


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["verfy"])
    assert ended.value.code == 2
    assert "No such command 'verfy'. Did you mean 'verify'?" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run(["--version"])
    assert capsys.readouterr().out.startswith("tidegate 0.")


def test_help_costs_no_more_than_twice_what_it_is_made_of() -> None:
    def seconds(*arguments: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)  # noqa: S603 - our own command
        return time.perf_counter() - started

    bare = min(seconds("-c", "import typer, rich") for _ in range(5))
    helped = min(seconds("-m", "gateway", "--help") for _ in range(5))
    assert helped <= 2 * bare
