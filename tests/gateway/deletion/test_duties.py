"""When a bank is told that it must delete what it pulled."""

import json
import re
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from gateway.client.attesting import Deleted, Pulled, RetainedUnder, signed
from gateway.client.connection import Tokens
from gateway.consent import store
from gateway.consent.rules import Event
from gateway.deletion import attesting, duties
from gateway.deletion.attesting import Pulls
from gateway.deletion.rules import GRACE
from gateway.deletion.tables import DeletionDuty
from gateway.pull.receipts import first_pull, last_pull
from tests.support.cli import tidegate
from tests.support.messages import transport_document
from tests.support.telling import Told

LIFE = timedelta(days=3)
LEAD = LIFE / 10
DAY = timedelta(days=1)


def sweep(told: Told, later: timedelta = timedelta()) -> list[str]:
    """Let time go by, sweep; return the types of what is new to the bank besides consents' transitions."""
    before = max((each.number for each in told.all()), default=0)
    told.path.gateway.clock.turn(later)
    with Session(told.engine) as session:
        duties.tell_due(session, first_pull, now=told.path.gateway.clock())
        session.commit()
    return told.types(before)


def pulled(told: Told) -> Tokens:
    """Return tokens of a consent under which something was pulled."""
    tokens = told.path.consented(identifiers=..., data_life="P3D")
    told.path.push("dcsa_ebl", transport_document())
    told.path.anchor()
    told.path.as_bank().evidence(tokens)
    return tokens


def left(told: Told) -> list[DeletionDuty]:
    with Session(told.engine) as session:
        return list(session.exec(select(DeletionDuty)).all())


def overdue(told: Told) -> list[tuple[str, datetime | None]]:
    with Session(told.engine) as session:
        return [(duty.consent_id, duty.overdue_since) for duty, _ in duties.overdue(session)]


def second(told: Told, later: timedelta) -> str:
    return f"{told.path.gateway.clock() + later:%Y-%m-%dT%H:%M:%SZ}"


def test_a_bank_is_told_once_that_what_it_pulled_is_soon_due_due_and_overdue(told: Told) -> None:
    consent = pulled(told).grant_id
    pulled_at = told.path.gateway.clock()
    assert sweep(told, LIFE - LEAD - timedelta(minutes=1)) == []
    assert sweep(told, timedelta(minutes=2)) == ["deletion.reminder"]
    event = told.all()[-1]
    assert (event.consent, event.version) == (consent, 1)
    assert event.data == {"pulled_until": second(told, LEAD - LIFE), "due_at": f"{pulled_at + LIFE:%Y-%m-%dT%H:%M:%SZ}"}
    assert sweep(told, LEAD - timedelta(minutes=2)) == []
    assert sweep(told, timedelta(minutes=2)) == ["deletion.due"]
    assert told.all()[-1].data == {"pulled_until": second(told, -LIFE)}
    assert sweep(told, DAY) == []
    assert overdue(told) == []
    assert sweep(told, GRACE - DAY) == ["deletion.overdue"]
    assert told.all()[-1].data == {"pulled_until": second(told, -LIFE - GRACE)}
    assert overdue(told) == [(consent, pulled_at + LIFE + GRACE)]
    assert sweep(told, LIFE) == []


def test_a_worker_that_was_away_tells_the_last_stage_alone(told: Told) -> None:
    pulled(told)
    assert sweep(told, LIFE + GRACE + DAY) == ["deletion.overdue"]


def test_a_bank_that_pulled_nothing_need_delete_nothing(told: Told) -> None:
    told.path.consented(identifiers=..., data_life="P3D")
    told.number()
    assert sweep(told, LIFE + GRACE + DAY) == []


def test_what_was_pulled_must_be_deleted_though_the_consent_was_revoked(told: Told) -> None:
    consent = pulled(told).grant_id
    told.owner_does(Event.WITHDRAWN, str(consent))
    assert sweep(told, LIFE + timedelta(minutes=1)) == ["deletion.due"]
    assert sweep(told, LIFE + GRACE) == ["deletion.overdue"]
    assert [each.next_at for each in left(told)] == [None]


def test_a_consent_in_force_is_looked_at_again(told: Told) -> None:
    pulled(told)
    assert sweep(told, LIFE + timedelta(minutes=1)) == ["deletion.due"]
    assert sweep(told, LIFE) == []
    assert len(left(told)) == 1


def attest(told: Told, consent: str, became: Deleted | RetainedUnder) -> None:
    """Let the bank attest what became of all that it pulled, at any time of the clock."""
    gateway, now = told.path.gateway, told.path.gateway.clock()
    identity = told.path.connection(told.path.bank).identity
    text = signed(identity, gateway.settings.issuer, Pulled(consent, 1, now), became)
    with Session(told.engine) as session:
        found = store.find(session, consent)
        attesting.attest(session, gateway.settings, found, text, Pulls(first_pull, last_pull), now=now)
        session.commit()


