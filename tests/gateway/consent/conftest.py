"""An owner, its carrier and its bank, and a person who signs for the owner."""

import pytest
from sqlmodel import Session

from tests.support import builders
from tests.support.builders import Enrolled


@pytest.fixture
def director(session: Session) -> Enrolled:
    builders.carrier(session)
    builders.owner(session)
    builders.bank(session)
    builders.link(session)
    person = builders.enrolled(session)
    session.commit()
    return person
