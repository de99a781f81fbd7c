"""How the story is told: numbered acts, and what held in each."""

import time

from rich.console import Console
from rich.markup import escape


class Teller:
    """Tells the story line by line, in colour on a terminal and plainly elsewhere."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._act = 0
        self._started = time.monotonic()

    def act(self, title: str) -> None:
        """Begin the next act."""
        self._act += 1
        self._console.print(f"\n[bold]{self._act}. {escape(title)}[/bold]")

    def say(self, line: str) -> None:
        """Tell something on the side."""
        self._console.print(f"   [dim]{escape(line)}[/dim]")

    def held(self, line: str) -> None:
        """Tell what was done, and held."""
        self._console.print(f"   [green]ok[/green] {escape(line)}")

    def list(self, title: str, rows: list[tuple[str, str]]) -> None:
        """Tell a list of things with what they are."""
        self._console.print(f"\n[bold]{escape(title)}[/bold]")
        width = max(len(name) for name, _ in rows)
        for name, what in rows:
            self._console.print(f"   {escape(name):{width}}  [dim]{escape(what)}[/dim]")

    def end(self, line: str) -> None:
        """End the story."""
        self._console.print(f"\n[bold]{escape(line)}[/bold] ({time.monotonic() - self._started:.1f} s)")
