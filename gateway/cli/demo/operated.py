"""A gateway as its operator sees it: commands on its data, and how it is."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2

from gateway.cli.faults import CommandError
from gateway.cli.supervision import own_command

PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.05
SAID_CHARACTERS = 2000
FOREIGN = ("TIDEGATE_", "DATABASE_URL")


class Operated:
    """A gateway that listens on a port of this machine, with its data in `data` and what it says in `log`."""

    def __init__(self, data: Path, *, port: int, log: Path, settings: Mapping[str, str] | None = None) -> None:
        """`settings` are variables of the environment beyond the folder and the issuer."""
        self.data, self.port, self.log, self.patience = data, port, log, PATIENCE_SECONDS
        self.issuer = f"http://localhost:{port}"
        self.environment = environment(
            TIDEGATE_DATA_DIR=str(data), TIDEGATE_ISSUER=self.issuer, TIDEGATE_PORT=str(port), **(settings or {})
        )
        self._http = httpx2.Client(timeout=5.0, trust_env=False)

    @property
    def trust(self) -> Path:
        """The trust file of its ledger."""
        return self.data / "trust.json"

    @property
    def ended(self) -> bool:
        """Whether its process is known to have ended."""
        return False

    def operate(self, *arguments: str) -> str:
        """Run one of the operator's commands on the gateway; return what it printed. Raises `CommandError`."""
        done = run(*arguments, variables=self.environment)
        if done.returncode:
            raise CommandError(f"tidegate {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def ready(self) -> None:
        """Wait until the gateway is ready. Raises `CommandError` if it ends, or takes too long."""
        self._wait(lambda state: state["status"] == "ready", "the gateway did not start")

    def anchored(self) -> int:
        """Wait until all that was stored is on the ledger and proved; return its height (0: none yet).

        Raises `CommandError` if that takes too long.
        """
        state = self._wait(is_released, "the ledger did not take what was stored")
        return int(state["anchoring"]["last_height"] or 0)

    def state(self) -> dict[str, Any] | None:
        """Return what /readyz says, None if the gateway is not ready."""
        try:
            response = self._http.get(f"{self.issuer}/readyz")
            found: dict[str, Any] = response.json()
        except (httpx2.TransportError, ValueError):
            return None
        return found if response.is_success else None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _wait(self, reached: Callable[[dict[str, Any]], bool], otherwise: str) -> dict[str, Any]:
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline and not self.ended:
            state = self.state()
            if state is not None and reached(state):
                return state
            time.sleep(POLL_SECONDS)
        said = self.log.read_text(errors="replace")[-SAID_CHARACTERS:]
        raise CommandError(f"{otherwise}; {self.log} says:\n{said}")


def is_released(state: dict[str, Any]) -> bool:
    """Say whether nothing waits for the ledger any more, nor for what proves it: the header above it."""
    found = state["anchoring"]
    return not found["leaves"] and not found["entries"] and (found["proved_height"] or 0) > (found["last_height"] or -1)


def run(*arguments: str, variables: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of this command line to its end."""
    return subprocess.run(  # noqa: S603 - our own command
        own_command(*arguments), capture_output=True, text=True, check=False, env=variables or environment()
    )


def write_json(path: Path, content: object) -> Path:
    """Write a JSON file for people to read; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return path


def environment(**more: str) -> dict[str, str]:
    """Return the environment without any gateway's settings, but with these: what is started stands by itself."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**own, **more}
