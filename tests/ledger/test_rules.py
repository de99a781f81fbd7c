"""Versions of the rules: each begins at its height, on every node alike, or is withdrawn before."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import state
from ledger.entries import Entry, build, decode, sign
from ledger.errors import CodecError, NewerRules, Rejected
from ledger.state import Code, rules
from ledger.state.rules import LEAST_AHEAD
from tests.support.application import Driven
from tests.support.ledger import Operator, random_digest
from tests.support.newer import TYPE, newer

OPERATOR = Operator()
OTHER = Operator("other")
GENESIS = state.genesis(OPERATOR.genesis())
BEGINS = 12
NEEDED = "install one that knows version 2, and start it on what is stored here"


def activation(version: int, height: int) -> Entry:
    return decode(OPERATOR.entry("rules.activate", {"version": version, "height": height}))


def noted() -> bytes:
    return OPERATOR.entry(TYPE, {"commitment": random_digest()})


STEPS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(2, 5), st.none() | st.integers(-3, 40)),
    max_size=12,
)
"""How many blocks later an activation comes, of which version, and how far ahead; None: withdrawn."""


@given(STEPS)
def test_versions_begin_one_after_the_other_at_the_heights_last_planned(
    steps: list[tuple[int, int, int | None]],
) -> None:
    held: dict[str, Any] = dict(GENESIS)
    begins: dict[int, int] = {}
    height = 2
    with newer(99):
        for later, version, ahead in steps:
            height += later
            present = max([1, *(each for each, first in begins.items() if first <= height)])
            wanted = 0 if ahead is None else max(height + ahead, 1)
            code, changes = state.apply(held, height, activation(version, wanted))
            if version != present + 1:
                expected = Code.OUT_OF_SEQUENCE
            elif ahead is None:
                expected = Code.OK if version in begins else Code.UNKNOWN
            else:
                expected = Code.OK if ahead >= LEAST_AHEAD else Code.WRONG_STATE
            assert code is expected
            held = {key: value for key, value in {**held, **changes}.items() if value is not None}
            if code is Code.OK:
                begins = {**begins, version: wanted} if wanted else {k: v for k, v in begins.items() if k != version}
            assert held.get("rules") == ({"heights": list(begins.values())} if begins else None)
            assert rules.active(held, height) == present
            assert rules.planned(held, height) == next(
                ((each, first) for each, first in begins.items() if first > height), None
            )


def test_as_many_must_sign_as_govern_together() -> None:
    document = {
        **OPERATOR.genesis(),
        "governance": 2,
        "organisations": [each for one in (OPERATOR, OTHER) for each in one.genesis()["organisations"]],
    }
    first, second = ((one.org, one.entries.kid, one.entries.private) for one in (OPERATOR, OTHER))
    body = {"version": 2, "height": 100}
    unsigned = build(chain=OPERATOR.chain, entry_id=bytes(16), type="rules.activate", body=body, not_after_height=100)
    held: dict[str, Any] = dict(state.genesis(document))
    assert state.apply(held, 2, decode(sign(unsigned, first)))[0] is Code.TOO_FEW_SIGNATURES
    assert state.apply(held, 2, decode(sign(unsigned, first, second)))[0] is Code.OK


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"version": 1, "height": 100}, r"^rules\.activate: version: number is 1, expected an integer of at least 2"),
        ({"version": 2, "height": -1}, r"^rules\.activate: height: number is -1, expected an integer of at least 0"),
    ],
)
def test_what_can_never_begin_is_no_entry(body: dict[str, int], message: str) -> None:
    with pytest.raises(CodecError, match=message):
        OPERATOR.entry("rules.activate", body)


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[Driven, Driven]]:
    """Return two applications with the same blocks, in which rules of version 2 begin at `BEGINS`."""
    made = Driven(tmp_path / "today", OPERATOR), Driven(tmp_path / "newer", OPERATOR)
    planned = activation(2, BEGINS).data
    assert [node.block(planned).tx_results[0].code for node in made] == [Code.OK, Code.OK]
    yield made
    for node in made:
        node.store.close()


def test_before_the_height_nodes_of_both_kinds_give_the_same_blocks(nodes: tuple[Driven, Driven]) -> None:
    today, other = nodes
    while today.store.height < BEGINS - 1:
        with newer():
            entries = [noted(), OPERATOR.entry("owner.credential_added", {"commitment": random_digest()})]
        here = today.block(*entries)
        with newer():
            assert other.check(entries[0]).code == Code.MALFORMED
            there = other.block(*entries)
        told = [[result.code for result in each.tx_results] for each in (here, there)]
        assert told == [[Code.MALFORMED, Code.OK]] * 2
        assert here.app_hash == there.app_hash


def test_at_the_height_one_goes_on_and_the_other_neither_votes_nor_executes(nodes: tuple[Driven, Driven]) -> None:
    today, other = nodes
    for node in nodes:
        while node.store.height < BEGINS - 1:
            node.block()
    with newer():
        entry = noted()
        assert other.check(entry).code == Code.OK
        assert [result.code for result in other.block(entry).tx_results] == [Code.OK]
    reason = f"^rules of version 2 hold from height {BEGINS} on, this software knows those up to version 1: {NEEDED}$"
    asked = (
        today.block,
        today.info,
        lambda: today.check(entry),
        lambda: today.app.prepare_proposal(None),
        lambda: today.app.process_proposal(None),
    )
    for ask in asked:
        with pytest.raises(NewerRules, match=reason):
            ask()
    assert today.store.height == BEGINS - 1
    today.reopen()
    with newer():
        today.block(entry)
        assert today.store.root == other.store.root


def test_an_embedded_ledger_refuses_what_would_stop_it(tmp_path: Path) -> None:
    with (
        closing(OPERATOR.ledger(tmp_path / "ledger.sqlite")) as ledger,
        pytest.raises(Rejected, match=r"^rules of version 2 would stop this ledger: its software knows .* version 1$"),
    ):
        ledger.submit(activation(2, 100).data)


def test_an_embedded_ledger_of_newer_software_is_opened_by_that_alone(tmp_path: Path) -> None:
    with newer(), closing(OPERATOR.ledger(tmp_path / "ledger.sqlite")) as ledger:
        ledger.submit(activation(2, BEGINS).data)
        early, later = noted(), noted()
        with pytest.raises(Rejected, match=f"^entry: type: got '{TYPE}', which comes with version 2 of the rules"):
            ledger.submit(early)
        while ledger.height() < BEGINS:
            ledger.submit(OPERATOR.entry("owner.credential_added", {"commitment": random_digest()}))
        ledger.submit(later)
    with pytest.raises(NewerRules, match=f"^rules of version 2 hold from height {BEGINS} on, .*{NEEDED}$"):
        OPERATOR.ledger(tmp_path / "ledger.sqlite")


def test_an_embedded_ledger_makes_no_block_whose_rules_it_does_not_know(tmp_path: Path) -> None:
    file, begins = tmp_path / "ledger.sqlite", BEGINS + 1
    with newer(), closing(OPERATOR.ledger(file)) as ledger:
        ledger.submit(activation(2, begins).data)
    with closing(OPERATOR.ledger(file)) as ledger:
        while ledger.height() < begins - 2:
            ledger.submit(OPERATOR.entry("owner.credential_added", {"commitment": random_digest()}))
        last = OPERATOR.entry("owner.credential_added", {"commitment": random_digest()})
        with pytest.raises(NewerRules, match=f"^rules of version 2 hold from height {begins} on, .*{NEEDED}$"):
            ledger.submit(last)
        assert (ledger.height(), ledger.outcome(decode(last).id)) == (begins - 2, None)
    with newer(), closing(OPERATOR.ledger(file)) as ledger:
        ledger.submit(last)
        assert ledger.height() == begins
