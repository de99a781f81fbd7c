"""Commands that are imported when they are run: `tidegate --help` must not wait for a web server's modules."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

FIRST_COLUMN = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """A command, or a group of them: the module whose `app` it is, its line in the help, and for whom."""

    module: str
    summary: str
    audience: str


class LazyGroup(TyperGroup):
    """A group that knows its commands by their entries and imports one when it is run."""

    entries: dict[str, Entry]

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - handed on
        super().__init__(**attributes)
        self.commands = {name: _line(name, entry) for name, entry in self.entries.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401 - typer's own types are private
        """Import the command that is named."""
        if args and args[0] in self.entries:
            self.commands[args[0]] = load(self.entries[args[0]], args[0])
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - typer's own types are private
        """List the commands in the order of their entries, by audience."""
        del ctx
        for audience in dict.fromkeys(entry.audience for entry in self.entries.values()):
            rows = [(name, entry.summary) for name, entry in self.entries.items() if entry.audience == audience]
            with formatter.section(audience):
                formatter.write_dl(rows, col_max=FIRST_COLUMN)


def load(entry: Entry, name: str) -> Any:  # noqa: ANN401 - typer's own types are private
    """Return the real command of an entry."""
    command = typer.main.get_command(import_module(entry.module).app)
    command.name = name
    return command


def _line(name: str, entry: Entry) -> TyperCommand:
    return TyperCommand(name=name, help=entry.summary)


def commands(summary: str | None = None, *, kind: type[TyperGroup] = TyperGroup) -> typer.Typer:
    """Return an empty set of commands; with a `summary` it is a group even if it holds a single one."""
    made = typer.Typer(
        cls=kind,
        help=summary,
        add_completion=False,
        no_args_is_help=summary is not None,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,  # importing what renders it takes longer than everything else together
    )
    if summary is not None:
        made.callback()(_group)
    return made


def examples(*lines: str) -> str:
    """Return an epilog that shows commands as they are typed."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def _group() -> None:
    """Hold commands together."""
