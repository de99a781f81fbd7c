"""The story: owner and bank each keep a receipt of all that happened to a consent, and anybody checks it offline."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from gateway.client.errors import ProblemError
from gateway.consent import lifecycle
from gateway.consent.tables import Consent
from ledger import consent_receipts, history
from ledger.codec import canonical
from ledger.errors import VerificationError
from ledger.verify.changes import STEPS, verify
from ledger.verify.parse import format_of
from tests.support import builders
from tests.support.browser import Visitor
from tests.support.cli import tidegate
from tests.support.database import database
from tests.support.path import WholePath, whole_path


@dataclass
class Lived:
    """A consent that was given, paused, resumed, amended and stopped; the stop is not final on the ledger yet."""

    path: WholePath
    visitor: Visitor
    consent: str
    receipts: bytes
    trust: bytes

    def kept(self, consent: str) -> bytes:
        """Return what owner and bank keep of a consent: both the same."""
        owners = self.visitor.http.get(f"/portal/consents/{consent}/receipts")
        assert owners.headers["Content-Disposition"] == f'attachment; filename="receipts-{consent[:8]}.json"'
        assert owners.content == self.path.as_bank().receipts(consent)
        return owners.content


Bend = Callable[[Lived, dict[str, Any]], None]


@pytest.fixture(scope="module")
def lived(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    with database(cluster_url) as url, whole_path(url, tmp_path_factory.mktemp("lived")) as path:
        consent = str(path.consented().grant_id)
        visitor = path.visitor().signed_in()
        visitor.pause(consent)
        visitor.resume(consent)
        with Session(path.gateway.app.state.engine) as session:
            found = session.get(Consent, consent)
            assert found is not None
            builders.approved(session, found, path.person, settings=path.gateway.settings, now=path.gateway.clock())
            session.commit()
        path.anchor()
        visitor.stop(consent)
        lived = Lived(path, visitor, consent, b"", path.trust())
        lived.receipts = lived.kept(consent)
        yield lived


def newest(path: WholePath) -> str:
    with Session(path.gateway.app.state.engine) as session:
        return session.exec(select(Consent.id).order_by(col(Consent.requested_at).desc()).limit(1)).one()


def test_owner_and_bank_keep_the_same_receipts_of_all_that_happened(lived: Lived) -> None:
    verdict = verify(lived.receipts, lived.trust)
    assert format_of(lived.receipts) == consent_receipts.FORMAT
    assert [(each.event, each.version, each.state, each.height is not None) for each in verdict.changes] == [
        ("given", 1, "active", True),
        ("paused", 1, "paused", True),
        ("resumed", 1, "active", True),
        ("amended", 2, "active", True),
        ("withdrawn", 2, "revoked", False),
    ]
    assert verdict.summary == (
        f"OK: consent {lived.consent} of {builders.OWNER} for {builders.BANK}, 5 receipts, version 2, revoked"
        " (embedded ledger: one operator's word)"
    )


def test_receipts_are_of_the_records_in_the_history(lived: Lived) -> None:
    told = history.verify(lived.path.as_bank().history(lived.consent))
    assert [each.commitment for each in told.changes] == [
        each.commitment for each in verify(lived.receipts, lived.trust).changes
    ]


def test_once_it_is_final_a_receipt_has_the_ledgers_entry(lived: Lived) -> None:
    lived.path.anchor()
    assert all(each.height for each in verify(lived.kept(lived.consent), lived.trust).changes)


def test_a_refusal_and_what_nobody_answered_have_their_receipts_too(lived: Lived) -> None:
    lived.visitor.refuse(lived.path.ask().url)
    refused = newest(lived.path)
    (change,) = verify(lived.kept(refused), lived.trust).changes
    assert (change.event, change.state, change.version, change.record) == ("refused", "refused", 0, None)
    lived.path.gateway.clock.turn(timedelta(seconds=1))
    lived.path.ask()
    unanswered = newest(lived.path)
    with pytest.raises(ProblemError, match="waits for its owner: there is no receipt yet"):
        lived.path.as_bank().receipts(unanswered)
    with Session(lived.path.gateway.app.state.engine) as session:
        late = lived.path.gateway.clock() + timedelta(days=15)
        lifecycle.end_due(session, gateway_id="tidegate", now=late)
        session.commit()
    (change,) = verify(lived.kept(unanswered), lived.trust).changes
    assert (change.event, change.state) == ("expired", "expired")


def test_nobody_else_gets_the_receipts(lived: Lived) -> None:
    with pytest.raises(ProblemError, match=rf"^404: no consent '{lived.consent}'$"):
        lived.path.as_bank(lived.path.other_bank).receipts(lived.consent)
    assert (
        Visitor(lived.path.gateway.app, lived.path.person.passkey)
        .http.get(f"/portal/consents/{lived.consent}/receipts")
        .status_code
        == 303
    )


def said(lived: Lived, found: dict[str, Any], number: int, **members: Any) -> None:
    """Have the gateway sign something else in a receipt."""
    _, receipt = consent_receipts.read(found["receipts"][number]["receipt"])
    key = lived.path.gateway.keyring.receipts
    found["receipts"][number]["receipt"] = consent_receipts.sign(
        replace(receipt, **members), key=key.private, kid=key.kid
    )


def _forged(_: Lived, found: dict[str, Any]) -> None:
    found["receipts"][0]["receipt"] = found["receipts"][0]["receipt"][:-4] + "AAAA"


def _swapped(_: Lived, found: dict[str, Any]) -> None:
    first, second = found["receipts"][1:3]
    first["anchor"], second["anchor"] = second["anchor"], first["anchor"]


@pytest.mark.parametrize(
    ("bend", "step"),
    [
        (lambda _, found: found.update(format="another"), 1),
        (lambda _, found: found["receipts"].clear(), 1),
        (lambda _, found: found["receipts"].pop(0), 1),
        (lambda _, found: found["receipts"].append({"anchor": None, "receipt": "x"}), 1),
        (lambda _, found: found["blocks"][0]["header"].update(chain="another"), 2),
        (lambda _, found: found["anchors"][0]["entry"]["body"].update(version=2), 5),
        (lambda _, found: found["keys"]["proofs"].pop(), 7),
        (_forged, 9),
        (lambda lived, found: said(lived, found, 4, aud="westbank"), 9),
        (lambda lived, found: said(lived, found, 4, state="paused"), 10),
        (lambda lived, found: said(lived, found, 4, event="resumed", state="active"), 10),
        (lambda lived, found: said(lived, found, 4, record=None), 10),
        (lambda lived, found: said(lived, found, 4, at="2020-01-01T00:00:00Z"), 10),
        (_swapped, 11),
        (lambda lived, found: said(lived, found, 1, commitment=lived.consent), 11),
        (lambda lived, found: said(lived, found, 4, entry="AAAAAAAAAAAAAAAAAAAAAA"), 11),
    ],
)
def test_receipts_that_are_bent_fail_at_their_step(lived: Lived, bend: Bend, step: int) -> None:
    found = json.loads(lived.receipts)
    bend(lived, found)
    with pytest.raises(VerificationError) as error:
        verify(canonical(found), lived.trust)
    assert error.value.step == step, error.value.message


def test_the_command_says_what_happened(lived: Lived, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, trust = tmp_path / "receipts.json", tmp_path / "trust.json"
    file.write_bytes(lived.receipts)
    trust.write_bytes(lived.trust)
    tidegate("verify", file, "--trust", trust, "--explain", code=0)
    told = capsys.readouterr().out
    assert told.startswith(f"OK: consent {lived.consent} of {builders.OWNER} for {builders.BANK}, 5 receipts,")
    assert " 11 the ledger's entries say the same\n" in told
    assert " withdrawn, version 2, not on the ledger yet, record " in told
    tidegate("verify", file, "--trust", trust, "--json", code=0)
    assert json.loads(capsys.readouterr().out)["changes"][0]["event"] == "given"
    file.write_bytes(lived.receipts[:-1] + b" }")
    tidegate("verify", file, "--trust", trust, code=1)
    assert capsys.readouterr().err.startswith(f"NOT VALID at step 1 of {len(STEPS)}: parse strictly: ")
