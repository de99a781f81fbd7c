"""The story: title to a bill of lading passes on, and the consents that name it end, rest or go on."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from threading import Event as Flag
from threading import Thread

import pytest
from sqlmodel import Session

from gateway.client.connection import Tokens
from gateway.client.errors import OAuthError, ProblemError
from gateway.clock import rfc3339
from gateway.consent import title
from gateway.consent.details import Identifier
from gateway.consent.title_rules import Kind, Title
from ledger import history
from ledger.verify.changes import verify as verify_receipts
from tests.support import builders
from tests.support.database import database
from tests.support.messages import transport_document
from tests.support.path import WholePath, whole_path
from tests.support.telling import Told, telling
from tests.support.waiting import until

BILL = "OCL71800000"
REASON = "title to a bill of lading that it names was transferred at {at}, as oceanline reports"


@pytest.fixture(scope="module")
def told(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with (
        database(cluster_url) as url,
        whole_path(url, tmp_path_factory.mktemp("title")) as path,
        telling(path) as told,
    ):
        path.push("dcsa_ebl", transport_document(BILL))
        path.anchor()
        yield told


def passes(path: WholePath) -> datetime:
    """Let the carrier report that title was just transferred; return when."""
    now = path.gateway.clock()
    document = Identifier.model_validate(builders.details()["identifiers"][0])
    with Session(path.gateway.app.state.engine) as session:
        passed = Title(builders.OWNER, document, Kind.TRANSFERRED, now, builders.CARRIER)
        title.title_changed(session, passed, gateway_id=path.gateway.settings.gateway_id, now=now)
        session.commit()
    path.gateway.clock.turn(timedelta(seconds=1))
    return now


def given(path: WholePath, answer: str) -> Tokens:
    tokens = path.consented(on_title_change=answer, fields=...)
    path.anchor()
    assert path.as_bank().evidence(tokens).data
    return tokens


def kept(path: WholePath, consent: str) -> list[tuple[str, str]]:
    """Return what the bank's history and receipts of a consent say, verified offline: both the same."""
    path.anchor()
    happened = [(each.event, each.state) for each in history.verify(path.as_bank().history(consent)).changes]
    receipts = verify_receipts(path.as_bank().receipts(consent), path.trust()).changes
    assert [(each.event, each.state, each.height is not None) for each in receipts] == [
        (event, state, True) for event, state in happened
    ]
    return happened


def test_a_consent_that_ends_with_title_gives_nothing_more_and_says_why(told: Told) -> None:
    path, before = told.path, len(told.all())
    tokens = given(path, "end")
    at = passes(path)
    with pytest.raises(ProblemError) as refused:
        path.as_bank().evidence(tokens)
    why = "the consent is ended because title to a bill of lading that it names passed on"
    assert (refused.value.status, refused.value.error) == (401, "invalid_token")
    facts = {name: refused.value.document[name] for name in ("consent", "version", "reason", "since")}
    assert facts == {"consent": tokens.grant_id, "version": 1, "reason": why, "since": rfc3339(at)}
    with pytest.raises(OAuthError, match=rf"^invalid_grant: {why}$"):
        path.as_bank().refresh(str(tokens.refresh_token))
    last = told.all(before)[-1]
    assert (last.type, last.consent, last.version, last.data) == (
        "consent.ended_by_title",
        tokens.grant_id,
        1,
        {"title": "transferred"},
    )
    assert kept(path, str(tokens.grant_id)) == [("given", "active"), ("ended_by_title", "title")]
    page = path.visitor().signed_in().open(f"/portal/consents/{tokens.grant_id}").text
    assert "Ended: title passed on" in page
    assert f"Title to Bill of lading {BILL} (OCLN) was transferred on" in page
    assert "As you signed, sharing ended with that." in page
    assert "Resume" not in page


def test_a_consent_that_rests_is_resumed_by_its_owner_who_is_told_what_that_means(told: Told) -> None:
    path, before = told.path, len(told.all())
    tokens = given(path, "ask")
    at = passes(path)
    with pytest.raises(ProblemError) as refused:
        path.as_bank().evidence(tokens)
    why = f"the consent is paused: {REASON.format(at=rfc3339(at))}"
    assert str(refused.value) == f"403 insufficient_scope: {why}"
    assert refused.value.document["since"] == rfc3339(at)
    visitor = path.visitor().signed_in()
    page = visitor.open(f"/portal/consents/{tokens.grant_id}").text
    assert f"Title to Bill of lading {BILL} (OCLN) was transferred on" in page
    assert "As you signed, it is then for you to decide whether sharing goes on." in page
    assert (
        "If you resume, East Bank may see again what you signed, although the goods may be another&#39;s by now."
        " If it should see no more, stop sharing."
    ).replace("&#39;", "'") in page.replace("&#39;", "'")
    assert "If you resume" not in visitor.resume(str(tokens.grant_id)).text
    assert path.as_bank().evidence(tokens).data
    consents = [each for each in told.all(before) if each.type.startswith("consent.")]
    assert [(each.type, each.data.get("title")) for each in consents[-2:]] == [
        ("consent.paused", "transferred"),
        ("consent.resumed", None),
    ]
    assert kept(path, str(tokens.grant_id)) == [("given", "active"), ("paused", "paused"), ("resumed", "active")]


def test_a_consent_that_goes_on_is_pulled_as_before_and_both_are_told(told: Told) -> None:
    path, before = told.path, len(told.all())
    tokens = given(path, "continue")
    passes(path)
    assert path.as_bank().evidence(tokens).data
    of_this = [each.type for each in told.all(before) if each.consent == tokens.grant_id]
    assert of_this[-1] == "consent.title_changed"
    assert kept(path, str(tokens.grant_id)) == [("given", "active")]
    page = path.visitor().signed_in().open(f"/portal/consents/{tokens.grant_id}").text
    assert "As you signed, sharing goes on all the same." in page


def test_once_title_passed_on_no_pull_is_answered_however_close(told: Told) -> None:
    path = told.path
    tokens = given(path, "end")
    bank, ended, answered, refused = path.as_bank(), Flag(), list[bool](), list[int]()

    def pull() -> None:
        try:
            while True:
                late = ended.is_set()
                bank.evidence(tokens)
                answered.append(late)
        except ProblemError as error:
            refused.append(error.status)

    pulling = Thread(target=pull)
    pulling.start()
    until(lambda: answered, "nothing was pulled")
    passes(path)
    ended.set()
    pulling.join()
    assert refused == [401]
    assert not any(answered)
