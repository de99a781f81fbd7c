"""A gateway whose database was restored to an earlier moment than what its ledger knows."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select

from gateway.anchoring.comparison import is_done
from gateway.anchoring.tables import Batch, LedgerEntry
from gateway.client.connection import Tokens
from gateway.client.errors import ProblemError
from gateway.consent import restored as restoring
from gateway.consent.tables import Consent
from ledger.errors import LedgerError
from tests.support.anchoring import anchoring
from tests.support.audited import Audited
from tests.support.messages import event, transport_document
from tests.support.path import WholePath, whole_path
from tests.support.replicated import replicated
from tests.support.restored import backup, restored

NOT_COMPARED = "the database is not compared with the ledger yet: it was just started, and may have been restored"


@pytest.fixture(params=[anchoring, replicated], ids=["embedded", "replicated"])
def path(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[WholePath]:
    with whole_path(database_url, tmp_path, request.param) as path:
        path.push("dcsa_ebl", transport_document())
        path.anchor()
        yield path


def refused(path: WholePath, tokens: Tokens) -> tuple[int, object]:
    with pytest.raises(ProblemError) as refusal:
        path.as_bank().evidence(tokens)
    return refusal.value.status, refusal.value.document["reason"]


def records(path: WholePath, tokens: Tokens) -> int:
    return len(json.loads(path.as_bank().evidence(tokens).data)["records"])


def test_a_restored_database_gives_nothing_that_was_revoked_since_and_goes_on_anchoring(
    path: WholePath, cluster_url: str, tmp_path: Path
) -> None:
    revoked, kept = path.consented(identifiers=...), path.consented(identifiers=...)
    path.anchor()
    assert records(path, revoked) == 1
    asked = path.ask(identifiers=...)
    path.push("dcsa_track_trace", [event("waits at the moment of the backup")])
    saved = backup(path, tmp_path)
    path.anchor()
    path.visitor().signed_in().stop(str(revoked.grant_id))
    late = path.as_bank().exchange(asked, path.visitor().signed_in().approve(asked.url))
    path.push("dcsa_track_trace", [event("after the backup")])
    path.anchor()
    path.push("dcsa_track_trace", [event("in a second batch")])
    path.anchor()
    with restored(path, saved, cluster_url) as again:
        assert refused(again, revoked) == refused(again, kept) == (503, NOT_COMPARED)
        assert again.gateway.client.get("/readyz").json()["anchoring"]["compared"] is False
        again.anchor()
        assert refused(again, revoked) == (401, "the consent is revoked")
        assert records(again, kept) == 2
        with Session(again.anchoring.engine) as session:
            assert reason(session, str(revoked.grant_id)) == ("revoked", restoring.WHY)
            assert reason(session, str(late.grant_id)) == ("revoked", restoring.UNKNOWN_TERMS)
        again.push("dcsa_track_trace", [event("after the restore")])
        again.anchor()
        assert records(again, kept) == 3
        with Session(again.anchoring.engine) as session:
            assert session.exec(select(LedgerEntry.log).where(LedgerEntry.state != "final")).all() == []
            numbers = select(Batch.sequence).where(Batch.stream == "records").order_by(col(Batch.sequence))
            assert list(session.exec(numbers)) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("path", [anchoring], ids=["embedded"], indirect=True)
def test_an_audit_tells_what_a_restored_database_lacks(path: WholePath, cluster_url: str, tmp_path: Path) -> None:
    saved = backup(path, tmp_path)
    consent = str(path.consented(identifiers=...).grant_id)
    path.push("dcsa_track_trace", [event("after the backup")])
    path.anchor()
    with restored(path, saved, cluster_url) as again:
        again.anchor()
        assert Audited(again, tmp_path, consent, consent).sentences() == [
            "batch 2 of records: its 1 leaves are gone",
            f"consent {consent}: the ledger has entries of it, the database has no such consent",
        ]


@pytest.mark.parametrize("path", [anchoring], ids=["embedded"], indirect=True)
def test_a_copy_within_one_server_is_compared_too_and_the_same_database_once(path: WholePath) -> None:
    with Session(path.anchoring.engine) as session:
        assert is_done(session)
        session.execute(text("UPDATE comparison SET relation = relation + 1"))
        assert not is_done(session)
        session.rollback()
        session.execute(text("UPDATE comparison SET database = database + 1"))
        assert not is_done(session)
        session.rollback()
        session.execute(text("UPDATE comparison SET server_since = server_since - interval '1 microsecond'"))
        assert not is_done(session)


@pytest.mark.parametrize("path", [anchoring], ids=["embedded"], indirect=True)
def test_a_ledger_older_than_the_database_is_not_compared(path: WholePath) -> None:
    with Session(path.anchoring.engine) as session:
        session.execute(text("DELETE FROM comparison"))
        session.execute(text("UPDATE keystate SET height = height + 100"))
        session.commit()
    with pytest.raises(LedgerError, match=r"the ledger is at height \d+, the database knows it up to \d+"):
        path.anchoring.step()
    with Session(path.anchoring.engine) as session:
        assert not is_done(session)


def reason(session: Session, consent: str) -> tuple[str, str | None]:
    found = session.get_one(Consent, consent)
    return found.state, found.reason
