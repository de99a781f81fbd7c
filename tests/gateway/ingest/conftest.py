from pathlib import Path

import pytest
from sqlmodel import Session

from tests.support.pushes import Carrier, carrier
from tests.support.records import participants


@pytest.fixture
def oceanline(session: Session, tmp_path: Path) -> Carrier:
    participants(session)
    return carrier(session, tmp_path)
