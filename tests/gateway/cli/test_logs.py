import ast
import json
import logging
import os
import re
import threading
from collections.abc import Iterator
from contextvars import copy_context
from io import StringIO
from pathlib import Path

import psycopg
import pytest
import structlog

from gateway import figures, tracing
from gateway.cli import lines
from gateway.cli.lines import Lines
from tests.support.logs import Logged, Watched, logged

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "operating.md").read_text()
CANARY = "canary-7f3a"
REQUEST, OTHER = "0b9d3f6c-6a53-4f0e-9d53-0a3f1c3b7a11", "5a0e7c1d-24c1-4f4b-8a36-3c0de55a2b90"


@pytest.fixture
def log() -> Iterator[Logged]:
    with logged() as found:
        yield found


def during_a_request(event: str, **facts: object) -> None:
    """Log something while a request is at work."""

    def log() -> None:
        tracing.begin([(b"x-request-id", REQUEST.encode())])
        structlog.get_logger().info(event, **facts)

    copy_context().run(log)


def failing() -> None:
    """Fail because of a failure, with values in both messages and in the variables."""
    held = {"name": CANARY}
    try:
        held[CANARY + "!"]
    except KeyError as error:
        raise ValueError(f"no such {CANARY}") from error


def test_a_line_is_one_json_object_with_level_time_and_request(log: Logged) -> None:
    during_a_request("answered", status=200, client=None)
    [line] = log.lines
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "answered", "level": "info", "status": 200, "request_id": REQUEST}


def test_a_line_about_another_request_names_that_one(log: Logged) -> None:
    during_a_request("a ledger entry", request_id=OTHER)
    assert log.lines[0]["request_id"] == OTHER


def test_an_exception_is_told_by_types_and_places_and_never_by_its_message(log: Logged) -> None:
    try:
        failing()
    except ValueError:
        structlog.get_logger().exception("it failed")
    [line] = log.lines
    assert line["error"] == "ValueError"
    kinds = [each for each in line["stack"] if not each.startswith("  ")]
    assert kinds == ["KeyError", "ValueError"]
    assert [each.rpartition(" ")[2] for each in line["stack"]] == [
        "KeyError",
        "failing",
        "ValueError",
        "test_an_exception_is_told_by_types_and_places_and_never_by_its_message",
        "failing",
    ]
    assert CANARY not in log.text


def test_a_database_error_is_told_with_its_sqlstate(log: Logged, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        try:
            connection.execute("SELECT %s::int", (CANARY,))
        except psycopg.Error:
            structlog.get_logger().exception("it failed")
    assert log.lines[0]["error"] == "psycopg.errors.InvalidTextRepresentation (22P02)"
    assert CANARY not in log.text


def test_what_failed_together_is_told_each(log: Logged) -> None:
    structlog.get_logger().error(
        "it failed", exc_info=ExceptionGroup(CANARY, [ValueError(CANARY), OSError(28, CANARY)])
    )
    assert log.lines[0]["stack"] == ["ValueError", "OSError (28)", "ExceptionGroup"]


def test_a_thread_that_fails_is_told_without_values(log: Logged) -> None:
    thread = threading.Thread(target=failing)
    thread.start()
    thread.join()
    assert [line["event"] for line in log.lines] == ["an exception was not caught"]
    assert CANARY not in log.text


def test_what_a_library_logs_is_told_by_its_place(log: Logged) -> None:
    logging.getLogger("asyncio").error("Task %s failed with %s", CANARY, CANARY)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    [library, server] = log.lines
    assert (library["event"], library["logger"]) == ("a library reports something", "asyncio")
    assert library["place"].startswith("test_logs:")
    assert (server["event"], server["level"]) == ("Invalid HTTP request received.", "warning")
    assert CANARY not in log.text


def test_a_person_who_watches_reads_words() -> None:
    with logged(Watched()) as log:
        try:
            failing()
        except ValueError:
            structlog.get_logger().exception("it failed", seconds=1)
        text = log.text
    assert "it failed" in text
    assert "\nKeyError\n  test_logs:" in text.replace("tests.gateway.cli.", "")
    assert CANARY not in text
    with pytest.raises(json.JSONDecodeError):
        json.loads(text.splitlines()[0])


def test_a_log_that_cannot_be_written_disturbs_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    writer = Lines(os.fdopen(writing, "w"))
    writer.info("lost")
    writer.flush()


class Stuck(StringIO):
    """A file whose reader takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.tried, self.free = threading.Event(), threading.Event()

    def write(self, text: str) -> int:
        self.tried.set()
        self.free.wait()
        return super().write(text)


def test_a_stuck_reader_keeps_nobody_waiting_and_what_is_lost_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST", 3)
    monkeypatch.setattr(lines, "PATIENCE_SECONDS", 0.01)
    lost = figures.REGISTRY.get_sample_value("tidegate_log_lines_lost_total") or 0
    file = Stuck()
    writer = Lines(file)
    writer.info("first")
    file.tried.wait()
    for number in range(5):
        writer.info(f"line {number}")
    writer.flush()
    assert figures.REGISTRY.get_sample_value("tidegate_log_lines_lost_total") == lost + 2
    file.free.set()
    monkeypatch.setattr(lines, "PATIENCE_SECONDS", 10)
    writer.flush()
    assert file.getvalue() == "first\nline 2\nline 3\nline 4\n"


def logged_in_the_code() -> Iterator[tuple[str, set[str]]]:
    """Yield what the gateway's code logs: each event, and its fields."""
    for path in (ROOT / "gateway").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and re.search(
                r"(_log|get_logger\(\))\.(info|warning|error|exception|log)\b", ast.unparse(node).partition('"')[0]
            ):
                events = [
                    each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)
                ]
                fields = {each.arg for each in node.keywords if each.arg}
                yield from ((event, fields) for event in events)


def test_every_event_and_field_of_the_log_is_in_the_operators_page() -> None:
    found = dict(logged_in_the_code())
    assert len(found) > 8
    assert [event for event in sorted(found) if f"| `{event}` |" not in PAGE] == []
    everywhere = {"event", "level", "timestamp", "request_id", "error", "stack", "logger", "place"}
    fields = everywhere.union(*found.values()) - {"exc_info"}
    assert [field for field in sorted(fields) if f"| `{field}` |" not in PAGE] == []