def page(told: Told, consent: str) -> str:
    """Return what the owner reads of what became of it, without the markup."""
    found = told.path.visitor().signed_in().open(f"/portal/consents/{consent}").text
    section = found.partition("What became of what East Bank got")[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", section).split())


def words(at: datetime) -> str:
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def test_what_a_law_keeps_is_due_again_when_that_is_over_and_what_is_deleted_never_is(told: Told) -> None:
    consent = str(pulled(told).grant_id)
    pulled_at = told.path.gateway.clock()
    assert page(told, consent) == (
        f"Under version 1 Not due yet The first of what East Bank got must be deleted by {words(pulled_at + LIFE)}."
    )
    assert sweep(told, LIFE + GRACE) == ["deletion.overdue"]
    assert page(told, consent) == (
        f"Under version 1 Overdue East Bank was to delete it by {words(pulled_at + LIFE)}, "
        "and has not said that it did, though it was told."
    )
    listed = "East Bank should have deleted what it got, and has not said that it did."
    assert listed in told.path.visitor().signed_in().open("/portal/consents").text
    now = told.path.gateway.clock()
    attest(told, consent, RetainedUnder("Cap. 615 <s. 20>", now + LIFE))
    assert overdue(told) == []
    assert listed not in told.path.visitor().signed_in().open("/portal/consents").text
    assert page(told, consent) == (
        "Under version 1 Kept under a law East Bank signed that a law makes it keep what it got up to "
        f"{words(now)}, until {words(now + LIFE)}: Cap. 615 &lt;s. 20&gt; "
        f"East Bank must delete it by {words(now + LIFE)}. Save what East Bank signed"
    )
    assert sweep(told, LIFE - LEAD) == ["deletion.reminder"]
    assert told.all()[-1].data["due_at"] == f"{now + LIFE:%Y-%m-%dT%H:%M:%SZ}"
    assert sweep(told, LEAD) == ["deletion.due"]
    assert told.all()[-1].data == {"pulled_until": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    assert f"East Bank was to delete it by {words(now + LIFE)}, and has not said yet that it did." in page(
        told, consent
    )
    attest(told, consent, Deleted(told.path.gateway.clock()))
    at = words(told.path.gateway.clock())
    assert page(told, consent) == (
        f"Under version 1 Deleted East Bank signed that it deleted, by {at}, what it got up to {at}. "
        "Save what East Bank signed"
    )
    assert sweep(told, LIFE + GRACE + DAY) == []
    assert overdue(told) == []


def test_what_was_pulled_since_an_attestation_falls_due_by_itself(told: Told) -> None:
    tokens = pulled(told)
    consent = str(tokens.grant_id)
    attest(told, consent, Deleted(told.path.gateway.clock()))
    told.path.gateway.clock.turn(timedelta(seconds=2))
    told.path.as_bank().evidence(tokens)
    assert sweep(told, LIFE - timedelta(seconds=1)) == ["deletion.reminder"]
    assert sweep(told, LEAD) == ["deletion.due"]


def test_an_attestation_is_about_all_that_was_pulled_within_its_second(told: Told) -> None:
    told.path.gateway.clock.turn(timedelta(milliseconds=700))
    consent = str(pulled(told).grant_id)
    attest(told, consent, Deleted(told.path.gateway.clock()))
    assert sweep(told, LIFE + GRACE) == []


def test_an_operator_sees_what_is_overdue_and_nothing_else_of_it(
    told: Told, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", told.path.gateway.app.state.database_url)
    monkeypatch.setenv("TIDEGATE_KEYS_DIR", str(told.path.gateway.settings.keys_path))
    tidegate("duties", code=0)
    assert capsys.readouterr() == ("", "nothing is overdue\n")
    consent = pulled(told).grant_id
    since = told.path.gateway.clock() + LIFE + GRACE
    assert "\ntidegate_deletion_duties_overdue 0.0\n" in told.path.gateway.client.get("/metrics").text
    sweep(told, LIFE + GRACE)
    capsys.readouterr()
    tidegate("duties", code=0)
    assert capsys.readouterr().out == f"{since:%Y-%m-%dT%H:%M:%SZ}  {'eastbank':24}  {consent}  version 1\n"
    tidegate("duties", "--json", code=0)
    row = {"since": f"{since:%Y-%m-%dT%H:%M:%SZ}", "bank": "eastbank", "consent": consent, "version": 1}
    assert json.loads(capsys.readouterr().out) == {"overdue": [row]}
    assert "\ntidegate_deletion_duties_overdue 1.0\n" in told.path.gateway.client.get("/metrics").text
