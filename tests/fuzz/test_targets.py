"""Every parser takes what is right, what once made it fail, and a short run of what `make fuzz` makes."""

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.engines import inputs
from tests.fuzz.mutation import Mutator
from tests.fuzz.target import FindingError, Target, check
from tests.fuzz.targets import TARGETS

CRASHES = sorted(path for path in (Path(__file__).parent / "crashes").glob("*/*"))
PATIENCE = 40.0
"""On a busy machine: what goes wrong takes thousands of times too long, not forty."""
SHORT = 120
EVERY = pytest.mark.parametrize("name", TARGETS)
JSON = ("strict_json", "canonical_json", "dcsa_ebl.push", "details", "question", "sealed_push", "evidence", "trust")
COSTLY: dict[str, Callable[[int], bytes]] = {
    "a text of escapes that does not end": lambda size: b"[]" * 70 + b'"' + b'\\"' * (size // 2),
    "quotation marks": lambda size: b"[]" * 70 + b'"' * size,
    "lists side by side": lambda size: b"[" + b"[]," * (size // 3) + b"[]]",
    "texts side by side": lambda size: b'["\\u0041"' + b',""' * (size // 3) + b"]",
    "brackets": lambda size: b"[" * size,
    "brackets that close": lambda size: b"[]" * 70 + b"]" * size,
    "a long name over many members": lambda size: (
        b'{"' + b"a" * (size // 2) + b'":[' + b"0," * (size // 4) + b'"\\u0041"]}'
    ),
    "digits": lambda size: b"1" * size,
    "white space": lambda size: b" " * size,
}


@EVERY
def test_a_target_takes_what_is_right(name: str) -> None:
    """Else it would be fuzzed at its door."""
    target = TARGETS[name]
    taken = [_taken(target, seed) for seed in target.seeds()]
    assert any(taken)


def _taken(target: Target, data: bytes) -> bool:
    try:
        target.parse(data)
    except target.errors:
        return False
    return True


@EVERY
def test_what_is_changed_anywhere_is_taken_or_refused_as_documented(name: str) -> None:
    for data in islice(inputs(TARGETS[name], 0, largest=32_768), SHORT):
        check(TARGETS[name], data, patience=PATIENCE)


@pytest.mark.parametrize("crash", CRASHES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_made_a_parser_fail_does_so_no_more(crash: Path) -> None:
    check(TARGETS[crash.parent.name], crash.read_bytes(), patience=PATIENCE)


@pytest.mark.parametrize("costly", COSTLY)
@pytest.mark.parametrize("name", JSON)
def test_reading_json_costs_in_proportion_to_its_size(name: str, costly: str) -> None:
    target = TARGETS[name]
    check(target, COSTLY[costly](min(target.largest, 1_048_000)), patience=PATIENCE)


def test_a_target_that_raises_what_it_does_not_document_or_takes_too_long_is_found() -> None:
    def parse(data: bytes) -> None:
        if data == b"slow":
            sum(range(200_000))
        raise KeyError(data)

    target = Target("faulty", parse, (ValueError,), list, 10)
    with pytest.raises(FindingError, match=r"^faulty: KeyError: b'x'$"):
        check(target, b"x")
    slow = Target("slow", parse, (KeyError,), list, 10)
    with pytest.raises(FindingError, match=r"^slow: 4 bytes took \d\.\d\d seconds, expected 0\.00 at most$"):
        check(slow, b"slow", patience=0.0001)


def test_the_same_seed_makes_the_same_inputs() -> None:
    first, second = (list(islice(inputs(TARGETS["trust"], 7), 40)) for _ in range(2))
    assert first == second
    assert len(set(first)) > 30


def test_an_input_grows_to_about_the_size_that_is_asked_for() -> None:
    mutator = Mutator(Random(1), [b'{"a":1}'], largest=10_000)  # noqa: S311 - not for secrets
    assert all(900 < len(mutator.grown(1000)) < 1200 for _ in range(50))
