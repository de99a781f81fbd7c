"""A consent that two people must approve, from the bank's request to its code."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc import jws
from sqlmodel import Session

from gateway.directory.participants import require_people
from ledger import history
from ledger.verify import verify
from tests.support import builders
from tests.support.app import ISSUER
from tests.support.attempts import Caller
from tests.support.browser import Visitor
from tests.support.path import REDIRECT, WholePath
from tests.support.questions import page, redeemed

WAITS = "waits for a second person of its owner"
ENDED = "consent is none of this client that was given and is in force"


@dataclass(frozen=True, slots=True)
class Office:
    """A bank at the endpoints, and the browsers of two people of an owner, of which both must approve."""

    bank: Caller
    maker: Visitor
    checker: Visitor

    def refused(self, consent: str, by: Caller | None = None, **changes: Any) -> tuple[str, str]:
        """Push a request that names a consent; return OAuth's error."""
        bank = by or self.bank
        form = {"authorization_details": json.dumps([bank.details()]), "consent": consent, **changes}
        answer = bank.post("par", bank.pushed(form))
        assert answer.status_code == 400, answer.text
        return answer.json()["error"], answer.json()["error_description"]

    def waits(self, url: str | None = None) -> str:
        """Let the first person approve a request; return the consent that the bank is told of."""
        location = self.maker.approve(url or page(self.bank, self.bank.details()))
        told = dict(parse_qsl(urlsplit(location).query))
        assert location.startswith(f"{REDIRECT}?")
        assert (told["error"], told["error_description"]) == ("access_denied", f"consent {told['consent']} {WAITS}")
        assert (told["iss"], told["state"]) == (ISSUER, "s")
        return told["consent"]

    def given(self) -> str:
        """Let both approve; return the consent."""
        consent = self.waits()
        assert self.checker.check(consent).status_code == 200, self.checker.page
        return consent


@pytest.fixture
def office(path: WholePath) -> Office:
    with Session(path.gateway.app.state.engine, expire_on_commit=False) as session:
        require_people(session, builders.OWNER, 2)
        second = builders.enrolled(session, settings=path.gateway.settings, name="Finance", now=path.gateway.clock())
        session.commit()
    path.anchoring.finish()
    checker = Visitor(path.gateway.app, second.passkey)
    return Office(Caller(path, path.bank), path.visitor().signed_in(), checker.signed_in())


def test_once_both_have_signed_the_bank_has_a_code_by_another_request_and_evidence_that_verifies(
    office: Office,
) -> None:
    bank, maker, checker = office.bank, office.maker, office.checker
    consent = office.waits()
    assert office.refused(consent) == ("invalid_grant_id", ENDED)
    page(bank, bank.details(maximum_pulls=3))
    first, last = maker.open("/portal/consents").text, checker.open("/portal/consents").text
    assert "Waits for another person" in first
    assert "Check and sign" not in first
    assert last.index("Check and sign") < last.index("Last viewed: never")
    assert maker.open(f"/portal/approvals/{consent}").text.count("<form") == 2
    done = checker.check(consent)
    assert f'href="https://bank.example/start?consent={consent}"' in done.text
    assert "Return to East Bank" in done.text
    path = bank.path
    path.anchor()
    stranger = Visitor(path.gateway.app, maker.passkey)
    request = path.as_bank().request(bank.details(), redirect_uri=REDIRECT, consent=consent)
    signing_in = stranger.open(request.url.removeprefix(ISSUER))
    assert "https://bank.example" in signing_in.headers["content-security-policy"]
    request_page = signing_in.url.params["next"]
    answer = json.dumps(stranger.passkey.get(stranger.options, ISSUER))
    back = stranger.send("/portal/sign-in", {"passkey": answer, "next": request_page})
    assert back.headers["location"].startswith(f"{REDIRECT}?code=")
    tokens = path.as_bank().exchange(request, back.headers["location"])
    assert (tokens.grant_id, list(tokens.details)) == (consent, [bank.details()])
    assert "Return to East Bank" not in checker.open(f"/portal/consents/{consent}").text
    assert stranger.open(request_page).status_code == 404
    told = history.verify(checker.http.get(f"/portal/consents/{consent}/history").content)
    assert [(each.event, each.people) for each in told.changes] == [("given", 2)]
    evidence = path.as_bank().evidence(tokens).data
    proved = verify(evidence, path.trust(), audience=path.bank.id, now=datetime.now(UTC))
    assert (proved.consent, proved.caveats[0].partition(".")[0]) == (consent, "Two passkeys signed")


