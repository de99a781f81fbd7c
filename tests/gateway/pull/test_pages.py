"""The pages of one question: one use, each with its own receipt, each an evidence of its own."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.client.errors import ProblemError
from gateway.pull.port import PAGE
from ledger.verify import verify
from tests.support import builders
from tests.support.messages import event
from tests.support.path import WholePath


@pytest.fixture
def path_with_many(path: WholePath) -> WholePath:
    path.push("dcsa_track_trace", [event(str(number)) for number in range(PAGE + 10)])
    path.anchor()
    return path


def test_pages_follow_one_another_and_count_as_one_use(path_with_many: WholePath) -> None:
    path = path_with_many
    tokens = path.consented(identifiers=..., maximum_pulls=1)
    path.anchor()
    pages = list(path.as_bank().pages(tokens))
    verdicts = [verify(page.data, path.trust(), audience=builders.BANK, now=datetime.now(UTC)) for page in pages]
    assert [len(verdict.records) for verdict in verdicts] == [PAGE, 10]
    keys = [record.claims["provenance"]["message_id"] for verdict in verdicts for record in verdict.records]
    assert len(set(keys)) == PAGE + 10
    with pytest.raises(ProblemError, match="all pulls of the consent are used"):
        path.as_bank().evidence(tokens)


def test_a_cursor_is_for_its_question_and_a_quarter_of_an_hour(path_with_many: WholePath) -> None:
    path = path_with_many
    tokens = path.consented(identifiers=...)
    path.anchor()
    cursor = path.as_bank().evidence(tokens, {"products": ["transport_event"]}).cursor
    assert cursor
    with pytest.raises(ProblemError, match="cursor is of another question or consent, or is older than 15 minutes"):
        path.as_bank().evidence(tokens, {"cursor": cursor})
    with pytest.raises(ProblemError, match="cursor is not one that this gateway gave"):
        path.as_bank().evidence(tokens, {"products": ["transport_event"], "cursor": cursor[:-2] + "AA"})


def test_since_asks_for_what_came_later(path: WholePath) -> None:
    path.push("dcsa_track_trace", [event("early")])
    path.anchor()
    later = path.gateway.clock() + timedelta(seconds=1)
    path.gateway.clock.turn(timedelta(seconds=2))
    path.push("dcsa_track_trace", [event("late")])
    path.anchor()
    tokens = path.consented(identifiers=...)
    path.anchor()
    data = path.as_bank().evidence(tokens, {"since": later.isoformat()}).data
    (record,) = verify(data, path.trust(), audience=builders.BANK, now=datetime.now(UTC)).records
    assert record.claims["provenance"]["message_id"] == event("late")["eventID"]
