"""Clients that are not ours go all the way as a bank: `openid-client`, which is certified, and one in Python."""

import json
import os
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlmodel import Session

from gateway.clock import utc_now
from gateway.directory import people
from tests.clients.__main__ import FOLDER, command, install
from tests.support import builders
from tests.support.builders import Party
from tests.support.chromium import chromium
from tests.support.database import database
from tests.support.nginx import Ports, free_ports, proxy
from tests.support.person import Person
from tests.support.served import served
from tests.support.tls import Authority

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
REDIRECT = "https://bank.example/callback"
BACK = '<!doctype html><title>East Bank</title><p id="submission_complete">You are back at East Bank.</p>'
Scene = tuple[Ports, Authority, Party, Person]


@pytest.fixture(scope="module")
def scene(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Yield a gateway behind nginx, a bank, and an owner's person in Chromium."""
    folder, ports = tmp_path_factory.mktemp("clients"), free_ports()
    authority = Authority(folder)
    settings = {"issuer": ports.issuer, "port": ports.gateway}
    with (
        database(cluster_url) as url,
        served(url, folder / "gateway", **settings) as gateway,
        proxy(folder, ports, authority.issue("localhost", hosts=("localhost",)), authority),
        chromium() as browser,
    ):
        with Session(gateway.app.state.engine, expire_on_commit=False) as session:
            builders.owner(session)
            bank = builders.bank(session, redirect_uris=[REDIRECT])
            token = people.invite(session, builders.OWNER, name="Export desk", authority="Director", now=utc_now())
            session.commit()
        person = Person.enrolled(browser, f"{ports.issuer}/portal/enrol/{token}")
        person.page.context.route(
            "https://bank.example/**", lambda route: route.fulfill(body=BACK, content_type="text/html")
        )
        yield ports, authority, bank, person


@pytest.mark.parametrize("program", ["openid_client.js", "bank_in_python.py"])
def test_a_client_that_is_not_ours_goes_all_the_way(scene: Scene, tmp_path: Path, program: str) -> None:
    ports, authority, bank, person = scene
    install()
    details = [builders.details(expires_at=f"{utc_now() + timedelta(days=60):%Y-%m-%d}T00:00:00Z")]
    settings = {
        "issuer": ports.issuer,
        "client_id": bank.id,
        "jwk": bank.client.as_dict(private=True),
        "redirect_uri": REDIRECT,
        "details": details,
    }
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(settings))
    found = _run(command(program, str(file)), authority, person)
    assert sorted(parse_qs(urlsplit(person.page.url).query)) == ["response"]
    assert found["token_type"].lower() == "dpop"
    assert found["granted"] == details == found["grant"]["authorization_details"]
    assert (found["grant"]["state"], found["rotated"]) == ("active", False)
    assert (found["before"]["active"], found["before"]["client_id"]) == (True, bank.id)
    assert found["after"] == {"active": False}
    assert found["refused"] == 401


def _run(arguments: list[str], authority: Authority, person: Person) -> Any:
    """Run a client that first names the owner's page, is told where that led, and then says what it found."""
    trusted = dict.fromkeys(("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"), str(authority.file))
    environment = {**os.environ, **trusted, "PYTHONPATH": str(FOLDER / "python")}
    pipe = subprocess.PIPE
    with subprocess.Popen(arguments, stdin=pipe, stdout=pipe, text=True, env=environment) as process:  # noqa: S603 - ours
        assert process.stdin is not None
        assert process.stdout is not None
        page = process.stdout.readline().strip()
        assert person.visit(page) is None
        process.stdin.write(f"{person.page.url}\n")
        process.stdin.flush()
        return json.loads(process.stdout.read())
