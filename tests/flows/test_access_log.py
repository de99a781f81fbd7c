"""The story: an owner sees who looked, keeps the access log, and shows by a bank's copy what was kept from it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, delete, select

from gateway.anchoring.tables import AnchoredLeaf
from gateway.pull.access_log import write
from gateway.pull.tables import Receipt
from ledger import access_log
from ledger.access_log import receipts_digest
from ledger.codec import canonical
from ledger.errors import VerificationError
from ledger.verify.copies import Found, look_up
from ledger.verify.log import STEPS, checked, verify
from ledger.verify.parse import format_of
from tests.support import builders
from tests.support.cli import tidegate
from tests.support.database import database
from tests.support.messages import event, transport_document
from tests.support.path import WholePath, whole_path

LOG = "/portal/pulls/log"


@dataclass
class Looked:
    """Data that was looked at four times: the evidence of each in order, the log, and the log of a liar."""

    path: WholePath
    evidence: list[bytes]
    log: bytes
    trust: bytes
    page: str
    lying: bytes

    def look_up(self, copy: bytes, *, log: bytes | None = None) -> tuple[Found, str]:
        """Return what a copy shows, and in words, without which receipt it is."""
        told = look_up(checked(log or self.log, self.trust), copy, self.trust, now=datetime.now(UTC))
        return told.found, told.says


@pytest.fixture(scope="module")
def looked(cluster_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Looked]:
    with database(cluster_url) as url, whole_path(url, tmp_path_factory.mktemp("looked")) as path:
        path.push("dcsa_ebl", transport_document())
        path.push("dcsa_track_trace", [event("loaded")])
        path.anchor()
        evidence = list(_pulls(path))
        visitor = path.visitor().signed_in()
        path.gateway.clock.turn(timedelta(minutes=10))
        page, log = visitor.open("/portal/pulls").text, visitor.http.get(LOG)
        assert (
            log.headers["Content-Disposition"] == f'attachment; filename="pulls-{path.gateway.clock():%Y-%m-%d}.json"'
        )
        _hide_first(path)
        yield Looked(path, evidence, log.content, path.trust(), page, visitor.http.get(LOG).content)


def _pulls(path: WholePath) -> Iterator[bytes]:
    """Pull under two consents, the first by a key for receipts that is compromised then; the last is not anchored."""
    tokens = path.consented(identifiers=...)
    path.anchor()
    yield path.as_bank().evidence(tokens).data
    path.anchor()
    path.rotate("receipts", compromised_since=1)
    path.anchor()
    tokens = path.consented(identifiers=..., products=["transport_event"], fields={})
    path.push("dcsa_track_trace", [event("sailed")])
    path.anchoring.finish()
    yield path.as_bank().evidence(tokens).data
    yield path.as_bank().evidence(tokens).data
    path.anchor()
    yield path.as_bank().evidence(tokens).data


def _hide_first(path: WholePath) -> None:
    """Take the first pull out of the gateway's database, as an operator could."""
    with Session(path.anchoring.engine) as session:
        first = session.exec(select(Receipt.jti).order_by(col(Receipt.created_at)).limit(1)).one()
        session.execute(delete(AnchoredLeaf).where(col(AnchoredLeaf.subject) == first))
        session.execute(delete(Receipt).where(col(Receipt.jti) == first))
        session.commit()


Bend = Callable[[Looked, dict[str, Any]], None]


def test_an_owner_keeps_a_log_that_anybody_verifies(looked: Looked) -> None:
    verdict = verify(looked.log, looked.trust)
    assert format_of(looked.log) == access_log.FORMAT
    assert [(each.bank, each.records, each.anchored_height is not None) for each in verdict.pulls] == [
        (builders.BANK, 2, True),
        (builders.BANK, 1, True),
        (builders.BANK, 1, True),
        (builders.BANK, 2, False),
    ]
    assert verdict.summary == (
        f"OK: 4 pulls of data of {builders.OWNER}, 3 on the ledger, 1 pending (embedded ledger: one operator's word)"
    )
    lacking = {"product": "transport_event", "reason": "pending", "count": 1}
    assert [each.omitted for each in verdict.pulls] == [(), (lacking,), (lacking,), ()]
    assert [looked.look_up(each)[0] for each in looked.evidence] == ["anchored", "anchored", "anchored", "pending"]


def test_the_portal_shows_each_pull_and_says_which_are_on_the_ledger(looked: Looked) -> None:
    assert "Who looked at the data of Harbour Trading" in looked.page
    for said, times in (
        ("<h2>East Bank</h2>", 4),
        (">On the ledger<", 3),
        (">On its way to the ledger<", 1),
        ("1 record<", 2),
        ("2 records<", 2),
        ("which covers: Tracking events", 3),
        ("which covers: Bills of lading, Tracking events", 1),
        ("Not given: 1 of Tracking events, not yet on the ledger", 2),
    ):
        assert looked.page.count(said) == times, said
    for each in verify(looked.log, looked.trust).pulls:
        assert f"Receipt {each.receipt}" in looked.page


