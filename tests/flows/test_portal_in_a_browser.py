"""The owner's pages in Debian's Chromium, with a virtual authenticator; screenshots stay in build/screenshots/."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlmodel import Session

from gateway.clock import utc_now
from gateway.consent.tables import Consent
from gateway.directory import links, people
from gateway.directory.participants import participant, require_people
from gateway.oauth import authorize
from gateway.oauth.asked import Asked
from ledger.codec import b64u, sha256
from tests.support import builders
from tests.support.chromium import DESKTOP, check_accessible, chromium, kept
from tests.support.served import Served, served

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
BANK_PAGE = "<!doctype html><title>East Bank</title><h1>Thank you. You are back at East Bank.</h1>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def gateway(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with served(database_url, tmp_path) as gateway:
        yield gateway


def opened(browser: Browser, **options: Any) -> tuple[BrowserContext, Page]:
    """Open a window whose authenticator verifies its user, and stand in for the bank's website."""
    context = browser.new_context(viewport=DESKTOP, locale="en-GB", **options)
    context.route("https://bank.example/**", lambda route: route.fulfill(body=BANK_PAGE, content_type="text/html"))
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return context, page


def prepared(gateway: Served) -> str:
    """Register a carrier that asks to be linked, an owner and a bank; return the path of the owner's invitation."""
    now = utc_now()
    with Session(gateway.app.state.engine) as session:
        builders.carrier(session, now=now)
        builders.owner(session, now=now)
        builders.bank(session, now=now)
        links.request_link(session, provider_id=builders.CARRIER, owner_id=builders.OWNER, now=now)
        token = people.invite(session, builders.OWNER, name="Export desk", authority="Director", now=now)
        session.commit()
    return f"{gateway.url}/portal/enrol/{token}"


def asked(gateway: Served, *, consent: str | None = None) -> str:
    """Push a bank's request, perhaps for a consent that was given; return the URL for the owner's browser."""
    now = utc_now()
    second = {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": "OCLN71800001"}
    terms = builders.terms(identifiers=[*builders.details()["identifiers"], second], data_life="P400D")
    with Session(gateway.app.state.engine) as session:
        bank = participant(session, builders.BANK)
        parameters = {"redirect_uri": bank.redirect_uris[0], "state": "s1", "code_challenge": b64u(sha256(b"v"))}
        request = Asked(bank, parameters, None, (gateway.url,), lambda _: {}, lambda _: None)
        request.details, request.resource = terms, gateway.url
        request.resumes = session.get(Consent, consent) if consent else None
        keyring = gateway.app.state.keyring
        pushed = authorize.push(session, request, keyring=keyring, key=None, life=timedelta(minutes=9), now=now)
        uri = authorize.request_uri(pushed.id, keyring)
        session.commit()
    return f"{gateway.url}/oauth/authorize?client_id={builders.BANK}&request_uri={uri}"


def test_an_owner_enrols_approves_and_stops_in_a_real_browser(browser: Browser, gateway: Served) -> None:
    context, page = opened(browser)
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)

    page.goto(prepared(gateway))
    kept(page, "1-invitation")
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", name="Who sees the data of Harbour Trading")).to_be_visible()
    kept(page, "2-nobody-yet")

    page.get_by_role("link", name="Carriers").click()
    kept(page, "3-carriers")
    page.get_by_role("button", name="Yes, we are their customer").click()
    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()

    page.get_by_role("button", name="Sign out").click()
    url = asked(gateway)
    page.goto(url)
    expect(page.get_by_role("heading", name="East Bank asks to see your trade data")).to_be_visible()
    kept(page, "4-request-before-signing-in")
    page.get_by_role("link", name="Sign in to decide").click()
    kept(page, "5-sign-in")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Continue")).to_be_visible()
    kept(page, "6-request")
    page.get_by_label("Bill of lading OCLN71800001 (OCLN)").uncheck()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("You share less than was asked.")).to_be_visible()
    expect(page.get_by_text("OCLN71800001")).to_have_count(0)
    kept(page, "7-review")
    page.get_by_role("button", name="Approve with passkey").click()
    expect(page.get_by_role("heading", name="Thank you. You are back at East Bank.")).to_be_visible()
    assert re.search(r"^https://bank\.example/callback\?code=[\w-]{43}&state=s1&iss=http", page.url)

    page.goto(f"{gateway.url}/portal")
    expect(page.get_by_text("Last viewed: never")).to_be_visible()
    kept(page, "8-consents")
    page.get_by_role("link", name="East Bank").click()
    kept(page, "9-consent")
    page.get_by_role("link", name="Stop sharing").click()
    kept(page, "10-stop")
    page.get_by_role("button", name="Stop sharing").click()
    expect(page.get_by_text("Stopped", exact=True)).to_be_visible()
    kept(page, "11-stopped")
    assert trouble == []
    context.close()


