"""When a bank is told that it must delete what it pulled."""

from datetime import timedelta

from sqlmodel import Session, select

from gateway.client.connection import Tokens
from gateway.consent.rules import Event
from gateway.notify import duties
from gateway.notify.tables import DeletionDuty
from gateway.pull.receipts import first_pull
from tests.support.messages import transport_document
from tests.support.telling import Told

LIFE = timedelta(days=3)
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


def left(told: Told) -> int:
    with Session(told.engine) as session:
        return len(session.exec(select(DeletionDuty)).all())


def test_a_bank_is_told_once_when_the_life_of_what_it_pulled_is_over(told: Told) -> None:
    consent = pulled(told).grant_id
    assert sweep(told, LIFE - timedelta(minutes=1)) == []
    assert sweep(told, timedelta(minutes=2)) == ["deletion.due"]
    event = told.all()[-1]
    assert (event.consent, event.version) == (consent, 1)
    over = told.path.gateway.clock() - LIFE
    assert event.data == {"pulled_until": f"{over:%Y-%m-%dT%H:%M:%SZ}"}
    assert sweep(told, DAY) == []


def test_a_bank_that_pulled_nothing_need_delete_nothing(told: Told) -> None:
    told.path.consented(identifiers=..., data_life="P3D")
    told.number()
    assert sweep(told, LIFE + DAY) == []


def test_what_was_pulled_must_be_deleted_though_the_consent_was_revoked(told: Told) -> None:
    consent = pulled(told).grant_id
    told.owner_does(Event.WITHDRAWN, str(consent))
    assert sweep(told, LIFE + timedelta(minutes=1)) == ["deletion.due"]
    assert sweep(told, LIFE) == []
    assert left(told) == 0


def test_a_consent_in_force_is_looked_at_again(told: Told) -> None:
    pulled(told)
    assert sweep(told, LIFE + timedelta(minutes=1)) == ["deletion.due"]
    assert sweep(told, LIFE) == []
    assert left(told) == 1
