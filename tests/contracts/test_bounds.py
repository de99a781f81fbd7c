"""Every bound that docs/bounds.md tells is the one that is in force, and no parser's bound is missing there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"\| ([0-9,]+) \| `([a-z0-9_.]+)\.([A-Z_]+)` \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "bounds.md").read_text())
READERS = (
    "gateway/cli/protocol.py",
    "schemas/strict_json.py",
    "connectors/xml.py",
    "gateway/oauth/parameters.py",
    "gateway/oauth/jar.py",
    "gateway/oauth/client_keys.py",
    "gateway/oauth/mtls.py",
)
"""Modules whose every bound is told."""


@pytest.mark.parametrize(("told", "module", "name"), ROWS)
def test_a_bound_is_what_the_page_says(told: str, module: str, name: str) -> None:
    assert getattr(import_module(module), name) == int(told.replace(",", ""))


@pytest.mark.parametrize("path", READERS)
def test_every_bound_of_a_reader_is_told(path: str) -> None:
    module = path.removesuffix(".py").replace("/", ".")
    pattern = re.compile(r"^((?:MOST|LONGEST|DEEPEST|DEPTH|MARKS|DIGITS|HEAD|BODY)[A-Z_]*)(?:,| = [0-9])", re.MULTILINE)
    bounds = set(pattern.findall((ROOT / path).read_text()))
    assert bounds
    assert bounds <= {name for _, own, name in ROWS if own == module}
