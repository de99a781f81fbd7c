import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from gateway.client import passkey
from gateway.consent import lifecycle, signing
from gateway.consent.details import TradeData
from gateway.consent.narrowing import Choice, narrow
from gateway.consent.tables import ConsentVersion, Draft
from gateway.directory.tables import Passkey as EnrolledPasskey
from gateway.errors import (
    ConflictError,
    ForbiddenError,
    GatewayError,
    InvalidError,
    NotFoundError,
    UnauthenticatedError,
)
from gateway.journal.tables import QueuedEntry
from gateway.settings import Settings
from ledger.codec import b64u, sha256, unb64u
from ledger.consent_record import check_form, record_commitment, record_hash, signed_digest, verify_assertion
from tests.support import builders
from tests.support.app import ISSUER
from tests.support.builders import NOW, SETTINGS, Enrolled

AT_ONCE = 100


def answered(session: Session, kept: Draft, by: Enrolled, *, origin: str = ISSUER) -> str:
    return json.dumps(by.passkey.get(signing.signing_options(session, SETTINGS, kept), origin))


def grant(session: Session, kept: Draft, by: Enrolled, answer: str, **changes: Any) -> None:
    signing.grant(session, SETTINGS, kept.id, **{"person": by.person, "answer": answer, "now": NOW, **changes})


def granted_entries(session: Session) -> list[QueuedEntry]:
    return list(session.exec(select(QueuedEntry).where(col(QueuedEntry.type).startswith("consent."))))


def test_the_whole_request_stands_in_what_is_signed(session: Session, director: Enrolled) -> None:
    consent = builders.requested(session)
    kept = builders.drafted(session, consent, director)
    assert kept.signed == {
        "schema_version": "tidegate-consent/1",
        "consent": consent.id,
        "version": 1,
        "previous": None,
        "nonce": kept.signed["nonce"],
        "parties": {
            "owner": {
                "id": "harbour-trading",
                "name": "Harbour Trading",
                "identifiers": [{"scheme": "br_number", "value": "12345678"}],
            },
            "people": [{"id": director.person.id, "authority": "Director", "method": "passkey, user verified"}],
            "bank": {"id": "eastbank", "name": "East Bank", "identifiers": []},
            "providers": [{"id": "oceanline", "name": "Oceanline"}],
            "gateway": {"id": "tidegate", "name": "Tidegate", "rp_id": "localhost"},
        },
        "notice": {
            "uri": "http://localhost:8440/notices/1",
            "version": "1",
            "language": "en",
            "sha256": b64u(sha256(b"East Bank asks for your data.")),
        },
        "purpose": {
            "code": "trade_finance_underwriting",
            "text": "Pre-shipment loan 2026-118",
            "lawful_basis": "consent",
            "jurisdiction": "HK",
        },
        "data": {
            "products": ["bill_of_lading", "transport_event"],
            "fields": {"bill_of_lading": ["/cargo", "/routing"]},
            "personal": {},
            "identifiers": [
                {"scheme": "transport_document", "issuer": {"list": "SCAC", "code": "OCLN"}, "value": "OCL71800000"}
            ],
            "period": {"from": "2026-01-01", "to": "2026-12-31"},
            "retention": "view",
            "on_title_change": "ask",
        },
        "limits": {
            "start": "2026-11-24T09:00:00Z",
            "expires_at": "2027-01-31T00:00:00Z",
            "frequency": {"max": 24, "per": "P1D"},
            "maximum_pulls": 500,
            "data_life": "P90D",
            "onward_sharing": False,
            "jurisdictions": ["HK"],
            "transfer_mechanism": None,
        },
    }
    assert kept.digest == signed_digest(kept.signed)
    assert len(unb64u(kept.signed["nonce"])) == 32


def test_the_name_of_a_person_stands_in_no_record(session: Session, director: Enrolled) -> None:
    builders.approved(session, builders.requested(session), director)
    version = session.exec(select(ConsentVersion)).one()
    assert director.person.name not in json.dumps(version.record)