def receipt_of(evidence: bytes) -> bytes:
    return str(json.loads(evidence)["receipt"]).encode()


def test_a_pull_that_was_kept_from_the_owner_is_shown_by_the_banks_copy(looked: Looked) -> None:
    """The gateway signed both: the receipt, and that the log has all receipts of that time."""
    assert len(verify(looked.lying, looked.trust).pulls) == 3
    for copy in (looked.evidence[0], receipt_of(looked.evidence[1]) + b"\n"):
        found, says = looked.look_up(copy, log=looked.log)
        assert found is Found.ANCHORED, says
    found, says = looked.look_up(looked.evidence[0], log=looked.lying)
    assert found is Found.MISSING
    assert says.endswith("is MISSING: tidegate signed it, and signed that the log has all pulls of that time")
    found, says = looked.look_up(receipt_of(looked.evidence[0]), log=looked.lying)
    assert (found, says) == (
        Found.SHOWS_NOTHING,
        "the copy does not hold: the log does not prove the receipt's key: the bank's whole evidence does",
    )


def test_a_copy_that_does_not_hold_or_is_of_another_time_shows_nothing(looked: Looked) -> None:
    today = f"{looked.path.gateway.clock():%Y-%m-%d}"
    visitor = looked.path.visitor().signed_in()
    yesterday = f"{looked.path.gateway.clock() - timedelta(days=1):%Y-%m-%d}"
    before = visitor.http.get(f"{LOG}?last={yesterday}").content
    assert verify(before, looked.trust).summary.startswith("OK: 0 pulls of data of ")
    assert looked.look_up(looked.evidence[0], log=before)[1].endswith("take one that does")
    assert len(verify(visitor.http.get(f"{LOG}?first={today}&last={today}").content, looked.trust).pulls) <= 3
    forged = receipt_of(looked.evidence[1])[:-4] + b"AAAA"
    for copy, says in (
        (looked.evidence[0][:-2], "the copy does not hold: parse strictly: "),
        (forged, "the copy does not hold: signature by key "),
        (b"\xff", "the copy does not hold: neither an evidence nor a receipt"),
    ):
        found, told = looked.look_up(copy)
        assert (found, told[: len(says)]) == (Found.SHOWS_NOTHING, says)


@pytest.mark.parametrize("days", ["first=2999-01-01", "first=2026-03-02&last=2026-03-01"])
def test_days_that_make_no_time_are_refused(looked: Looked, days: str) -> None:
    response = looked.path.visitor().signed_in().http.get(f"{LOG}?{days}")
    assert response.status_code == 422
    assert "choose a first day that is not to come, and a last day that does not lie before it" in response.text


