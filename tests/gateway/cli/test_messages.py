"""Messages in files are mapped as the gateway maps them, whatever they are written in."""

from pathlib import Path

import pytest

from tests.support.cli import tidegate
from tests.support.messages_air import AWB, waybill


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "waybill.xml"


def test_a_message_in_xml_is_checked(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(waybill())
    tidegate("connector", "check", file, "--connector", "cargo_xml", code=0)
    assert capsys.readouterr().out.startswith(f"air_waybill 1  {AWB}  mawb {AWB}, hawb ")


def test_its_faults_are_told_with_their_places(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(waybill(TotalPieceQuantity=None))
    tidegate("connector", "check", file, "--connector", "cargo_xml", code=1)
    assert capsys.readouterr().err.splitlines()[:2] == [
        "error: the message cannot be mapped:",
        (
            "  /Waybill/MasterConsignment/TotalPieceQuantity: is missing, and the standard requires it "
            "Fix: add TotalPieceQuantity"
        ),
    ]


def test_a_dry_run_shows_the_document_that_a_push_would_make(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(waybill())
    tidegate("push", file, "--connector", "cargo_xml", "--dry-run", code=0)
    assert '"number": "888-10011002"' in capsys.readouterr().out
