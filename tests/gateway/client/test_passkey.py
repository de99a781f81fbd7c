import json
from typing import Any

import pytest
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)
from webauthn.registration.verify_registration_response import VerifiedRegistration

from gateway.client.passkey import Passkey, PasskeyError

ORIGIN = "http://localhost:8440"
CHALLENGE = b"c" * 32


def creation(**changes: Any) -> dict[str, Any]:
    options = generate_registration_options(
        rp_id="localhost",
        rp_name="Tidegate",
        user_name="Finance lead",
        user_id=b"person-1",
        challenge=CHALLENGE,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
    )
    return {**json.loads(options_to_json(options)), **changes}


def request(*allowed: bytes, rp_id: str = "localhost") -> dict[str, Any]:
    options = generate_authentication_options(
        rp_id=rp_id,
        challenge=CHALLENGE,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in allowed],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    made: dict[str, Any] = json.loads(options_to_json(options))
    return made


def register(passkey: Passkey) -> VerifiedRegistration:
    return verify_registration_response(
        credential=passkey.create(creation(), ORIGIN),
        expected_challenge=CHALLENGE,
        expected_rp_id="localhost",
        expected_origin=ORIGIN,
        require_user_verification=True,
    )


def sign_in(passkey: Passkey, registered: VerifiedRegistration, *allowed: bytes, count: int = 0) -> int:
    return verify_authentication_response(
        credential=passkey.get(request(*allowed), ORIGIN),
        expected_challenge=CHALLENGE,
        expected_rp_id="localhost",
        expected_origin=ORIGIN,
        credential_public_key=registered.credential_public_key,
        credential_current_sign_count=count,
        require_user_verification=True,
    ).new_sign_count


def test_a_relying_party_accepts_its_registration_and_its_signatures() -> None:
    passkey = Passkey()
    registered = register(passkey)
    assert registered.fmt == "none"
    assert registered.user_verified
    assert sign_in(passkey, registered) == 1
    assert sign_in(passkey, registered, registered.credential_id, count=1) == 2


def test_the_newest_credential_signs_unless_another_is_named() -> None:
    passkey = Passkey()
    first, second = register(passkey), register(passkey)
    sign_in(passkey, second)
    sign_in(passkey, first, first.credential_id)


def test_it_tells_whose_credential_signed() -> None:
    passkey = Passkey()
    register(passkey)
    assert passkey.get(request(), ORIGIN)["response"]["userHandle"] == creation()["user"]["id"]


def test_a_page_of_another_origin_may_not_use_it() -> None:
    passkey = Passkey()
    register(passkey)
    with pytest.raises(PasskeyError, match=r"^a page of https://bank\.example may not use passkeys of localhost$"):
        passkey.get(request(), "https://bank.example")


def test_a_page_of_a_subdomain_may_use_it() -> None:
    passkey = Passkey()
    made = passkey.create(creation(rp={"id": "gateway.example", "name": "Tidegate"}), "https://portal.gateway.example")
    assert passkey.get(request(rp_id="gateway.example"), "https://portal.gateway.example")["id"] == made["id"]


def test_without_a_credential_it_refuses() -> None:
    with pytest.raises(PasskeyError, match=r"^no passkey of this authenticator is registered at localhost$"):
        Passkey().get(request(), ORIGIN)


def test_a_credential_that_it_does_not_hold_is_refused() -> None:
    passkey = Passkey()
    register(passkey)
    with pytest.raises(PasskeyError, match=r"^no passkey of this authenticator is registered at localhost$"):
        passkey.get(request(b"unknown"), ORIGIN)


def test_an_excluded_credential_is_not_made_twice() -> None:
    passkey = Passkey()
    made = passkey.create(creation(), ORIGIN)
    excluded = [{"id": made["id"], "type": "public-key"}]
    with pytest.raises(PasskeyError, match=r"^this passkey is already registered here$"):
        passkey.create(creation(excludeCredentials=excluded), ORIGIN)


def test_a_relying_party_without_es256_is_refused() -> None:
    only_rsa = [{"type": "public-key", "alg": -257}]
    with pytest.raises(PasskeyError, match=r"^the relying party accepts no ES256 key$"):
        Passkey().create(creation(pubKeyCredParams=only_rsa), ORIGIN)
