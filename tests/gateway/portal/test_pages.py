"""The pages over HTTP: who may see and do what."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session
from starlette.testclient import TestClient

from gateway.client.errors import ProblemError
from gateway.client.passkey import Passkey
from gateway.portal import words
from gateway.portal.security import SESSION
from gateway.settings import Settings
from ledger import history
from tests.support import builders
from tests.support.app import ISSUER
from tests.support.browser import Visitor
from tests.support.path import WholePath, invitation, whole_path

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def path(database_url: str, tmp_path: Path) -> Iterator[WholePath]:
    with whole_path(database_url, tmp_path) as path:
        yield path


def stranger(path: WholePath) -> Visitor:
    return Visitor(path.gateway.app, Passkey())


@pytest.mark.parametrize("page", ["/portal/consents", "/portal/links", "/portal/consents/x", "/portal/consents/x/stop"])
def test_a_page_of_an_owner_is_for_who_is_signed_in(path: WholePath, page: str) -> None:
    response = path.gateway.client.get(page)
    assert (response.status_code, response.headers["location"].partition("?")[0]) == (303, "/portal/sign-in")


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
@pytest.mark.parametrize("action", ["/portal/sign-in", "/portal/sign-out", "/portal/links/oceanline/confirm"])
def test_a_form_from_elsewhere_is_refused(path: WholePath, action: str, headers: dict[str, str]) -> None:
    visitor = path.visitor().signed_in()
    response = visitor.http.post(action, content="", headers={**FORM, **headers})
    assert response.status_code == 403
    assert "was not sent from this site" in response.text


def test_an_invitation_is_used_once(path: WholePath) -> None:
    link = invitation(path.gateway)
    assert "Who sees the data of Harbour Trading" in stranger(path).enrol(link).text
    again = stranger(path).open(link)
    assert again.status_code == 409
    assert "this invitation was used before" in again.text


def test_an_unknown_passkey_does_not_sign_in(path: WholePath) -> None:
    visitor = stranger(path)
    visitor.enrol(invitation(path.gateway))
    visitor.send("/portal/sign-out")
    visitor.open("/portal/sign-in")
    foreign = visitor.send("/portal/sign-in", {"passkey": "{}", "next": "/portal"})
    assert foreign.status_code in (401, 422)
    assert "This did not work" in foreign.text


def test_signing_out_ends_the_session(path: WholePath) -> None:
    visitor = path.visitor().signed_in()
    visitor.send("/portal/sign-out")
    assert visitor.http.get("/portal/consents").status_code == 303


def test_another_owner_cannot_open_a_request_or_a_consent(path: WholePath) -> None:
    with Session(path.gateway.app.state.engine) as session:
        builders.owner(session, "other-trading", name="Other Trading", br_number="87654321")
        session.commit()
    other = stranger(path)
    other.enrol(invitation(path.gateway, owner="other-trading"))
    request = path.ask()
    assert other.open(request.url).status_code == 404
    tokens = path.consented()
    for page in (f"/portal/consents/{tokens.grant_id}", f"/portal/consents/{tokens.grant_id}/stop"):
        assert other.open(page).status_code == 404
    assert other.send(f"/portal/consents/{tokens.grant_id}/stop").status_code == 404


def test_a_request_can_be_read_before_signing_in_but_not_decided(path: WholePath) -> None:
    visitor = stranger(path)
    page = visitor.open(path.ask().url)
    assert "East Bank asks to see your trade data" in page.text
    assert "Sign in to decide" in page.text
    assert "<form" not in page.text


def test_leaving_out_everything_is_asked_again(path: WholePath) -> None:
    visitor = path.visitor().signed_in()
    response = visitor.review(path.ask().url, leave_out=("product-bill_of_lading", "product-transport_event"))
    assert response.status_code == 422
    assert "Choose at least one kind of data, or refuse the request." in response.text
    response = visitor.review(path.ask().url, leave_out=("shipment-0",))
    assert "Choose at least one shipment, or refuse the request." in response.text


@pytest.mark.parametrize("until", ["2030-01-01", "yesterday", "2026-02-30"])
def test_a_later_or_impossible_day_is_refused(path: WholePath, until: str) -> None:
    assert path.visitor().signed_in().review(path.ask().url, until=until).status_code == 422


def test_assets_are_cached_for_good_by_their_digest(path: WholePath) -> None:
    page = path.gateway.client.get("/portal/sign-in").text
    for name in ("portal.css", "passkey.js"):
        asset = next(part for part in page.split('"') if part.endswith(name))
        response = path.gateway.client.get(asset)
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert path.gateway.client.get(f"/portal/assets/0000/{name}").status_code == 404
    assert len(path.gateway.client.get(next(p for p in page.split('"') if p.endswith(".css"))).content) < 25_000


def test_over_https_cookies_are_bound_to_the_host(path: WholePath) -> None:
    assert SESSION.full_name(Settings(issuer="https://gateway.example")) == "__Host-tidegate_session"
    assert SESSION.full_name(path.gateway.settings) == "tidegate_session"
    client = TestClient(path.gateway.app, base_url=ISSUER)
    assert "httponly" in client.get("/portal/sign-in").headers["set-cookie"].lower()


def test_a_request_that_waits_is_listed_with_the_end_that_it_asks_for(path: WholePath) -> None:
    path.ask()
    page = path.visitor().signed_in().open("/portal/consents").text
    assert f"Until {words.day(path.end)}. Last viewed: never." in page


def test_an_owner_pauses_a_consent_and_resumes_it(path: WholePath) -> None:
    tokens = path.consented(identifiers=...)
    path.anchor()
    visitor = path.visitor().signed_in()
    paused = visitor.pause(str(tokens.grant_id))
    assert "Paused" in paused.text
    with pytest.raises(ProblemError, match=r"^403 insufficient_scope: the owner paused the consent$"):
        path.as_bank().evidence(tokens)
    resumed = visitor.resume(str(tokens.grant_id))
    assert "Active" in resumed.text
    assert path.as_bank().evidence(tokens).data


def test_owner_and_bank_keep_the_same_history_and_nobody_else_gets_it(path: WholePath) -> None:
    consent = str(path.consented().grant_id)
    visitor = path.visitor().signed_in()
    visitor.pause(consent)
    visitor.stop(consent)
    kept = visitor.http.get(f"/portal/consents/{consent}/history")
    assert kept.headers["Content-Disposition"] == f'attachment; filename="consent-{consent[:8]}.json"'
    assert path.as_bank().history(consent) == kept.content
    assert [each.event for each in history.verify(kept.content).changes] == ["given", "paused", "withdrawn"]
    with pytest.raises(ProblemError, match=rf"^404: no consent '{consent}'$"):
        path.as_bank(path.other_bank).history(consent)
