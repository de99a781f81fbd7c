"""What `deploy/` names is there: metrics, settings, commands."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.settings import Settings
from ledger.backends.cometbft import engine
from ledger.backends.cometbft.supervisor import OTHER_SOFTWARE

DEPLOY = Path(__file__).parents[2] / "deploy"
OPERATING = (DEPLOY.parent / "docs" / "operating.md").read_text()
UNITS = sorted(DEPLOY.glob("systemd/*.service"))


def test_alerts_ask_for_metrics_that_the_operators_page_has() -> None:
    rules = (DEPLOY / "prometheus" / "tidegate.rules.yml").read_text()
    asked = set(re.findall(r"tidegate_[a-z_]+", "\n".join(re.findall(r"expr: (.*)", rules))))
    assert asked
    assert [metric for metric in sorted(asked) if f"| `{metric}` |" not in OPERATING] == []


@pytest.mark.parametrize("example", sorted(DEPLOY.glob("*.env.example")), ids=lambda path: path.name)
def test_examples_of_settings_name_settings_that_there_are(example: Path) -> None:
    known = {f"TIDEGATE_{name.upper()}" for name in Settings.model_fields} | {"DATABASE_URL", engine.VARIABLE}
    named = [line.partition("=")[0] for line in example.read_text().splitlines() if not line.startswith("#")]
    assert named
    assert set(named) - known == set()


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_command_that_there_is_as_nobody_in_particular(unit: Path) -> None:
    read = ConfigParser(interpolation=None)
    read.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's names are in capitals
    read.read_string(unit.read_text())
    service = read["Service"]
    command = re.fullmatch(r"/opt/tidegate/\.venv/bin/tidegate ([a-z ]+?)( --home \S+)?", service["ExecStart"])
    assert command is not None
    told = CliRunner().invoke(app, [*command[1].split(), "--help"])
    assert told.exit_code == 0, told.output
    assert (service["NoNewPrivileges"], service["ProtectSystem"], service["Restart"]) == ("yes", "strict", "always")
    assert service["User"] != "root"


def test_a_node_that_lacks_the_rules_is_not_started_again_by_systemd() -> None:
    unit = (DEPLOY / "systemd" / "tidegate-ledger.service").read_text()
    assert f"\nRestartPreventExitStatus={OTHER_SOFTWARE}\n" in unit