def test_what_a_bank_names_wrongly_is_refused(office: Office) -> None:
    consent = office.given()
    other = Caller(office.bank.path, office.bank.path.other_bank)
    assert office.refused(consent, by=other) == ("invalid_grant_id", ENDED)
    assert office.refused("none") == ("invalid_grant_id", ENDED)
    wider = json.dumps([office.bank.details(maximum_pulls=900)])
    assert office.refused(consent, authorization_details=wider) == (
        "invalid_authorization_details",
        "authorization_details are not those that the consent was asked for with",
    )
    assert office.refused(consent, grant_management_action="replace", grant_id=consent) == (
        "invalid_request",
        "consent goes without grant_management_action and grant_id",
    )
    url = page(office.bank, office.bank.details(), consent=consent)
    office.checker.stop(consent)
    opened = office.maker.open(url.removeprefix(ISSUER))
    told = dict(parse_qsl(urlsplit(opened.headers["location"]).query))
    assert (told["error"], told["error_description"]) == (
        "access_denied",
        "the consent has ended or was changed since",
    )
    assert office.refused(consent) == ("invalid_grant_id", ENDED)


def test_an_amendment_by_two_ends_the_old_tokens_when_the_second_signs(office: Office) -> None:
    bank = office.bank
    consent = office.given()
    same = page(bank, bank.details(), consent=consent)
    before = redeemed(bank, office.maker.open(same.removeprefix(ISSUER)).headers["location"])
    wider = bank.details(maximum_pulls=900)
    url = page(bank, wider, grant_management_action="replace", grant_id=consent)
    office.maker.open(url.removeprefix(ISSUER))
    assert "Now: At most 24 times within one day, 500 times in all" in office.maker.page
    assert "Then: At most 24 times within one day, 900 times in all" in office.maker.page
    assert office.waits(url) == consent
    assert bank.get("/grant", before["access_token"]).json()["version"] == 1
    assert "900 times in all" in office.checker.check(consent).text
    assert bank.get("/grant", before["access_token"]).json()["detail"] == "the access token is revoked"
    assert office.refused(consent)[0] == "invalid_authorization_details"
    renewed = page(bank, wider, consent=consent)
    after = redeemed(bank, office.checker.open(renewed.removeprefix(ISSUER)).headers["location"])
    assert after["authorization_details"] == [wider]
    bank.path.anchor()


def test_a_signed_answer_names_what_waits_and_a_refusal_ends_it(office: Office) -> None:
    url = page(office.bank, office.bank.details(), response_mode="jwt")
    told = dict(parse_qsl(urlsplit(office.maker.approve(url)).query))
    claims = json.loads(jws.extract_compact(told["response"].encode()).payload)
    assert (claims["error"], claims["iss"], claims["state"]) == ("access_denied", ISSUER, "s")
    consent = claims["consent"]
    office.checker.open(f"/portal/approvals/{consent}")
    draft = office.checker.page.partition('name="draft" value="')[2].partition('"')[0]
    office.maker.open(f"/portal/approvals/{consent}")
    refused = office.maker.send(f"/portal/approvals/{consent}/approve", {"draft": draft, "passkey": "{}"})
    assert (refused.status_code, "you signed first: another person must check it" in refused.text) == (403, True)
    ended = office.checker.send(f"/portal/approvals/{consent}/refuse", {"draft": draft})
    assert "Refused" in ended.text
    assert office.maker.open(f"/portal/approvals/{consent}").status_code == 404
