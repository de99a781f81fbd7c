"""`--help` is the manual."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from typer.core import TyperGroup

from gateway.cli import ENTRIES, run
from gateway.cli.lazy import Entry, LazyGroup, load


def entries(among: Mapping[str, Entry] = ENTRIES, before: str = "") -> Iterator[tuple[str, Entry, Any]]:
    """Yield every entry with the words by which it is called, and its command."""
    for name, entry in among.items():
        command = load(entry, name)
        yield f"{before}{name}", entry, command
        if isinstance(command, LazyGroup):
            yield from entries(command.entries, f"{before}{name} ")


def commands() -> Iterator[tuple[str, Any]]:
    """Yield every command with the words by which it is called."""
    for words, _, command in entries():
        if not isinstance(command, TyperGroup):
            yield words, command
        elif not isinstance(command, LazyGroup):
            yield from ((f"{words} {name}", each) for name, each in command.commands.items())


def test_every_entry_says_what_its_command_says() -> None:
    for words, entry, command in entries():
        assert str(command.help).splitlines()[0] == entry.summary, words


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
