"""A bank has it proved how a consent stands, after its end too; the gateway for itself, that a fingerprint is free."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from gateway.anchoring.answers import FRESH, fresh
from gateway.client.errors import NotYetError, ProblemError
from gateway.consent.tables import Consent
from ledger.verify.state import StateVerdict, verify
from tests.support.anchoring import consent_id
from tests.support.path import WholePath


def verified(path: WholePath, data: bytes) -> StateVerdict:
    return verify(data, path.trust(), now=datetime.now(UTC))


def proved(path: WholePath, consent: str) -> str:
    """Ask, let the worker answer, ask again; return what is proved in words, without the consent's id."""
    bank = path.as_bank()
    with pytest.raises(NotYetError, match="the worker is asked to prove how the consent stands: ask again") as not_yet:
        bank.proof(consent)
    assert not_yet.value.retry_after == 1
    path.anchoring.finish()
    return said(path, consent)


def said(path: WholePath, consent: str) -> str:
    [statement] = verified(path, path.as_bank().proof(consent)).statements
    assert statement.key == f"consent/{consent}"
    return statement.says.removeprefix(f"consent {consent}: ")


def test_a_bank_has_it_proved_that_a_consent_is_in_force_and_later_that_it_was_revoked(path: WholePath) -> None:
    tokens = path.consented()
    consent = str(tokens.grant_id)
    path.anchor()
    end = f"{path.end:%Y-%m-%d}T00:00:00Z"
    assert proved(path, consent) == f"active since height 4, until {end}, version 1, through tidegate"
    path.visitor().signed_in().stop(consent)
    with pytest.raises(NotYetError):  # what is revoked is never proved to be in force, ledger or not
        path.as_bank().proof(consent)
    path.anchor()
    assert said(path, consent) == "revoked at height 6, version 1, through tidegate"


def test_what_was_asked_for_and_not_granted_is_proved_to_be_absent(path: WholePath) -> None:
    location = path.visitor().signed_in().refuse(path.ask().url)
    assert "access_denied" in location
    with Session(path.anchoring.engine) as session:
        consent = session.exec(select(Consent.id)).one()
    path.anchor()
    assert proved(path, consent) == "absent, it was never granted"


def test_another_bank_learns_nothing_of_a_consent(path: WholePath) -> None:
    consent = str(path.consented().grant_id)
    path.anchor()
    for unknown in (consent, consent_id(7), "x"):
        with pytest.raises(ProblemError) as refusal:
            path.as_bank(path.other_bank).proof(unknown)
        assert (refusal.value.status, refusal.value.document["detail"]) == (404, f"no consent {unknown!r}")


def test_a_token_of_a_consent_is_not_one_for_proofs(path: WholePath) -> None:
    tokens = path.consented()
    with pytest.raises(ProblemError, match="the token lacks the scope 'proofs'"):
        path.connection(path.bank).call("GET", f"/consents/{tokens.grant_id}/proof", token=tokens.access_token)


def test_a_proof_answers_for_a_moment_while_others_make_the_ledger_move_on(path: WholePath) -> None:
    consent = str(path.consented().grant_id)
    path.anchor()
    proved(path, consent)
    first = path.as_bank().proof(consent)
    path.anchoring.queue_entry("owner.credential_added", "passkey", commitment=consent_id(9))
    path.anchoring.finish()
    assert path.as_bank().proof(consent) == first
    with Session(path.anchoring.engine) as session:
        key = f"consent/{consent}"
        later = path.gateway.clock() + FRESH + timedelta(seconds=1)
        assert fresh(session, key, subject=consent, now=path.gateway.clock()) == first
        assert fresh(session, key, subject=consent, now=later) is None


def test_whether_a_fingerprint_is_claimed_is_proved_inside_the_gateway(path: WholePath) -> None:
    fingerprint = consent_id(3)
    key = f"claim/{fingerprint}"

    def claim_proved() -> str:
        with Session(path.anchoring.engine) as session:
            fresh(session, key, subject=fingerprint, now=path.gateway.clock())
            session.commit()
        path.anchoring.finish()
        with Session(path.anchoring.engine) as session:
            document = fresh(session, key, subject=fingerprint, now=path.gateway.clock())
        assert document is not None
        [statement] = verified(path, document).statements
        return statement.says

    assert claim_proved() == f"fingerprint {fingerprint}: unclaimed, it never was claimed"
    path.anchoring.queue_entry("financing.claimed", fingerprint, fingerprint=fingerprint, claim=consent_id(4))
    path.anchoring.finish()
    assert claim_proved() == f"fingerprint {fingerprint}: claimed through tidegate at height 4"
