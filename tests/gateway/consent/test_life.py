"""Consents lived through at random, on the real server: nobody reads without one in force that covers all of it.

Owners approve, narrow, refuse, amend, pause, resume and stop in the portal; time goes by; the worker comes late; the
bank pulls what it likes. A model that knows nothing of the gateway says what must come of it.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlmodel import Session

from gateway.client import dpop, identity
from gateway.client.errors import NotYetError, OAuthError, ProblemError
from gateway.consent import lifecycle, store
from gateway.pull import access_log, consent_receipts
from ledger.verify import verify
from ledger.verify.changes import verify as verify_receipts
from ledger.verify.log import verify as verify_log
from tests.support import builders
from tests.support.database import database
from tests.support.life import ENDED, GIVEN, NOT_FINAL, PAUSED, TOO_OFTEN, TOO_WIDE, Life, Pushed
from tests.support.messages import event, transport_document
from tests.support.path import WholePath, whole_path

BILLS = ("OCLN71800000", "OCLN71800001")
STRANGERS = "OCLN71800002"
OTHER = "other-trading"
PRODUCTS = ("bill_of_lading", "transport_event")
STEPS = 20
"""Of one life."""
TOGETHER = 25
"""Lives in one database: the owner's log, which each reads at its end, has the pulls of all."""
REFUSED = {401: ENDED, 429: TOO_OFTEN}
some_bills = st.sampled_from([(), BILLS[:1], BILLS[1:], BILLS, (STRANGERS,)])
some_products = st.sampled_from([(), PRODUCTS[:1], PRODUCTS[1:], PRODUCTS])
which = st.integers(0, 1000)


