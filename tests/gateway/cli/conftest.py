"""An evidence with its trust file, as a bank has them."""

from pathlib import Path

import pytest

from tests.support.cli import EvidenceFiles
from tests.support.evidence import Maker, trust_file


@pytest.fixture
def files(tmp_path: Path) -> EvidenceFiles:
    maker = Maker(tmp_path)
    evidence, trust = tmp_path / "evidence.json", tmp_path / "trust.json"
    evidence.write_bytes(maker.make())
    trust.write_bytes(trust_file(maker.ledger, maker.operator))
    maker.ledger.close()
    return EvidenceFiles(evidence, trust, maker.bank, maker.owner)
