"""The story: a cargo has two parties, and what concerns the other one comes only with that party's consent too."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlmodel import Session

from gateway.client.connection import Tokens
from gateway.client.errors import NotYetError
from gateway.consent import lifecycle, store
from gateway.errors import ConflictError
from gateway.pull import cutting
from ledger.verify import Verdict, verify
from tests.support import builders
from tests.support.browser import Visitor
from tests.support.builders import Enrolled, Party
from tests.support.database import database
from tests.support.messages import event, transport_document
from tests.support.path import WholePath, whole_path

CONSIGNEE, NUMBER = "rain-goods", "87654321"
OURS, THEIRS = "OCL71800000", "OCL71800001"
WITHHELD = {
    "product": "bill_of_lading",
    "reason": "another party has not consented: consignee /parties",
    "count": 1,
}


@dataclass
class Cargo:
    """The whole path, with a consignee beside the shipper, each the owner of one bill that names the other."""

    path: WholePath
    consignee: Enrolled
    given: list[Tokens] = field(default_factory=list)

    def consents(self, *, bank: Party | None = None, ours: bool = False, **members: Any) -> Tokens:
        """Let the bank ask the consignee, or the shipper (`ours`), who gives all of it."""
        owner = {} if ours else {"owner": {"scheme": "br_number", "value": NUMBER}}
        who = self.path.person if ours else self.consignee
        terms = {"identifiers": ..., "fields": ..., **owner, **members}
        request = self.path.ask(bank, **terms)
        location = Visitor(self.path.gateway.app, who.passkey).signed_in().approve(request.url)
        tokens = self.path.as_bank(bank).exchange(request, location)
        self.path.anchor()
        self.given.append(tokens)
        return tokens

    def pull(self, tokens: Tokens, product: str = "bill_of_lading") -> Verdict:
        """Return what a bank's evidence shows, verified offline."""
        data = self.path.as_bank().evidence(tokens, {"products": [product]}).data
        return verify(data, self.path.trust(), audience=self.path.bank.id, now=self.path.gateway.clock())

    def changes(self, verb: Any, tokens: Tokens) -> None:
        """Let the owner of a consent change it, without any page."""
        with Session(self.path.gateway.app.state.engine) as session:
            consent = store.find(session, str(tokens.grant_id))
            who = self.consignee if consent.owner_id == CONSIGNEE else self.path.person
            verb(session, consent.id, person=who.person, now=self.path.gateway.clock())
            session.commit()


@pytest.fixture
def cargo(moving: Cargo) -> Iterator[Cargo]:
    yield moving
    while moving.given:
        with suppress(ConflictError):
            moving.changes(lifecycle.revoke, moving.given.pop())


@pytest.fixture(scope="module")
def moving(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cargo]:
    with database(cluster_url) as url, whole_path(url, tmp_path_factory.mktemp("parties")) as path:
        now, settings = path.gateway.clock(), path.gateway.settings
        with Session(path.gateway.app.state.engine, expire_on_commit=False) as session:
            builders.owner(session, CONSIGNEE, name="Rotterdam Rain Goods", br_number=NUMBER)
            builders.link(session, owner_id=CONSIGNEE)
            consignee = builders.enrolled(session, CONSIGNEE, settings=settings, now=now)
            session.commit()
        path.push("dcsa_ebl", transport_document(OURS), consignee=CONSIGNEE)
        path.push("dcsa_ebl", transport_document(THEIRS), owner=CONSIGNEE, shipper=builders.OWNER)
        path.push("dcsa_track_trace", [event("a", bills=(THEIRS,))], owner=None)
        path.anchor()
        yield Cargo(path, consignee)


def parties(verdict: Verdict) -> dict[str, list[str]]:
    """Return the members shown of each party of the only bill shown, by role."""
    [bill] = verdict.records
    return {each["role"]: sorted(each) for each in bill.claims["parties"]}


def test_what_concerns_the_consignee_comes_with_its_consent_alone(cargo: Cargo) -> None:
    ours = cargo.consents(ours=True)
    before = cargo.pull(ours)
    assert list(before.omitted) == [WITHHELD]
    assert set(parties(before)) == {"shipper", "issuing_party"}
    [bill] = before.records
    assert {"cargo", "routing", "document", "identifiers", "carrier", "terms"} <= bill.claims.keys()
    assert "Rotterdam Rain Goods" not in str(bill.claims)
    assert "original" not in bill.claims

    some = cargo.consents(fields={"bill_of_lading": ["/parties/role", "/parties/name"]})
    partly = cargo.pull(ours)
    assert parties(partly)["consignee"] == ["name", "role"]
    assert list(partly.omitted) == [WITHHELD]

    whole = cargo.consents()
    after = cargo.pull(ours)
    assert {"address", "name", "role"} <= set(parties(after)["consignee"])
    assert list(after.omitted) == []

    cargo.changes(lifecycle.pause, whole)
    assert parties(cargo.pull(ours)) == parties(partly)
    cargo.changes(lifecycle.resume, whole)
    assert parties(cargo.pull(ours)) == parties(after)
    for each in (whole, some):
        cargo.changes(lifecycle.revoke, each)
    assert parties(cargo.pull(ours)) == parties(before)

    looked = cargo.path.visitor().signed_in().open("/portal/pulls").text
    assert "Not given in 1 of Bills of lading: parties, which concerns the consignee, who has not consented" in looked