def test_a_signed_consent_is_stored_with_its_proof_and_queued_for_the_ledger(
    session: Session, director: Enrolled
) -> None:
    consent = builders.approved(session, builders.requested(session), director)
    assert (consent.state, consent.version, consent.granted_at) == ("active", 1, NOW)
    assert consent.maximum_pulls == 500
    version = session.exec(select(ConsentVersion)).one()
    check_form(version.record)
    verify_assertion(version.record)
    assert version.record["status"] == {
        "state": "active",
        "reason": None,
        "initiator": "harbour-trading",
        "grant": consent.id,
    }
    assert version.record["events"] == [
        {"event": "requested", "at": "2026-11-24T09:00:00Z", "actor": "eastbank", "channel": "oauth"},
        {"event": "given", "at": "2026-11-24T09:00:00Z", "actor": director.person.id, "channel": "portal"},
    ]
    assert version.commitment == record_commitment(version.record, version.salt)
    assert (version.notice, version.terms) == ("East Bank asks for your data.", builders.details())
    enrolled = session.exec(select(EnrolledPasskey)).one()
    assert version.record["proof"]["credential"] == {
        "public_key": b64u(enrolled.public_key),
        "salt": b64u(enrolled.salt),
    }
    (entry,) = granted_entries(session)
    assert (entry.type, entry.subject) == ("consent.granted", consent.id)
    assert entry.body == {
        "consent": consent.id,
        "version": 1,
        "commitment": b64u(version.commitment),
        "expires_at": "2027-01-31T00:00:00Z",
    }


def test_what_the_owner_narrowed_is_what_is_granted(session: Session, director: Enrolled) -> None:
    consent = builders.requested(session)
    choice = Choice(products=("transport_event",), expires_at="2026-12-31T00:00:00Z", maximum_pulls=10)
    agreed = narrow(TradeData.model_validate(consent.asked), choice)
    builders.approved(session, consent, director, agreed=agreed)
    version = session.exec(select(ConsentVersion)).one()
    assert TradeData.model_validate(version.terms) == agreed
    assert version.record["data"]["products"] == ["transport_event"]
    assert (consent.expires_at, consent.maximum_pulls) == (agreed.expires, 10)


def test_more_than_was_asked_cannot_be_signed(session: Session, director: Enrolled) -> None:
    consent = builders.requested(session)
    with pytest.raises(InvalidError, match=r"^the terms go beyond what was asked: maximum_pulls$"):
        builders.drafted(session, consent, director, agreed=builders.terms(maximum_pulls=None))


def test_giving_twice_changes_nothing_the_second_time(session: Session, director: Enrolled) -> None:
    kept = builders.drafted(session, builders.requested(session), director)
    answer = answered(session, kept, director)
    grant(session, kept, director, answer)
    grant(session, kept, director, answer, now=NOW + timedelta(hours=1))
    assert len(session.exec(select(ConsentVersion)).all()) == 1
    assert len(granted_entries(session)) == 1


def test_a_consent_in_force_is_amended_by_a_new_version_that_names_the_one_before(
    session: Session, director: Enrolled
) -> None:
    consent = builders.approved(session, builders.requested(session), director)
    agreed = narrow(TradeData.model_validate(consent.asked), Choice(maximum_pulls=5))
    builders.approved(session, consent, director, agreed=agreed, now=NOW + timedelta(hours=1))
    first, second = session.exec(select(ConsentVersion).order_by(col(ConsentVersion.version))).all()
    assert (consent.version, consent.state, consent.maximum_pulls) == (2, "active", 5)
    assert second.record["previous"] == record_hash(first.record)
    assert [event["event"] for event in second.record["events"]] == ["requested", "given", "amended"]
    assert [entry.type for entry in granted_entries(session)] == ["consent.granted", "consent.amended"]
    verify_assertion(second.record)