def test_more_pulls_than_one_file_holds_are_asked_for_in_parts(looked: Looked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.pull.access_log.MOST", 2)
    response = looked.path.visitor().signed_in().http.get(LOG)
    assert response.status_code == 422
    assert "there are more than 2 pulls: choose a shorter time" in response.text


def test_another_owner_sees_none_of_it(looked: Looked) -> None:
    with Session(looked.path.gateway.app.state.engine) as session:
        data = access_log_of(session, looked.path, "nobody")
    assert (verify(data, looked.trust).pulls, verify(data, looked.trust).owner) == ((), "nobody")


def test_no_pull_leaves_the_log_because_the_gateways_key_was_compromised(looked: Looked) -> None:
    looked.path.rotate("organisation", compromised_since=1)
    looked.path.anchor()
    with Session(looked.path.gateway.app.state.engine) as session:
        data = access_log_of(session, looked.path, builders.OWNER)
    assert [each.anchored_height is not None for each in verify(data, looked.trust).pulls] == [True, True, True]


def access_log_of(session: Session, path: WholePath, owner: str) -> bytes:
    gateway = path.gateway
    return write(session, gateway.settings, gateway.keyring, owner, now=gateway.clock())


def signed_anew(looked: Looked, found: dict[str, Any], **members: Any) -> None:
    """Have the gateway sign another statement, about what is there unless `members` say otherwise."""
    _, said = access_log.read(found["statement"])
    there = [*(each["receipt"] for each in found["pulls"]), *found["pending"]]
    key = looked.path.gateway.keyring.of("receipts")[-1]
    said = replace(said, **{"receipts": receipts_digest(there), **members})
    found["statement"] = access_log.sign(said, key=key.private, kid=key.kid)


def _unanchored(looked: Looked, found: dict[str, Any]) -> None:
    found["pulls"][1]["receipt"], found["pending"] = found["pending"][0], [found["pulls"][1]["receipt"]]
    signed_anew(looked, found)


def _twice(looked: Looked, found: dict[str, Any]) -> None:
    found["pending"] *= 2
    signed_anew(looked, found)


def _without_its_consent(looked: Looked, found: dict[str, Any]) -> None:
    signed_anew(looked, found, consents=[])


def _later_begun(looked: Looked, found: dict[str, Any]) -> None:
    _, said = access_log.read(found["statement"])
    signed_anew(looked, found, begins=said.iat, ends=said.iat)


def _ended_after_it_was_made(looked: Looked, found: dict[str, Any]) -> None:
    _, said = access_log.read(found["statement"])
    signed_anew(looked, found, ends=said.iat + 1)


def _without_the_pending(_looked: Looked, found: dict[str, Any]) -> None:
    found["pending"].clear()


def _without_a_pull(looked: Looked, found: dict[str, Any]) -> None:
    del found["pulls"][0]
    signed_anew(looked, found)


def _moved(_looked: Looked, found: dict[str, Any]) -> None:
    first, second = found["pulls"][1:]
    first["index"], second["index"] = second["index"], first["index"]


def _of_records(_looked: Looked, found: dict[str, Any]) -> None:
    found["anchors"][0]["entry"]["body"]["stream"] = "records"


def _without_a_key(_looked: Looked, found: dict[str, Any]) -> None:
    del found["keys"]["proofs"][0]


@pytest.mark.parametrize(
    ("bend", "step"),
    [
        (lambda _, found: found.update(format="another"), 1),
        (lambda _, found: found.update(more=1), 1),
        (_without_a_pull, 1),
        (lambda _, found: found["blocks"][0]["header"].update(chain="another"), 2),
        (_of_records, 5),
        (_without_a_key, 7),
        (_moved, 9),
        (_unanchored, 9),
        (_twice, 10),
        (_without_its_consent, 10),
        (_without_the_pending, 11),
        (_later_begun, 11),
        (_ended_after_it_was_made, 11),
    ],
)
def test_a_log_that_is_bent_fails_at_its_step(looked: Looked, bend: Bend, step: int) -> None:
    found = json.loads(looked.log)
    bend(looked, found)
    with pytest.raises(VerificationError) as error:
        verify(canonical(found), looked.trust)
    assert error.value.step == step, error.value.message


@given(place=st.integers(0), bit=st.integers(0, 7))
@settings(max_examples=25)
def test_no_byte_of_a_log_may_change(looked: Looked, place: int, bit: int) -> None:
    changed = bytearray(looked.log)
    changed[place % len(changed)] ^= 1 << bit
    with pytest.raises(VerificationError):
        verify(bytes(changed), looked.trust)


def test_the_command_says_what_the_log_and_the_copies_show(
    looked: Looked, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"log": looked.log, "lying": looked.lying, "trust": looked.trust, "broken": looked.log[:-1]}
    files |= {f"copy{number}": data for number, data in enumerate(looked.evidence)} | {"forged": b"x.y.z"}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    def mine(*arguments: str, code: int) -> str:
        tidegate("audit", "mine", *arguments, "--trust", str(tmp_path / "trust"), code=code)
        told = capsys.readouterr()
        return told.out + told.err

    def at(name: str) -> str:
        return str(tmp_path / name)

    told = mine(at("log"), "--receipt", at("copy0"), "--receipt", at("copy3"), "--explain", code=0)
    assert f"{at('copy0')}: receipt " in told
    assert " stands in the log, pending\n" in told
    assert "  9 receipts in their batches\n" in told
    assert "tidegate signed that these are all pulls from 1970-01-01T00:00:00Z to " in told
    told = mine(at("lying"), "--receipt", at("copy0"), "--receipt", at("forged"), code=1)
    assert " is MISSING: tidegate signed it" in told
    assert "the copy does not hold" in mine(at("log"), "--receipt", at("forged"), code=3)
    assert mine(at("broken"), code=1).startswith("NOT VALID at step 1 of 11: parse strictly: ")
    document = json.loads(mine(at("log"), "--receipt", at("copy0"), "--json", code=0))
    assert (document["verdict"], len(document["pulls"])) == ("valid", 4)
    assert document["copies"][0]["found"] == "anchored"
    assert len(STEPS) == 11
    tidegate("verify", at("log"), code=2)
    assert capsys.readouterr().err == (
        f"error: {at('log')} is an owner's access log: tidegate audit mine verifies it\n"
    )
