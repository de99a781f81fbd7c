import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from sqlmodel import Session, col, select

import schemas
from gateway.consent import lifecycle
from gateway.consent.tables import ConsentChange, ConsentVersion
from ledger.consent_record import MEMBERS, SIGNED
from tests.support import builders
from tests.support.builders import NOW, Enrolled

SCHEMA = json.loads((Path(schemas.__file__).parent / "consent_record" / "1.json").read_text())


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())


def test_the_published_schema_names_every_member_of_a_record() -> None:
    assert sorted(SCHEMA["required"]) == sorted(SCHEMA["properties"]) == sorted(MEMBERS)


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"identifiers": ..., "fields": ..., "period": None, "frequency": None, "maximum_pulls": None},
        {"personal": {"bill_of_lading": ["/contacts"]}, "transfer_mechanism": "standard_contract"},
    ],
)
def test_every_record_made_is_of_the_published_schema(
    session: Session, director: Enrolled, validator: jsonschema.Draft202012Validator, members: dict[str, Any]
) -> None:
    consent = builders.approved(session, builders.requested(session, **members), director)
    builders.approved(session, consent, director, now=NOW + timedelta(hours=1))
    lifecycle.revoke(session, consent.id, person=director.person, now=NOW + timedelta(hours=2))
    versions = session.exec(select(ConsentVersion).order_by(col(ConsentVersion.version))).all()
    change = session.exec(select(ConsentChange)).one()
    for record in (*(version.record for version in versions), change.record):
        validator.validate(record)
    assert {name: change.record[name] for name in SIGNED} == {name: versions[1].record[name] for name in SIGNED}


def test_a_record_with_one_more_member_is_not_of_the_schema(
    session: Session, director: Enrolled, validator: jsonschema.Draft202012Validator
) -> None:
    builders.approved(session, builders.requested(session), director)
    record = session.exec(select(ConsentVersion)).one().record
    assert not validator.is_valid({**record, "name": "Export desk"})
    assert not validator.is_valid({**record, "status": {**record["status"], "state": "requested"}})