def test_one_of_two_amendments_of_the_same_version_gets_through(session: Session, director: Enrolled) -> None:
    consent = builders.approved(session, builders.requested(session), director)
    first, second = (builders.drafted(session, consent, director) for _ in range(2))
    grant(session, first, director, answered(session, first, director))
    answer = answered(session, second, director)
    message = r"^the consent has changed since: it is at version 2; open it again$"
    with pytest.raises(ConflictError, match=message):
        grant(session, second, director, answer)


def test_an_amendment_that_was_drawn_up_before_a_pause_is_not_given_after_it(
    session: Session, director: Enrolled
) -> None:
    """Its `previous` is the record before the pause: nobody could verify the history."""
    consent = builders.approved(session, builders.requested(session), director)
    kept = builders.drafted(session, consent, director)
    answer = answered(session, kept, director)
    lifecycle.pause(session, consent.id, person=director.person, now=NOW)
    message = r"^the consent has changed since: it is at version 1; open it again$"
    with pytest.raises(ConflictError, match=message):
        grant(session, kept, director, answer)


def test_a_draft_lasts_fifteen_minutes(session: Session, director: Enrolled) -> None:
    kept = builders.drafted(session, builders.requested(session), director)
    answer = answered(session, kept, director)
    message = r"^this was shown more than fifteen minutes ago: open the request again$"
    with pytest.raises(ConflictError, match=message):
        grant(session, kept, director, answer, now=NOW + timedelta(minutes=15))


def test_old_drafts_are_forgotten(session: Session, director: Enrolled) -> None:
    consent = builders.requested(session)
    old = builders.drafted(session, consent, director)
    builders.drafted(session, consent, director, now=NOW + timedelta(minutes=15))
    with pytest.raises(NotFoundError, match=r"^there is nothing to sign by that name: open the request again$"):
        grant(session, old, director, "{}")


def test_a_consent_that_was_revoked_before_the_signature_arrives_is_not_given(
    session: Session, director: Enrolled
) -> None:
    consent = builders.requested(session)
    kept = builders.drafted(session, consent, director)
    answer = answered(session, kept, director)
    lifecycle.refuse(session, consent.id, person=director.person, now=NOW)
    with pytest.raises(ConflictError, match=rf"^consent {consent.id} cannot be given: it is refused$"):
        grant(session, kept, director, answer)


def test_another_person_of_the_owner_cannot_sign_a_draft_nor_lend_a_passkey(
    session: Session, director: Enrolled
) -> None:
    kept = builders.drafted(session, builders.requested(session), director)
    second = builders.enrolled(session)
    with pytest.raises(ForbiddenError, match=r"^another person was about to sign this$"):
        grant(session, kept, second, "{}")
    options = {**signing.signing_options(session, SETTINGS, kept), "allowCredentials": []}
    with pytest.raises(ForbiddenError, match=r"^this passkey is another person's$"):
        grant(session, kept, director, second.signs(options))


Spoil = Callable[[dict[str, Any]], None]


def flags_without_verification(answer: dict[str, Any]) -> None:
    data = bytearray(unb64u(answer["response"]["authenticatorData"]))
    data[32] &= ~0x04
    answer["response"]["authenticatorData"] = b64u(bytes(data))


def other_challenge(answer: dict[str, Any]) -> None:
    client_data = json.loads(unb64u(answer["response"]["clientDataJSON"]))
    client_data["challenge"] = b64u(bytes(32))
    answer["response"]["clientDataJSON"] = b64u(json.dumps(client_data).encode())


def other_signature(answer: dict[str, Any]) -> None:
    answer["response"]["signature"] = b64u(bytes(70))


def unknown_credential(answer: dict[str, Any]) -> None:
    answer["id"] = answer["rawId"] = b64u(bytes(32))


