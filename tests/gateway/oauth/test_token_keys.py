"""The gateway's own signing keys: several at once, published ahead of use, honoured until their tokens have ended."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import keys, token_keys
from gateway.keys import KeysError
from gateway.token_keys import HONOURED, TokenKeys
from tests.support.cli import tidegate
from tests.support.path import WholePath

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    keys.create(tmp_path / "keys")
    return tmp_path / "keys"


@pytest.fixture
def look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(token_keys, "LOOK_AGAIN_SECONDS", 0.0)


def published(path: WholePath) -> list[str]:
    answer = path.gateway.client.get("/oauth/jwks")
    assert answer.headers["cache-control"] == "public, max-age=300"
    return [key["kid"] for key in answer.json()["keys"]]


def test_a_new_key_is_published_before_it_signs_and_the_old_one_until_its_tokens_have_ended(folder: Path) -> None:
    old = TokenKeys(folder).signing(NOW)
    path = keys.rotate_oauth(folder, since=NOW + HOUR, now=NOW)
    assert path.name == "oauth-20261124T100000Z.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    found = TokenKeys(folder)
    new = found.published(NOW)[1]
    assert found.signing(NOW + HOUR - timedelta(seconds=1)) == old
    assert found.signing(NOW + HOUR) == new
    last = NOW + HOUR + HONOURED
    assert found.honoured(old.kid, last - timedelta(seconds=1)) == old
    assert found.honoured(old.kid, last) is None
    assert [key.kid for key in found.published(last)] == [new.kid]


def test_the_next_rotation_removes_what_nothing_alive_is_signed_by(folder: Path) -> None:
    keys.rotate_oauth(folder, since=NOW + HOUR, now=NOW)
    keys.rotate_oauth(folder, since=NOW + 4 * HOUR, now=NOW + 2 * HOUR)
    assert sorted(each.name for each in folder.glob("oauth*")) == [
        "oauth-20261124T100000Z.pem",
        "oauth-20261124T130000Z.pem",
    ]
    assert keys.load(folder).oauth.signing(NOW + 4 * HOUR).path.name == "oauth-20261124T130000Z.pem"


def test_a_key_begins_after_every_other(folder: Path) -> None:
    keys.rotate_oauth(folder, since=NOW + HOUR, now=NOW)
    for since in (NOW, NOW + HOUR):
        with pytest.raises(KeysError, match=re.escape("the newest key signs from 2026-11-24T10:00:00Z on")):
            keys.rotate_oauth(folder, since=since, now=NOW)


@pytest.mark.parametrize(
    ("name", "content", "mode", "message"),
    [
        ("oauth-20261124T100000Z.pem", b"nothing", 0o600, "holds no private key in PEM"),
        ("oauth-20261399T100000Z.pem", b"", 0o600, "expected a time such as oauth-20261126T090000Z.pem"),
        ("oauth-20261124T100000Z.pem", b"", 0o644, "others can read it: chmod 600"),
    ],
)
def test_a_file_that_is_no_key_stops_the_start(
    folder: Path, name: str, content: bytes, mode: int, message: str
) -> None:
    (folder / name).write_bytes(content)
    (folder / name).chmod(mode)
    with pytest.raises(KeysError, match=re.escape(message)):
        keys.load(folder)


def test_a_file_that_comes_broken_later_changes_nothing(folder: Path, look_at_once: None) -> None:  # noqa: ARG001
    running = TokenKeys(folder)
    before = running.signing(NOW)
    (folder / "oauth-20261124T080000Z.pem").write_bytes(b"nothing")
    assert running.signing(NOW) == before


@pytest.mark.usefixtures("look_at_once")
def test_a_running_gateway_rotates_without_a_refused_token(path: WholePath) -> None:
    clock, folder = path.gateway.clock, path.gateway.settings.keys_path
    tokens = path.consented()
    path.anchor()
    old = published(path)
    keys.rotate_oauth(folder, since=clock() + timedelta(seconds=30), now=clock())
    assert published(path)[0] == old[0]
    assert len(published(path)) == 2
    path.as_bank().evidence(tokens)
    clock.turn(timedelta(seconds=9))
    path.as_bank().evidence(tokens)
    assert path.connection(path.bank).ask("introspection_endpoint", {"token": tokens.access_token})["active"] is True


@pytest.mark.usefixtures("look_at_once")
def test_a_token_of_a_removed_key_is_refused_though_it_was_verified_before(path: WholePath) -> None:
    folder, now = path.gateway.settings.keys_path, path.gateway.clock()
    tokens = path.consented()
    path.anchor()
    path.as_bank().evidence(tokens)
    keys.rotate_oauth(folder, since=now + timedelta(seconds=2), now=now)
    (folder / "oauth.pem").unlink()
    path.gateway.clock.turn(timedelta(seconds=2))
    with pytest.raises(Exception, match="the access token is signed by an unknown key"):
        path.as_bank().evidence(tokens)
    again = path.as_bank().refresh(tokens.refresh_token or "")
    path.as_bank().evidence(again)


def test_the_command_makes_the_next_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keys.create(tmp_path / "keys")
    tidegate("keys", "renew", "--data", str(tmp_path), "--ahead", "600", code=0)
    told = capsys.readouterr().out
    assert re.fullmatch(r".*/keys/oauth-\d{8}T\d{6}Z\.pem is published now, and signs from \S+Z on\n", told)
    assert len(TokenKeys(tmp_path / "keys").published(datetime.now(UTC))) == 2