def named(bill: str) -> dict[str, Any]:
    return {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": bill}


def wanted(products: tuple[str, ...], bills: tuple[str, ...], end: datetime, most: int, often: int) -> dict[str, Any]:
    return {
        "products": list(products),
        "identifiers": [named(each) for each in bills] or ...,
        "expires_at": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "maximum_pulls": most,
        "frequency": {"max": often, "per": "PT1H"},
    }


@contextmanager
def alive(database_url: str, folder: Path) -> Iterator[WholePath]:
    """Yield a path whose bank goes by the gateway's clock."""
    with whole_path(database_url, folder) as path, pytest.MonkeyPatch.context() as patched:
        watch = SimpleNamespace(time=lambda: path.gateway.clock().timestamp())
        patched.setattr(dpop, "time", watch)
        patched.setattr(identity, "time", watch)
        yield path


def pushed(path: WholePath) -> list[Pushed]:
    """Let the carrier push documents and events of an owner, and of another."""
    with Session(path.gateway.app.state.engine) as session:
        builders.owner(session, OTHER, name="Other Trading", br_number="87654321")
        builders.link(session, owner_id=OTHER)
        session.commit()
    found = []
    for bill in (*BILLS, STRANGERS):
        owner = OTHER if bill == STRANGERS else builders.OWNER
        path.push("dcsa_ebl", transport_document(bill), owner=owner)
        path.push("dcsa_track_trace", [event(bill, bills=(bill,))], owner=owner)
        found.append(Pushed("bill_of_lading", bill, "2026-11-21", owner))
        found.append(Pushed("transport_event", bill, "2026-11-20", owner))
    path.anchor()
    return found


class Lives(RuleBasedStateMachine):
    """Consents of one owner for one bank."""

    def __init__(self, path: WholePath, records: list[Pushed], outcomes: dict[str, int]) -> None:
        super().__init__()
        self.path, self.records, self.outcomes = path, records, outcomes
        self.lives: list[Life] = []
        self.trust = path.trust()

    @property
    def now(self) -> datetime:
        """The gateway's time."""
        return self.path.gateway.clock()

    @rule(
        products=some_products.filter(bool),
        bills=some_bills,
        fields=st.sampled_from([{}, {"bill_of_lading": ["/cargo"]}, {"bill_of_lading": ["/cargo", "/routing"]}]),
        last=st.sampled_from(["2026-11-20", "2026-12-31"]),
        hours=st.sampled_from([30, 24 * 60]),
        most=st.integers(1, 4),
        often=st.integers(1, 3),
        leave_out=st.sampled_from([(), ("product-bill_of_lading",)]),
    )
    def give(
        self,
        products: tuple[str, ...],
        bills: tuple[str, ...],
        fields: dict[str, Any],
        last: str,
        hours: int,
        most: int,
        often: int,
        leave_out: tuple[str, ...],
    ) -> None:
        """The bank asks, and the owner gives all of it or less."""
        end = (self.now + timedelta(hours=hours)).replace(microsecond=0)
        kept = tuple(each for each in products if f"product-{each}" not in leave_out) or products
        kept_fields = {name: value for name, value in fields.items() if name in products}
        asked = wanted(products, bills, end, most, often)
        request = self.path.ask(**{**asked, "fields": kept_fields, "period": {"from": "2026-01-01", "to": last}})
        narrowed = leave_out if kept != products else ()
        location = self.path.visitor().signed_in().approve(request.url, leave_out=narrowed)
        tokens = self.path.as_bank().exchange(request, location)
        (terms,) = tokens.details
        assert tuple(terms["products"]) == kept
        self.lives.append(
            Life(str(tokens.grant_id), builders.OWNER, dict(terms), end, str(tokens.refresh_token), tokens)
        )

    @precondition(lambda self: self.lives)
    @rule(
        one=which,
        products=some_products.filter(bool),
        bills=some_bills,
        hours=st.sampled_from([30, 24 * 60]),
        most=st.integers(1, 6),
        often=st.integers(1, 3),
    )
    def amend(
        self, one: int, products: tuple[str, ...], bills: tuple[str, ...], hours: int, most: int, often: int
    ) -> None:
        """The bank asks for other terms, and the owner agrees: they hold from then on, and the old tokens end."""
        life, end = self._pick(one), (self.now + timedelta(hours=hours)).replace(microsecond=0)
        asked = {**wanted(products, bills, end, most, often), "fields": {}}
        if life.state not in ("active", "paused") or self.now >= life.expires_at:
            with pytest.raises(OAuthError, match=r"^invalid_grant_id"):
                self.path.ask(replaces=life.id, **asked)
            return
        request = self.path.ask(replaces=life.id, **asked)
        location = self.path.visitor().signed_in().approve(request.url)
        before, life.tokens = life.refresh_token, self.path.as_bank().exchange(request, location)
        life.terms, life.refresh_token = dict(life.tokens.details[0]), str(life.tokens.refresh_token)
        life.version, life.state, life.final, life.expires_at = life.version + 1, "active", False, end
        with pytest.raises(OAuthError, match=r"^invalid_grant: the refresh token is revoked"):
            self.path.as_bank().refresh(before)

    @initialize(products=some_products.filter(bool))
    def begin(self, products: tuple[str, ...]) -> None:
        """One is given, and final, and the bank pulls all of it."""
        self.give(products, (), {}, "2026-12-31", 24 * 60, 4, 3, ())
        self.worker_works()
        self.bank_pulls(0, (), (), fresh=False)

    @rule(bills=some_bills)
    def refuse(self, bills: tuple[str, ...]) -> None:
        """The bank asks, and the owner refuses: nothing comes of it."""
        request = self.path.ask(identifiers=[named(each) for each in bills] or ...)
        location = self.path.visitor().signed_in().refuse(request.url)
        with pytest.raises(OAuthError, match=r"^access_denied"):
            self.path.as_bank().exchange(request, location)

    @precondition(lambda self: self.lives)
    @rule(one=which, verb=st.sampled_from(["pause", "resume", "stop", "pause", "resume"]))
    def owner_changes(self, one: int, verb: str) -> None:
        """The owner pauses, resumes or stops one; what cannot be is refused, and changes nothing."""
        life = self._pick(one)
        before = "expired" if self.now >= life.expires_at and life.state in ("active", "paused") else life.state
        after = {"pause": "paused", "resume": "active", "stop": "revoked"}[verb]
        can = before in {"pause": ("active", "paused"), "resume": ("active", "paused")}.get(
            verb, ("active", "paused", "revoked")
        )
        answer = self.path.visitor().signed_in().send(f"/portal/consents/{life.id}/{verb}")
        assert answer.status_code == (200 if can else 409), answer.text
        if can:
            life.state = after

    @rule(minutes=st.sampled_from([1, 20, 61, 60 * 24]))
    def time_goes_by(self, minutes: int) -> None:
        """Nothing happens for a while."""
        self.path.gateway.clock.turn(timedelta(minutes=minutes))

    @rule()
    def worker_works(self) -> None:
        """The worker does all that is due: what was given becomes final, what is over is ended."""
        with Session(self.path.gateway.app.state.engine) as session:
            lifecycle.end_due(session, gateway_id="tidegate", now=self.now)
            session.commit()
        self.path.anchor()
        for life in self.lives:
            life.final, life.state = True, life.stands(self.now - timedelta(seconds=1))

    @precondition(lambda self: self.lives)
    @rule(one=which, products=some_products, bills=some_bills, fresh=st.booleans())
    def bank_pulls(self, one: int, products: tuple[str, ...], bills: tuple[str, ...], *, fresh: bool) -> None:
        """The bank pulls, with the token it has or a new one; it gets what the model says and nothing else."""
        life = self._pick(one)
        expected = life.verdict(products, bills, self.now)
        got, why, data = self._pull(life, products, bills, fresh=fresh)
        assert got == expected, f"{why}: {life}"
        self.outcomes[got] = self.outcomes.get(got, 0) + 1
        if data is not None:
            life.pulled.append(self.now)
            self._check(life, data, products, bills)

    def teardown(self) -> None:
        """Whatever happened: each consent's receipts end where the model says, and the owner's log has each pull."""
        self.worker_works()
        kept: dict[str, Any] = {
            "settings": self.path.gateway.settings,
            "keyring": self.path.gateway.keyring,
            "now": self.now,
        }
        with Session(self.path.gateway.app.state.engine) as session:
            log = verify_log(access_log.write(session, owner_id=builders.OWNER, **kept), self.trust)
            pulled = Counter(each.consent for each in log.pulls)
            for life in self.lives:
                consent = store.find(session, life.id)
                last = verify_receipts(consent_receipts.write(session, consent=consent, **kept), self.trust).changes[-1]
                assert (last.state, last.height is not None) == (life.state, True), life
                assert pulled[life.id] == len(life.pulled), life

    def _pick(self, one: int) -> Life:
        return self.lives[one % len(self.lives)]

    def _pull(
        self, life: Life, products: tuple[str, ...], bills: tuple[str, ...], *, fresh: bool
    ) -> tuple[str, str, bytes | None]:
        question: dict[str, Any] = {"products": list(products)} if products else {}
        if bills:
            question["identifiers"] = [named(each) for each in bills]
        bank = self.path.as_bank()
        try:
            if fresh or self.now >= life.expires_at or life.tokens.expired(self.now):
                life.tokens = bank.refresh(life.refresh_token)
            return GIVEN, "", bank.evidence(life.tokens, question).data
        except OAuthError as error:
            return ENDED if error.error == "invalid_grant" else "another error", str(error), None
        except NotYetError as error:
            return NOT_FINAL, str(error), None
        except ProblemError as error:
            return self._refusal(life, error), str(error), None

    def _refusal(self, life: Life, error: ProblemError) -> str:
        """Return what a refusal says; it names the consent, its version, and why."""
        told = error.document
        assert (told["consent"], told["version"]) == (life.id, life.version), told
        assert told["reason"]
        if error.status in REFUSED:
            return REFUSED[error.status]
        assert (error.status, error.error) == (403, "insufficient_scope")
        return PAUSED if "paused" in told["reason"] else TOO_WIDE

    def _check(self, life: Life, data: bytes, products: tuple[str, ...], bills: tuple[str, ...]) -> None:
        """Check evidence offline, and that it holds what the consent covers: no other record, and no other field."""
        verdict = verify(data, self.trust, audience=self.path.bank.id, now=self.now)
        assert (verdict.consent, verdict.version, verdict.owner) == (life.id, life.version, life.owner)
        signed = json.loads(data)["consent"]["record"]
        assert signed["purpose"]["code"] == life.terms["purpose"]["code"]
        expected = life.covered(products, bills, self.records)
        assert sorted(each.product for each in verdict.records) == [product for product, _ in expected]
        for each in verdict.records:
            text = json.dumps(each.claims)
            assert STRANGERS not in text
            assert "Export desk" not in text
            allowed = life.terms["fields"].get(each.product)
            if allowed is not None:
                assert not {"parties", "terms", "routing"} - {name[1:] for name in allowed} & each.claims.keys()


def live(path: WholePath, lives: int, outcomes: dict[str, int]) -> None:
    """Let so many lives be lived, one after another; count what pulls come to."""
    records = pushed(path)
    run_state_machine_as_test(
        lambda: Lives(path, records, outcomes),  # type: ignore[arg-type]  # it takes what makes one, too
        settings=settings(
            max_examples=lives,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.timeout(7200)
def test_nobody_reads_without_a_consent_in_force_that_covers_it(
    cluster_url: str,
    tmp_path: Path,
    pytestconfig: pytest.Config,
    record_property: Callable[[str, object], None],
) -> None:
    outcomes = dict[str, int]()
    lives = max(1, pytestconfig.option.steps // STEPS)
    for first in range(0, lives, TOGETHER):
        with database(cluster_url) as url, alive(url, tmp_path / str(first)) as path:
            live(path, min(TOGETHER, lives - first), outcomes)
    record_property("steps", lives * STEPS)
    record_property("pulls, by what they came to", outcomes)
    assert outcomes.get(GIVEN)
