"""The published vectors: each verifies, or fails at the step written beside it; and the page names the forms."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ledger import receipt, record, trust
from ledger.bodies import BODIES
from ledger.consent_record import MEMBERS, READ
from ledger.errors import VerificationError
from ledger.evidence import FORMAT
from ledger.state import Code
from ledger.verify import STEPS, verify
from schemas import personal, products
from tests.support.vectors.files import files, proved

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tests" / "vectors" / "evidence"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
VECTORS = EXPECTED["vectors"]
NOW = datetime.fromisoformat(EXPECTED["now"])
PAGE = (ROOT / "docs" / "evidence.md").read_text()


def verified(vector: dict[str, Any]) -> dict[str, Any]:
    data, trusted = ((FOLDER / vector[file]).read_bytes() for file in ("file", "trust"))
    return proved(verify(data, trusted, audience=vector["audience"], now=NOW))


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
    assert sum(vector["step"] is not None for vector in VECTORS) > 100


def test_every_file_is_a_vector() -> None:
    named = {vector[file] for vector in VECTORS for file in ("file", "trust")} | {"expected.json"}
    assert {path.name for path in FOLDER.iterdir()} == named


def test_the_vectors_are_what_the_tool_makes() -> None:
    """Where they are not: `python -m tests.vectors.make_evidence`."""
    assert [name for name, content in files() if (FOLDER / name).read_bytes() != content] == []


@pytest.mark.parametrize(
    "name", [FORMAT, trust.FORMAT, receipt.TYP, record.TYP, record.PREFIX, *MEMBERS, *receipt.MEMBERS, *READ]
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


@pytest.mark.parametrize(("product", "version"), products().items())
def test_the_page_has_every_field_that_names_a_person(product: str, version: int) -> None:
    for number in range(1, version + 1):
        row = next((line for line in PAGE.splitlines() if line.startswith(f"| `{product}:{number}` |")), "")
        assert row, f"docs/evidence.md lacks {product}:{number}"
        assert set(re.findall(r"`(/[^`]*)`", row)) == set(personal(product, number))
