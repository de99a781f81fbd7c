"""The published vectors of state proofs: each verifies, or fails at the step written beside it."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger import state_proof
from ledger.errors import VerificationError
from ledger.verify import NotEnough
from ledger.verify.parse import format_of
from ledger.verify.state import STEPS, verify
from ledger.verify.words import KINDS
from tests.support.vectors.state_proof_rows import files, proved

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "vectors" / "state_proofs"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
VECTORS = EXPECTED["vectors"]
NOW = datetime.fromisoformat(EXPECTED["now"])
PAGE = (ROOT / "docs" / "evidence.md").read_text()


def content(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def verified(vector: dict[str, Any]) -> dict[str, Any]:
    return proved(verify(content(vector["file"]), content(vector["trust"]), now=NOW))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['file']} {vector['step']}")
def test_a_vector_verifies_or_fails_at_its_step(vector: dict[str, Any]) -> None:
    if vector["step"] is None:
        assert verified(vector) == vector["proves"]
        return
    with pytest.raises(VerificationError) as error:
        verified(vector)
    assert error.value.step == vector["step"], error.value.message


def test_every_step_has_a_vector_that_fails_there() -> None:
    assert {vector["step"] for vector in VECTORS} == {None, *range(1, len(STEPS) + 1)}


def test_a_value_of_another_form_is_refused_although_the_state_has_it() -> None:
    expected = {
        "consent-of-another-form": r"state: got 'given', expected one of active, paused, revoked,",
        "consent-with-more": r"has \['commitment', 'expires_at', 'extra',",
        "organisation-of-another-form": r"suspended: height is -1, expected an integer of at least 0$",
    }
    for name, message in expected.items():
        trust = next(each["trust"] for each in VECTORS if each["file"] == f"{name}.json")
        with pytest.raises(VerificationError, match=message):
            verify(content(f"{name}.json"), content(trust), now=NOW)


def test_every_kind_that_is_told_in_words_is_told_there_and_not_there() -> None:
    told = [each for vector in VECTORS for each in vector.get("proves", {}).get("statements", [])]
    for kind in KINDS:
        values = [each["value"] for each in told if each["key"].startswith(f"{kind}/")]
        assert None in values, kind
        assert any(values), kind


def test_every_file_is_a_vector() -> None:
    named = {vector[file] for vector in VECTORS for file in ("file", "trust")} | {"expected.json"}
    assert {path.name for path in FOLDER.iterdir()} == named


def test_the_vectors_are_what_the_tool_makes() -> None:
    """Where they are not: `python -m tests.vectors.make_evidence`."""
    assert [name for name, made in files() if content(name) != made] == []


def test_a_flipped_bit_is_refused() -> None:
    bits = random.Random("state")  # noqa: S311 - the same bits each time
    data, trust = content("of-all-kinds.json"), content("trust.json")
    for _ in range(300):
        changed = bytearray(data)
        changed[bits.randrange(len(data))] ^= 1 << bits.randrange(8)
        with pytest.raises(VerificationError):
            verify(bytes(changed), trust, now=NOW)


def test_an_old_proof_and_one_of_another_engine_are_not_enough() -> None:
    data, trust = content("consent-active.json"), content("trust.json")
    with pytest.raises(NotEnough, match=r"^the state proof is of 2026-11-24T09:00:05Z, older than 0:01:00$"):
        verify(data, trust, max_age=timedelta(minutes=1), now=NOW)
    assert verify(data, trust, require=frozenset({"cometbft"}), max_age=timedelta(hours=2), now=NOW).height == 5


def test_a_file_says_itself_what_it_is() -> None:
    assert format_of(content("consent-active.json")) == "tidegate-state-proof/1"
    assert format_of(content("trust.json")) == "tidegate-trust/1"
    assert format_of((ROOT / "tests" / "vectors" / "evidence" / "valid.json").read_bytes()) == "tidegate-evidence/1"
    assert [format_of(each) for each in (content("space.json")[:-1], b"[]", b'{"format":1}', b"{}")] == [None] * 4


@pytest.mark.parametrize("name", [state_proof.FORMAT, *state_proof.MEMBERS])
def test_the_page_names_the_form_and_its_members(name: str) -> None:
    assert f"`{name}`" in PAGE