def other_user(answer: dict[str, Any]) -> None:
    answer["response"]["userHandle"] = b64u(bytes(16))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            flags_without_verification,
            (
                "the passkey's answer does not hold: "
                "User verification is required but user was not verified during authentication"
            ),
        ),
        (other_challenge, "the passkey's answer does not hold: Client data challenge was not expected challenge"),
        (other_signature, "the passkey's answer does not hold: Could not verify authentication signature"),
        (unknown_credential, "this passkey is not enrolled here: use another, or ask for an invitation"),
        (other_user, "the passkey's answer does not hold: it names another user"),
    ],
)
def test_a_signature_that_does_not_hold_gives_nothing(
    session: Session, director: Enrolled, spoil: Spoil, message: str
) -> None:
    kept = builders.drafted(session, builders.requested(session), director)
    answer = json.loads(answered(session, kept, director))
    spoil(answer)
    with pytest.raises(UnauthenticatedError) as refused:
        grant(session, kept, director, json.dumps(answer))
    assert refused.value.detail == message
    assert session.exec(select(ConsentVersion)).all() == []


def test_a_signature_made_at_another_origin_is_refused(session: Session, director: Enrolled) -> None:
    kept = builders.drafted(session, builders.requested(session), director)
    answer = answered(session, kept, director, origin="http://localhost:9999")
    message = (
        "the passkey's answer does not hold: "
        r'Unexpected client data origin "http://localhost:9999", expected "http://localhost:8440"'
    )
    with pytest.raises(UnauthenticatedError, match=f"^{message}$"):
        grant(session, kept, director, answer)


def test_a_signature_made_in_a_frame_of_another_site_is_refused(
    session: Session, director: Enrolled, monkeypatch: pytest.MonkeyPatch
) -> None:
    def framed(kind: str, challenge: str, origin: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": True}).encode()

    kept = builders.drafted(session, builders.requested(session), director)
    monkeypatch.setattr(passkey, "_client_data", framed)
    answer = answered(session, kept, director)
    message = r"^the passkey's answer does not hold: signed within a page of another origin$"
    with pytest.raises(UnauthenticatedError, match=message):
        grant(session, kept, director, answer)


def test_a_copied_passkey_is_noticed_by_its_count(session: Session, director: Enrolled) -> None:
    builders.approved(session, builders.requested(session), director)
    kept = builders.drafted(session, builders.requested(session), director)
    director.passkey._credentials[0].uses = 0
    answer = answered(session, kept, director)
    with pytest.raises(
        UnauthenticatedError, match=r"Response sign count of 1 was not greater than current count of 1$"
    ):
        grant(session, kept, director, answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"id": 1}',
        '{"id": "a", "id": "b"}',
        "\ud800",
        (
            '{"id": "!", "rawId": "!", "type": "public-key", "response": '
            '{"clientDataJSON": "!", "authenticatorData": "!", "signature": "!", "userHandle": "!"}}'
        ),
        "[" * 10_000,
        '"' + "x" * 70_000 + '"',
    ],
    ids=lambda text: repr(text[:30]),
)
def test_a_hostile_answer_is_refused_and_never_crashes(session: Session, director: Enrolled, answer: str) -> None:
    kept = builders.drafted(session, builders.requested(session), director)
    with pytest.raises((InvalidError, UnauthenticatedError)):
        grant(session, kept, director, answer)


def test_a_proof_that_a_bank_could_not_verify_is_not_stored(session: Session, director: Enrolled) -> None:
    """A browser may have signed at the right place for a gateway that now tells another relying party's name."""
    kept = builders.drafted(session, builders.requested(session), director)
    parties = kept.signed["parties"]
    gateway = {**parties["gateway"], "rp_id": "other.example"}
    kept.signed = {**kept.signed, "parties": {**parties, "gateway": gateway}}
    kept.digest = signed_digest(kept.signed)
    session.add(kept)
    session.flush()
    answer = answered(session, kept, director)
    message = (
        r"^the passkey's answer does not hold: "
        r"the passkey signed at 'http://localhost:8440', expected an origin of 'other.example'$"
    )
    with pytest.raises(UnauthenticatedError, match=message):
        grant(session, kept, director, answer)


