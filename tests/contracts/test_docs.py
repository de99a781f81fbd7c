"""The documents say what is true: settings, commands, and what they link to."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway import keys
from gateway.audit import kinds as kinds_of_database
from gateway.cli import app
from gateway.settings import Settings
from ledger.audit import findings

ROOT = Path(__file__).parents[2]
OPERATING = (ROOT / "docs" / "operating.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md")])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_in_the_operators_page_with_its_default(name: str) -> None:
    row = next(
        (line for line in OPERATING.splitlines() if line.startswith("| ") and f"`TIDEGATE_{name.upper()}`" in line), ""
    )
    assert row, f"docs/operating.md lacks TIDEGATE_{name.upper()}"
    default = Settings.model_fields[name].default
    assert default is None or f"`{default}`" in row


def test_the_page_names_no_setting_that_is_not_there() -> None:
    named = set(re.findall(r"`TIDEGATE_([A-Z_]+)`", OPERATING))
    assert named == {name.upper() for name in Settings.model_fields}


def test_every_key_is_in_the_operators_page() -> None:
    files = [*(f"{name}.pem" for name in (*keys.ED25519, *keys.P256)), *(f"{name}.key" for name in keys.SECRETS)]
    assert [file for file in files if f"| `{file}` |" not in OPERATING] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    broken = [target for target in LINK.findall(page.read_text()) if not (page.parent / target).exists()]
    assert broken == []


COMMAND = re.compile(r"(?:`|^|bin/)tidegate ((?:[a-z]+ )?[a-z]+(?:-[a-z]+)*)([^`\n|]*)", re.MULTILINE)
GROUPS = {
    "audit",
    "connector",
    "consent",
    "db",
    "events",
    "keys",
    "ledger",
    "links",
    "network",
    "owners",
    "participants",
}


def commands() -> list[tuple[str, str]]:
    """Return every command that a page shows, and the rest of its line."""
    found = set()
    for page in PAGES:
        for words, rest in COMMAND.findall(page.read_text()):
            first, _, second = words.partition(" ")
            named = words if first in GROUPS else first
            found.add((named, f"{second if named == first else ''} {rest}"))
    return sorted(found)


@pytest.mark.parametrize(("command", "rest"), commands())
def test_a_command_that_a_page_shows_is_there_with_its_options(command: str, rest: str) -> None:
    told = CliRunner().invoke(app, [*command.split(), "--help"])
    assert told.exit_code == 0, told.output
    assert [option for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest) if option not in told.output] == []


def test_every_kind_of_finding_is_in_the_operators_page_and_no_other() -> None:
    kinds = [
        value.name
        for module in (kinds_of_database, findings)
        for value in vars(module).values()
        if isinstance(value, findings.Kind)
    ]
    rows = OPERATING.partition("| kind | what was found |")[2].partition("\n\n")[0]
    named = [name for row in rows.splitlines()[2:] for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])]
    assert sorted(named) == sorted(kinds)
