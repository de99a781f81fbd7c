"""A consent's history, verified offline: every way to bend it fails at its step."""

import copy
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session

from gateway.consent import lifecycle, store
from ledger import history
from ledger.codec import canonical
from ledger.errors import VerificationError
from ledger.verify.parse import format_of
from tests.support import builders
from tests.support.builders import NOW

Bend = Callable[[dict[str, Any]], None]


@pytest.fixture
def lived(session: Session) -> bytes:
    """Return the history of a consent that was given, paused, resumed, amended and revoked."""
    builders.carrier(session)
    builders.owner(session)
    builders.bank(session)
    builders.link(session)
    person = builders.enrolled(session)
    consent = builders.approved(session, builders.requested(session), person)
    for hours, act in enumerate((lifecycle.pause, lifecycle.resume), start=1):
        act(session, consent.id, person=person.person, now=NOW + timedelta(hours=hours))
    builders.approved(session, consent, person, now=NOW + timedelta(hours=3))
    lifecycle.revoke(session, consent.id, person=person.person, now=NOW + timedelta(hours=4))
    return store.history(session, consent)


def bent(data: bytes, bend: Bend) -> bytes:
    found = copy.deepcopy(json.loads(data))
    bend(found)
    return canonical(found)


def test_a_whole_history_holds_and_says_what_happened(lived: bytes) -> None:
    verdict = history.verify(lived)
    assert [(each.version, each.event, each.state) for each in verdict.changes] == [
        (1, "given", "active"),
        (1, "paused", "paused"),
        (1, "resumed", "active"),
        (2, "amended", "active"),
        (2, "withdrawn", "revoked"),
    ]
    assert verdict.summary == (
        f"OK: consent {verdict.consent} of {builders.OWNER} for {builders.BANK}, version 2, revoked"
    )
    assert len({each.commitment for each in verdict.changes}) == 5
    assert format_of(lived) == history.FORMAT


def _of_another(found: dict[str, Any]) -> None:
    found["records"][1]["record"]["parties"]["bank"]["id"] = "westbank"


def _widened(found: dict[str, Any]) -> None:
    found["records"][0]["record"]["limits"]["maximum_pulls"] = 9999


def _swapped(found: dict[str, Any]) -> None:
    records = found["records"]
    records[1], records[2] = records[2], records[1]


def _unsaid(found: dict[str, Any]) -> None:
    for item in found["records"][1:]:
        item["record"]["status"]["state"] = "active"


def _first_missing(found: dict[str, Any]) -> None:
    del found["records"][:3]


def _pause_missing(found: dict[str, Any]) -> None:
    del found["records"][1]


def _last_of_version_missing(found: dict[str, Any]) -> None:
    del found["records"][2]


@pytest.mark.parametrize(
    ("bend", "step"),
    [
        (lambda found: found.update(format="another"), 1),
        (lambda found: found["records"].clear(), 1),
        (lambda found: found["records"][0]["record"]["status"].clear(), 1),
        (lambda found: found["records"][0]["record"]["events"].pop(), 1),
        (_of_another, 2),
        (lambda found: found.update(consent=found["records"][0]["salt"]), 2),
        (_widened, 3),
        (_first_missing, 4),
        (_last_of_version_missing, 4),
        (_swapped, 4),
        (_pause_missing, 5),
        (_unsaid, 5),
    ],
)
def test_a_history_that_is_bent_fails_at_its_step(lived: bytes, bend: Bend, step: int) -> None:
    with pytest.raises(VerificationError) as error:
        history.verify(bent(lived, bend))
    assert error.value.step == step, error.value.message


def test_a_history_cut_short_holds_as_far_as_it_goes(lived: bytes) -> None:
    verdict = history.verify(bent(lived, lambda found: found["records"].pop()))
    assert (verdict.changes[-1].event, verdict.changes[-1].state) == ("amended", "active")
    assert "Whether more has happened since cannot be seen in a file" in verdict.caveats[1]
