import json
from pathlib import Path

import pytest

from gateway.cli.openapi import documents
from tests.support.cli import tidegate


def test_each_interface_has_a_document_of_its_own_routes() -> None:
    made = {name: json.loads(text) for name, text in documents().items()}
    assert sorted(made) == ["bank", "owner", "provider"]
    assert "/oauth/par" in made["bank"]["paths"]
    assert "/ingest/{connector}" not in made["bank"]["paths"]
    assert "/ingest/{connector}" in made["provider"]["paths"]
    assert "/readyz" not in made["provider"]["paths"]


def test_a_document_holds_every_component_that_it_names() -> None:
    for text in documents().values():
        document = json.loads(text)
        for part in text.split('"#/components/schemas/')[1:]:
            assert part.partition('"')[0] in document["components"]["schemas"]


def test_documents_that_are_stale_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tidegate("openapi", "--out", tmp_path, code=0)
    tidegate("openapi", "--out", tmp_path, "--check", code=0)
    (tmp_path / "bank.json").write_text("{}")
    tidegate("openapi", "--out", tmp_path, "--check", code=1)
    assert capsys.readouterr().err == (
        f"error: {tmp_path}: bank.json differ from what the routes say: run tidegate openapi, and commit them\n"
    )
