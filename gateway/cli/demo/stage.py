"""The gateway under the demo: a process of its own, started and stopped as an operator would."""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import IO, Any, Self

import httpx2

from gateway.cli.faults import CommandError
from gateway.cli.supervision import STOP_SECONDS, own_command

START_SECONDS = 30.0
ANCHOR_SECONDS = 30.0
POLL_SECONDS = 0.05
FOREIGN = ("TIDEGATE_", "DATABASE_URL")


class Stage:
    """A running gateway with its data in `folder`/data. Used in a `with` statement."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = _free_port()
        self.issuer = f"http://localhost:{self.port}"
        self._log = folder / "gateway.log"
        self._http = httpx2.Client(timeout=5.0, trust_env=False)
        self._word: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the gateway and wait until it is ready. Raises `CommandError`."""
        self.start()
        try:
            self.ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self) -> None:
        """Start the gateway, or start it again once it has ended; `ready` waits for it."""
        self._let_go()
        with self._log.open("ab") as log:
            command = own_command("serve", "--data", str(self.data), "--port", str(self.port), "--attached")
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                command, stdout=log, stderr=log, stdin=subprocess.PIPE, env=_environment(), start_new_session=True
            )
        self._word = self._process.stdin

    def ready(self) -> None:
        """Wait until the gateway is ready. Raises `CommandError` if it ends, or takes too long."""
        self._wait(lambda state: state["status"] == "ready", START_SECONDS, "the gateway did not start")

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.send_signal(signal.SIGTERM)
        self._let_go()
        try:
            self._process.wait(2 * STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _let_go(self) -> None:
        """Close the pipe by which a gateway knows that whoever started it lives."""
        if self._word is not None:
            self._word.close()

    def operate(self, *arguments: str) -> str:
        """Run one of the operator's commands on the gateway; return what it printed. Raises `CommandError`."""
        done = run(*arguments, "--data", str(self.data), environment=_environment(TIDEGATE_ISSUER=self.issuer))
        if done.returncode:
            raise CommandError(f"tidegate {' '.join(arguments)} ended with {done.returncode}: {done.stderr.strip()}")
        return done.stdout.strip()

    def anchored(self) -> int:
        """Wait until nothing waits for the ledger any more; return its height (0: none yet). Raises `CommandError`."""
        state = self._wait(
            lambda state: not state["anchoring"]["leaves"] and not state["anchoring"]["entries"],
            ANCHOR_SECONDS,
            "the ledger did not take what was stored",
        )
        return int(state["anchoring"]["last_height"] or 0)

    @property
    def pid(self) -> int:
        """The gateway's process id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the gateway's process has ended."""
        return self._process.poll() is not None

    def wait_for_end(self) -> int:
        """Wait until the gateway ends; return its exit code."""
        return self._process.wait()

    def _wait(self, reached: Any, seconds: float, otherwise: str) -> dict[str, Any]:  # noqa: ANN401 - a predicate on JSON
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self._process.poll() is None:
            state = self._state()
            if state is not None and reached(state):
                return state
            time.sleep(POLL_SECONDS)
        raise CommandError(f"{otherwise}; {self._log} says:\n{self._log.read_text(errors='replace')[-2000:]}")

    def _state(self) -> dict[str, Any] | None:
        try:
            response = self._http.get(f"{self.issuer}/readyz")
            found: dict[str, Any] = response.json()
        except (httpx2.TransportError, ValueError):
            return None
        return found if response.is_success else None


def run(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command of this command line to its end."""
    return subprocess.run(  # noqa: S603 - our own command
        own_command(*arguments), capture_output=True, text=True, check=False, env=environment or _environment()
    )


def write_json(path: Path, content: object) -> Path:
    """Write a JSON file for people to read; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
    return path


def _environment(**more: str) -> dict[str, str]:
    """Return the environment without any gateway's settings: the demo stands by itself."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    return {**own, **more}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