def test_a_refusal_leads_back_to_the_bank_as_does_the_first_of_two_signatures_and_the_checker_can(
    browser: Browser, gateway: Served
) -> None:
    first, maker = opened(browser)
    second, checker = opened(browser, bypass_csp=True)
    maker.goto(prepared(gateway))
    maker.get_by_role("button", name="Make a passkey").click()
    expect(maker.get_by_role("heading", name="Who sees the data of Harbour Trading")).to_be_visible()
    maker.goto(asked(gateway))
    maker.get_by_role("button", name="Refuse").click()
    expect(maker.get_by_role("heading", name="Thank you. You are back at East Bank.")).to_be_visible()
    assert "error=access_denied" in maker.url

    with Session(gateway.app.state.engine) as session:
        require_people(session, builders.OWNER, 2)
        token = people.invite(session, builders.OWNER, name="Finance", authority="Manager", now=utc_now())
        session.commit()
    maker.goto(asked(gateway))
    maker.get_by_label("Bill of lading OCLN71800001 (OCLN)").uncheck()
    maker.get_by_role("button", name="Continue").click()
    expect(maker.get_by_text("Two people of Harbour Trading must approve")).to_be_visible()
    maker.get_by_role("button", name="Approve with passkey").click()
    expect(maker.get_by_role("heading", name="Thank you. You are back at East Bank.")).to_be_visible()
    told = dict(parse_qsl(urlsplit(maker.url).query))
    assert told["error_description"] == f"consent {told['consent']} waits for a second person of its owner"

    checker.goto(f"{gateway.url}/portal/enrol/{token}")
    checker.get_by_role("button", name="Make a passkey").click()
    expect(checker.get_by_text("Signed by Export desk (Director)")).to_be_visible()
    kept(checker, "12-waiting")
    checker.get_by_role("link", name="Check and sign").click()
    expect(checker.get_by_text("It is less than was asked.")).to_be_visible()
    expect(checker.get_by_text("OCLN71800001")).to_have_count(0)
    kept(checker, "13-check")
    check_accessible(checker)
    checker.get_by_role("button", name="Approve with passkey").click()
    expect(checker.get_by_text("Signed by Export desk (Director), then by Finance (Manager).")).to_be_visible()
    checker.get_by_role("link", name="Return to East Bank").click()
    expect(checker.get_by_role("heading", name="Thank you. You are back at East Bank.")).to_be_visible()
    assert checker.url == f"https://bank.example/start?consent={told['consent']}"

    maker.goto(f"{gateway.url}/portal")
    maker.get_by_role("button", name="Sign out").click()
    maker.goto(asked(gateway, consent=told["consent"]))
    maker.get_by_role("button", name="Sign in").click()
    expect(maker.get_by_role("heading", name="Thank you. You are back at East Bank.")).to_be_visible()
    assert re.search(r"^https://bank\.example/callback\?code=[\w-]{43}&state=s1&iss=http", maker.url)
    first.close()
    second.close()


def test_every_page_can_be_used_by_all(browser: Browser, gateway: Served) -> None:
    context, page = opened(browser, bypass_csp=True)
    page.goto(prepared(gateway))
    check_accessible(page)
    page.get_by_role("button", name="Make a passkey").click()
    expect(page.get_by_role("heading", name="Who sees the data of Harbour Trading")).to_be_visible()
    check_accessible(page)
    for path in ("/portal/links", "/portal/pulls", "/portal/sign-in", "/portal/requests/unknown"):
        page.goto(f"{gateway.url}{path}")
        check_accessible(page)
    page.goto(asked(gateway))
    check_accessible(page)
    page.emulate_media(color_scheme="dark")
    check_accessible(page)
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("button", name="Approve with passkey")).to_be_visible()
    check_accessible(page)
    context.close()


def test_without_a_passkey_the_page_says_that_nothing_was_sent(browser: Browser, gateway: Served) -> None:
    context, page = opened(browser)
    page.goto(f"{gateway.url}/portal/sign-in")
    page.evaluate("() => { navigator.credentials.get = () => Promise.reject(new Error('cancelled')); }")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing was sent.")
    expect(page.get_by_role("button", name="Sign in")).to_be_enabled()
    context.close()


def test_without_javascript_a_request_can_be_read(browser: Browser, gateway: Served) -> None:
    prepared(gateway)
    context = browser.new_context(java_script_enabled=False, viewport=DESKTOP)
    page = context.new_page()
    page.goto(asked(gateway))
    expect(page.get_by_role("heading", name="East Bank asks to see your trade data")).to_be_visible()
    page.get_by_role("link", name="Sign in to decide").click()
    assert "A passkey needs JavaScript. Everything else on these pages works without it." in page.content()
    context.close()


def test_the_pages_keep_to_themselves(gateway: Served) -> None:
    response = httpx2.get(f"{gateway.url}/portal/sign-in", trust_env=False)
    assert response.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "frame-ancestors 'none'; form-action 'self'"
    )
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-store"
    assert json.loads(re.findall(r'id="passkey-options">(.*?)<', response.text)[0])["userVerification"] == "required"
