from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.consent import rules
from gateway.consent.details import Identifier, Issuer
from gateway.consent.rules import LIVING, Event, Standing, State
from gateway.consent.title_rules import Concerned, Kind, Title, on_title
from tests.support import builders

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ENDS = NOW + timedelta(days=30)
ISSUERS = (Issuer(list="SCAC", code="OCLN"), Issuer(list="SCAC", code="MAEU"), None)
documents = st.builds(
    Identifier,
    scheme=st.sampled_from(["transport_document", "booking", "container"]),
    issuer=st.sampled_from(ISSUERS),
    value=st.sampled_from(["OCL71800000", "OCL71800001"]),
)
OURS = Identifier(scheme="transport_document", issuer=ISSUERS[0], value="OCL71800000")
OUTCOMES = {"end": Event.ENDED_BY_TITLE, "ask": Event.PAUSED, "continue": None}


def title(document: Identifier = OURS, kind: Kind = Kind.TRANSFERRED) -> Title:
    return Title(builders.OWNER, document, kind, NOW, builders.CARRIER)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("answer", OUTCOMES)
def test_a_consent_ends_rests_or_goes_on_as_its_owner_signed(answer: str, kind: Kind) -> None:
    terms, active = builders.terms(on_title_change=answer), Standing(State.ACTIVE, NOW, 1, ENDS)
    assert on_title(active, terms, title(kind=kind), now=NOW) == Concerned(OUTCOMES[answer])


@pytest.mark.parametrize(("answer", "event"), [("end", Event.ENDED_BY_TITLE), ("ask", None), ("continue", None)])
def test_one_that_its_owner_paused_is_left_so_or_ends(answer: str, event: Event | None) -> None:
    paused = Standing(State.PAUSED, NOW, 1, ENDS)
    assert on_title(paused, builders.terms(on_title_change=answer), title(), now=NOW) == Concerned(event)


def test_a_consent_without_identifiers_is_tied_to_no_bill() -> None:
    assert on_title(Standing(State.ACTIVE, NOW, 1, ENDS), builders.terms(identifiers=...), title(), now=NOW) is None


@given(
    state=st.sampled_from(State),
    answer=st.sampled_from(list(OUTCOMES)),
    named=st.lists(documents, min_size=1, max_size=4, unique_by=repr),
    document=documents,
    later=st.integers(0, 40),
)
def test_only_a_living_consent_that_names_the_very_document_is_concerned_and_what_happens_may_happen(
    state: State, answer: str, named: list[Identifier], document: Identifier, later: int
) -> None:
    now, standing = NOW + timedelta(days=later), Standing(state, NOW, 1, ENDS)
    terms = builders.terms(on_title_change=answer, identifiers=[each.as_json() for each in named])
    concerned = on_title(standing, terms, title(document), now=now)
    tied = document.scheme == "transport_document" and document in named
    assert (concerned is not None) == (tied and rules.at(standing, now).state in LIVING)
    if concerned and concerned.event:
        after = rules.apply(standing, concerned.event, now=now)
        assert isinstance(after, Standing)
        assert after.state is {"end": State.TITLE, "ask": State.PAUSED}[answer]
        assert after.version == standing.version
