"""When a bank is told that it must delete what it pulled."""

from datetime import datetime, timedelta

from sqlmodel import Session, select

from gateway.client.connection import Tokens
from gateway.consent.rules import Event
from gateway.deletion import duties
from gateway.deletion.rules import GRACE
from gateway.deletion.tables import DeletionDuty
from gateway.pull.receipts import first_pull
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
