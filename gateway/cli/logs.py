"""What the long-running commands log, on standard error: one JSON object a line, or words if somebody watches.

Nothing that a request brought is logged but its id. So an exception is told by its types and where it passed, never by
its message, which may quote what it was about; and what libraries log by their names alone, but for the server's.
"""

import logging
import sys
import threading
from collections.abc import Iterator
from traceback import walk_tb
from typing import TextIO

import structlog
from structlog.typing import EventDict

from gateway.cli.lines import Lines
from gateway.tracing import request_id

MOST_FRAMES = 50
SPOKEN = frozenset({"uvicorn.error"})
"""Loggers of libraries whose messages, at the level of warnings and above, hold nothing of a request."""


as_json = structlog.processors.JSONRenderer(sort_keys=True)


def configure(file: TextIO = sys.stderr) -> Lines:
    """Send everything that is logged to `file`, each line with level, time (UTC) and the request at work if any."""
    lines = Lines(file)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _traced,
            _told,
            *((_readable, structlog.dev.ConsoleRenderer()) if file.isatty() else (as_json,)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: lines,
    )
    logging.basicConfig(handlers=[_Foreign()], level=logging.WARNING, force=True)
    threading.excepthook = lambda found: _uncaught(found.exc_value)
    sys.unraisablehook = lambda found: _uncaught(found.exc_value)
    return lines


def _traced(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Add the request's id, unless the line is about another's; leave out what is not known."""
    event.setdefault("request_id", request_id())
    return {name: value for name, value in event.items() if value is not None}


def _told(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Put the type of an exception, and where it passed, in its place."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exception()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["error"], event["stack"] = _named(error), list(_stack(error))
    return event


def _readable(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Put each line of a stack in a line of its own, below."""
    if "stack" in event:
        event["exception"] = "\n".join(event.pop("stack"))
    return event


def _stack(error: BaseException) -> Iterator[str]:
    """Yield each exception and the lines of code that it passed, the innermost last; what it came of goes first."""
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _stack(before)
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _stack(each)
    yield _named(error)
    frames = [
        (frame.f_globals.get("__name__"), line, frame.f_code.co_name) for frame, line in walk_tb(error.__traceback__)
    ]
    yield from (f"  {module}:{line} {function}" for module, line, function in frames[-MOST_FRAMES:])


def _named(error: BaseException) -> str:
    """Return an exception's type, and the code of its kind if it has one (SQLSTATE, errno)."""
    name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    code = getattr(error, "sqlstate", None) or getattr(error, "errno", None)
    return f"{name} ({code})" if isinstance(code, str | int) else name


class _Foreign(logging.Handler):
    """Takes what libraries log by Python's own `logging`."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log it as ours."""
        said = record.getMessage() if record.name in SPOKEN else "a library reports something"
        place = f"{record.module}:{record.lineno}"
        structlog.get_logger().log(record.levelno, said, exc_info=record.exc_info, logger=record.name, place=place)


def _uncaught(error: BaseException | None) -> None:
    structlog.get_logger().error("an exception was not caught", exc_info=error)