@pytest.mark.parametrize(
    "members",
    [
        {"products": ["transport_event"]},
        {"identifiers": [{**builders.details()["identifiers"][0], "value": THEIRS}]},
        {"period": {"from": "2026-11-22", "to": "2026-12-31"}},
        {"fields": {"bill_of_lading": ["/cargo"]}},
    ],
)
def test_a_consent_that_does_not_cover_it_gives_nothing(cargo: Cargo, members: dict[str, Any]) -> None:
    ours, _ = cargo.consents(ours=True), cargo.consents(**members)
    assert list(cargo.pull(ours).omitted) == [WITHHELD]


def test_a_consent_to_another_bank_gives_nothing(cargo: Cargo) -> None:
    ours, _ = cargo.consents(ours=True), cargo.consents(bank=cargo.path.other_bank)
    assert list(cargo.pull(ours).omitted) == [WITHHELD]


def test_a_consent_that_is_used_up_gives_nothing_also_before_the_worker_has_ended_it(cargo: Cargo) -> None:
    ours, theirs = cargo.consents(ours=True), cargo.consents(maximum_pulls=1)
    assert "consignee" in parties(cargo.pull(ours))
    cargo.pull(theirs)
    assert list(cargo.pull(ours).omitted) == [WITHHELD]


def test_what_concerns_the_shipper_is_left_out_of_the_consignees_bill_and_of_its_events(cargo: Cargo) -> None:
    theirs = cargo.consents()
    bill, moved = cargo.pull(theirs), cargo.pull(theirs, "transport_event")
    assert set(parties(bill)) == {"consignee", "issuing_party"}
    shown, events = bill.records[0].claims, moved.records[0].claims
    assert shown.keys() == {"provenance", "carrier", "parties"}
    assert events.keys() == {"parties", "provenance", "transport"}
    assert events["parties"] == []
    of_bill = ("cargo", "document", "equipment", "identifiers", "parties", "routing", "terms")
    of_event = ("equipment", "event", "identifiers", "seals")
    for verdict, places in ((bill, of_bill), (moved, of_event)):
        assert [(each["reason"], each["count"]) for each in verdict.omitted] == [
            (f"another party has not consented: shipper /{place}", 1) for place in places
        ]
    ours = cargo.consents(ours=True)
    assert list(cargo.pull(theirs).omitted) == list(cargo.pull(theirs, "transport_event").omitted) == []
    cargo.changes(lifecycle.revoke, ours)
    assert cargo.pull(theirs).records[0].claims == shown


def used_up(session: Session, consent_id: str, **_: object) -> None:
    """Count the last of a consent's uses, as a pull under it does."""
    consent = store.find(session, consent_id)
    consent.pulls = consent.maximum_pulls or 0


@pytest.mark.parametrize("verb", [lifecycle.revoke, used_up])
def test_a_party_whose_consent_ends_while_a_pull_is_made_is_not_shown(
    cargo: Cargo, monkeypatch: pytest.MonkeyPatch, verb: Any
) -> None:
    ours, other = cargo.consents(ours=True), cargo.consents(maximum_pulls=3)
    cut = cutting.cut

    def ended_meanwhile(*arguments: Any, **named: Any) -> Any:
        monkeypatch.setattr(cutting, "cut", cut)
        cargo.changes(verb, other)
        return cut(*arguments, **named)

    monkeypatch.setattr(cutting, "cut", ended_meanwhile)
    with pytest.raises(NotYetError, match="the consent changed during the pull: pull again"):
        cargo.pull(ours)
    assert list(cargo.pull(ours).omitted) == [WITHHELD]


def test_the_page_says_so_before_the_owner_signs(cargo: Cargo) -> None:
    request = cargo.path.ask()
    page = cargo.path.visitor().signed_in().open(request.url.replace(cargo.path.gateway.settings.issuer, "")).text
    assert "What concerns another party to the cargo" in page
    assert "Only if that party consents too" in page
