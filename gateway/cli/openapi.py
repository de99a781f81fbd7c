"""`tidegate openapi`: the HTTP interfaces as three documents, for bank, provider and owner."""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway import keys
from gateway.app import create_app
from gateway.cli.faults import CommandError
from gateway.cli.lazy import commands, examples
from gateway.settings import Settings

app = commands()
REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')

DOCUMENTS = {
    "bank": (
        "ask for consent, pull evidence under it, be told what happens",
        {"oauth", "grants", "pull", "notify"},
    ),
    "provider": ("push messages as your standard defines them", {"oauth", "ingest"}),
    "owner": ("decide who sees your data", {"portal"}),
}
"""Each document's purpose, and the tags of the routes that it describes."""


@app.command(epilog=examples("tidegate openapi", "tidegate openapi --check"))
def openapi(
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the documents are.")] = Path("openapi"),
    *,
    check: Annotated[bool, typer.Option("--check", help="Compare with what is there; write nothing.")] = False,
) -> None:
    """Write the OpenAPI documents, or compare them.

    One document for each of the three interfaces: bank.json, provider.json, owner.json. With --check, exit code 1 if
    one is not what the routes say.
    """
    made = documents()
    stale = [name for name, text in made.items() if not _same(folder / f"{name}.json", text)]
    if not check:
        folder.mkdir(parents=True, exist_ok=True)
        for name in stale:
            (folder / f"{name}.json").write_text(made[name])
    elif stale:
        listed = ", ".join(f"{name}.json" for name in stale)
        raise CommandError(f"{folder}: {listed} differ from what the routes say: run tidegate openapi, and commit them")
    typer.echo(f"{folder}: {len(made)} documents, {'as the routes say' if check else f'{len(stale)} written'}")


def documents() -> dict[str, str]:
    """Return each document by name, as the text of its file."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), database_url=None)
        keys.create(settings.keys_path)
        gateway = create_app(settings, keyring=keys.load(settings.keys_path), database_url="postgresql:///unused")
    whole = gateway.openapi()
    return {name: _text(_document(whole, purpose, tags)) for name, (purpose, tags) in DOCUMENTS.items()}


def _document(whole: Mapping[str, Any], purpose: str, tags: set[str]) -> dict[str, Any]:
    """Return the part of a document whose operations have one of the tags, with the components that they use."""
    kept = {path: _operations(item, tags) for path, item in whole["paths"].items()}
    paths = {path: item for path, item in kept.items() if item}
    schemas = whole.get("components", {}).get("schemas", {})
    used = _used(paths, schemas)
    return {
        "openapi": whole["openapi"],
        "info": {"title": f"Tidegate: {purpose}", "version": whole["info"]["version"]},
        "paths": paths,
        "components": {
            "schemas": {name: schemas[name] for name in used},
            "securitySchemes": whole["components"]["securitySchemes"],
        },
    }


def _operations(item: Mapping[str, Any], tags: set[str]) -> dict[str, Any]:
    return {method: operation for method, operation in item.items() if tags & set(operation.get("tags", ()))}


def _used(part: object, schemas: Mapping[str, Any]) -> set[str]:
    """Return the names of the schemas that `part` refers to, and of those that they refer to."""
    used: set[str] = set()
    pending = set(REFERENCE.findall(json.dumps(part)))
    while pending:
        used |= pending
        pending = {each for name in pending for each in REFERENCE.findall(json.dumps(schemas[name]))} - used
    return used


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _same(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text