def test_a_passkey_that_was_never_enrolled_signs_nothing(session: Session, director: Enrolled) -> None:
    kept = builders.drafted(session, builders.requested(session), director)
    stranger = passkey.Passkey()
    stranger.create(
        {
            "rp": {"id": "localhost"},
            "user": {"id": director.person.id},
            "pubKeyCredParams": [{"alg": -7}],
            "challenge": "AA",
        },
        ISSUER,
    )
    options = {**signing.signing_options(session, SETTINGS, kept), "allowCredentials": []}
    with pytest.raises(UnauthenticatedError, match=r"^this passkey is not enrolled here"):
        grant(session, kept, director, json.dumps(stranger.get(options, ISSUER)))


def at_once(engine: Engine, tasks: list[Callable[[Session], object]]) -> list[object]:
    def run(task: Callable[[Session], object]) -> object:
        with Session(engine) as own:
            try:
                task(own)
            except GatewayError as error:
                return type(error)
            own.commit()
        return None

    with ThreadPoolExecutor(len(tasks)) as threads:
        return list(threads.map(run, tasks))


def test_a_hundred_posts_of_one_signature_give_one_consent(
    session: Session, engine: Engine, director: Enrolled
) -> None:
    kept = builders.drafted(session, builders.requested(session), director)
    answer = answered(session, kept, director)
    session.commit()
    person, draft_id = director.person, kept.id
    session.refresh(person)
    session.expunge(person)

    def post(own: Session) -> object:
        return signing.grant(own, SETTINGS, draft_id, person=person, answer=answer, now=NOW)

    assert at_once(engine, [post] * AT_ONCE) == [None] * AT_ONCE
    assert len(session.exec(select(ConsentVersion)).all()) == 1
    assert len(granted_entries(session)) == 1


def test_a_hundred_signatures_for_one_request_give_one_consent(
    session: Session, engine: Engine, director: Enrolled
) -> None:
    consent = builders.requested(session)
    drafts = [builders.drafted(session, consent, director) for _ in range(AT_ONCE)]
    signed = [(kept.id, answered(session, kept, director)) for kept in drafts]
    session.commit()
    person = director.person
    session.refresh(person)
    session.expunge(person)

    def post(draft_id: str, answer: str) -> Callable[[Session], object]:
        return lambda own: signing.grant(own, SETTINGS, draft_id, person=person, answer=answer, now=NOW)

    outcomes = at_once(engine, [post(*each) for each in signed])
    assert outcomes.count(None) == 1
    assert outcomes.count(ConflictError) == AT_ONCE - 1
    assert len(session.exec(select(ConsentVersion)).all()) == 1
    assert len(granted_entries(session)) == 1


def test_of_approving_refusing_and_revoking_at_once_one_order_holds(
    session: Session, engine: Engine, director: Enrolled
) -> None:
    consent = builders.requested(session)
    kept = builders.drafted(session, consent, director)
    answer = answered(session, kept, director)
    session.commit()
    person, consent_id, draft_id = director.person, consent.id, kept.id
    session.refresh(person)
    session.expunge(person)
    tasks: list[Callable[[Session], object]] = [
        lambda own: signing.grant(own, SETTINGS, draft_id, person=person, answer=answer, now=NOW),
        lambda own: lifecycle.refuse(own, consent_id, person=person, now=NOW),
        lambda own: lifecycle.revoke(own, consent_id, person=person, now=NOW),
    ] * 10
    at_once(engine, tasks)
    session.refresh(consent)
    told = [entry.type for entry in granted_entries(session)]
    assert (consent.state, told) in [
        ("refused", []),
        ("active", ["consent.granted"]),
        ("revoked", ["consent.granted", "consent.revoked"]),
    ]


def test_what_is_shown_follows_the_gateways_settings(session: Session, director: Enrolled) -> None:
    other = Settings(issuer=ISSUER, gateway_id="gateway-hk", gateway_name="Gateway HK")
    kept = builders.drafted(session, builders.requested(session), director, settings=other)
    assert kept.signed["parties"]["gateway"] == {"id": "gateway-hk", "name": "Gateway HK", "rp_id": "localhost"}
