"""The published vectors: each verifies, or fails at the step written beside it; and the page names the forms."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ledger import receipt, record, trust
from ledger.bodies import BODIES
from ledger.consent_record import MEMBERS
from ledger.errors import VerificationError
from ledger.evidence import FORMAT
from ledger.state import Code
from ledger.verify import STEPS, verify

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "vectors" / "evidence"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
TRUST = (FOLDER / EXPECTED["trust"]).read_bytes()
NOW = datetime.fromisoformat(EXPECTED["now"])
PAGE = (ROOT / "docs" / "evidence.md").read_text()


@pytest.mark.parametrize("vector", EXPECTED["vectors"], ids=lambda vector: f"{vector['file']} {vector['step']}")
def test_a_vector_verifies_or_fails_at_its_step(vector: dict[str, Any]) -> None:
    data = (FOLDER / vector["file"]).read_bytes()
    if vector["step"] is None:
        assert len(verify(data, TRUST, audience=vector["audience"], now=NOW).records) == 2
        return
    with pytest.raises(VerificationError) as error:
        verify(data, TRUST, audience=vector["audience"], now=NOW)
    assert error.value.step == vector["step"]


def test_every_file_is_a_vector() -> None:
    named = {vector["file"] for vector in EXPECTED["vectors"]} | {"expected.json", EXPECTED["trust"]}
    assert {path.name for path in FOLDER.iterdir()} == named


@pytest.mark.parametrize(
    "name", [FORMAT, trust.FORMAT, receipt.TYP, record.TYP, record.PREFIX, *MEMBERS, *receipt.MEMBERS]
)
def test_the_page_names_every_form_and_member(name: str) -> None:
    assert name in PAGE


@pytest.mark.parametrize("entry_type", BODIES)
def test_the_page_has_every_type_of_entry_with_its_members(entry_type: str) -> None:
    family, _, kind = entry_type.partition(".")
    assert f"`{entry_type}`" in PAGE or (f"`{family}." in PAGE and f"`.{kind}`" in PAGE)
    assert all(f"`{member}`" in PAGE for member in BODIES[entry_type])


def test_the_page_has_every_step_and_code() -> None:
    assert all(f"| {number} | " in PAGE for number in range(1, len(STEPS) + 1))
    assert all(f"| {int(code)} | " in PAGE for code in Code)
