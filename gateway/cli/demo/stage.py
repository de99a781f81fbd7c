"""The gateway under the demo: a process of its own, started and stopped as an operator would."""

import signal
import subprocess
from pathlib import Path
from typing import IO, Self

from gateway.cli.demo.operated import Operated
from gateway.cli.ports import free_port
from gateway.cli.supervision import STOP_SECONDS, own_command


class Stage(Operated):
    """A running gateway with its data in `folder`/data. Used in a `with` statement."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "data", port=free_port(), log=folder / "gateway.log")
        self.folder = folder
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
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command
                own_command("serve", "--attached"),
                stdout=log,
                stderr=log,
                stdin=subprocess.PIPE,
                env=self.environment,
                start_new_session=True,
            )
        self._word = self._process.stdin

    def __exit__(self, *_: object) -> None:
        self.close()
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
