"""APIs are followed from the command line, and the worker's thread fetches from them."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, func, select

from gateway import keys
from gateway.cli.polling import Polling
from gateway.records.tables import Record
from gateway.settings import Settings
from tests.support.carrier_api import CarrierApi, carrier_api
from tests.support.cli import tidegate
from tests.support.messages import event
from tests.support.records import participants

PATIENCE = 20.0


@pytest.fixture
def api() -> Iterator[CarrierApi]:
    with carrier_api(event("one"), event("two", equipmentEventTypeCode="LOST")) as api:
        yield api


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, database_url: str, session: Session, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Let the commands work on the test's database, in which a carrier is registered."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("TIDEGATE_KEYS_DIR", str(tmp_path / "keys"))
    keys.create(tmp_path / "keys")
    participants(session)
    session.commit()
    return Settings()


def follow(api: CarrierApi, headers: Path) -> None:
    headers.write_text(json.dumps({"X-Api-Key": api.key}))
    given = ("--provider", "oceanline", "--url", api.url, "--headers", str(headers))
    tidegate("connector", "follow", "dcsa_track_trace", *given, code=0)


def test_an_api_is_followed_listed_polled_and_unfollowed(
    api: CarrierApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    follow(api, tmp_path / "headers.json")
    source = capsys.readouterr().out.strip()
    tidegate("connector", "poll", source, code=0)
    assert capsys.readouterr().out == "1 pages, 1 new records, 1 messages refused\n"
    tidegate("connector", "sources", code=0)
    shown = f"{source}  dcsa_track_trace  oceanline  {api.url}  accepted 1, refused 1, fetched 0:00:0"
    assert capsys.readouterr().out.startswith(shown)
    api.instead = lambda _: (503, {}, b"")
    tidegate("connector", "poll", source, code=1)
    name = api.url.removeprefix("http://")
    told = f"0 pages, 0 new records, 0 messages refused\nended early: {name}/v2/events: answered 503\n"
    assert capsys.readouterr().err == f"error: {told}"
    tidegate("connector", "sources", code=0)
    assert f"  1 failures in a row, the last: {name}/v2/events: answered 503\n" in capsys.readouterr().out
    tidegate("connector", "unfollow", source, code=0)
    tidegate("connector", "sources", code=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("content", ["[]", "{", '{"a b": "c"}', '{"a": 1}', '{"a": "b\\r\\nc: d"}'])
def test_headers_that_are_none_are_refused_without_being_repeated(
    api: CarrierApi, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    headers = tmp_path / "headers.json"
    headers.write_text(content)
    given = ("--provider", "oceanline", "--url", api.url, "--headers", str(headers))
    tidegate("connector", "follow", "dcsa_track_trace", *given, code=2)
    assert "expected a JSON object of headers" in capsys.readouterr().err


def test_the_workers_thread_fetches_what_is_due(
    api: CarrierApi, tmp_path: Path, engine: Engine, settings: Settings
) -> None:
    follow(api, tmp_path / "headers.json")
    deadline = time.monotonic() + PATIENCE
    with Polling(engine, keys.load(settings.keys_path), settings), Session(engine) as session:
        while not session.exec(select(func.count()).select_from(Record)).one():
            assert time.monotonic() < deadline
            session.rollback()
