"""Crashes on purpose, at the n-th point where a process may die: before and after each commit and each submission."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.orm import Session

from ledger.backends.base import Backend


class Crash(BaseException):
    """Not an Exception: nothing on its way may catch it, as nothing catches a SIGKILL."""


class Countdown:
    """Raises `Crash` at the n-th point passed, counted from 0, and never again."""

    def __init__(self, point: int) -> None:
        self._left = point

    def passing(self) -> None:
        """Pass a point."""
        self._left -= 1
        if self._left == -1:
            raise Crash


@contextmanager
def crashing(backend: Backend, point: int) -> Iterator[Backend]:
    """Yield a backend like `backend`; its submissions, and every commit of a session meanwhile, may crash."""
    countdown = Countdown(point)

    def pass_point(_: Session) -> None:
        countdown.passing()

    for moment in ("before_commit", "after_commit"):
        event.listen(Session, moment, pass_point)
    try:
        yield _Crashing(backend, countdown)
    finally:
        for moment in ("before_commit", "after_commit"):
            event.remove(Session, moment, pass_point)


class _Crashing:
    """A backend whose process dies before or after a submission."""

    def __init__(self, backend: Backend, countdown: Countdown) -> None:
        self._backend, self._countdown = backend, countdown
        self.chain, self.engine = backend.chain, backend.engine
        self.outcome, self.height, self.block = backend.outcome, backend.height, backend.block
        self.prove, self.trust, self.close = backend.prove, backend.trust, backend.close
        self.handovers = backend.handovers

    def submit(self, entry: bytes) -> None:
        self._countdown.passing()
        self._backend.submit(entry)
        self._countdown.passing()
