"""Passkeys: what browsers are asked, and how their answers are judged (Web Authentication Level 3, by `webauthn`).

User verification is required throughout, and what is not ES256 or EdDSA is not enrolled: the offline verifier reads
no more.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from sqlmodel import Session, col, select
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import options_to_json_dict, parse_authentication_credential_json, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from gateway.directory.tables import Passkey, Person
from gateway.errors import InvalidError, UnauthenticatedError
from gateway.settings import Settings
from ledger.codec import b64u, parse, unb64u
from ledger.errors import CodecError

ALGORITHMS = [COSEAlgorithmIdentifier.ECDSA_SHA_256, COSEAlgorithmIdentifier.EDDSA]
MOST_ANSWER_BYTES = 65_536
MOST_ANSWER_DEPTH = 8
PATIENCE_MS = 300_000
FOREIGN = (
    WebAuthnException,
    InvalidSignature,
    UnsupportedAlgorithm,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
)
"""What `webauthn` lets out when an answer is malformed: more than its own errors."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey as its authenticator made it; `public_key` is a COSE key."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a passkey signed, as it came: kept so that anybody can check it again."""

    credential_id: bytes
    authenticator_data: bytes
    client_data_json: bytes
    signature: bytes

    def as_json(self) -> dict[str, str]:
        """Return the assertion as it stands in a consent record: base64url members."""
        return {
            "credential_id": b64u(self.credential_id),
            "authenticator_data": b64u(self.authenticator_data),
            "client_data_json": b64u(self.client_data_json),
            "signature": b64u(self.signature),
        }


def creation_options(settings: Settings, *, person_id: str, name: str, challenge: bytes) -> Json:
    """Return `PublicKeyCredentialCreationOptions` as JSON: a discoverable passkey for the person of that id."""
    options = generate_registration_options(
        rp_id=settings.rp_id,
        rp_name=settings.gateway_name,
        user_id=unb64u(person_id),
        user_name=name,
        challenge=challenge,
        timeout=PATIENCE_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        supported_pub_key_algs=ALGORITHMS,
    )
    return options_to_json_dict(options)


def request_options(settings: Settings, *, challenge: bytes, passkeys: Sequence[Passkey] = ()) -> Json:
    """Return `PublicKeyCredentialRequestOptions` as JSON: for one of `passkeys`, or for any that the browser knows."""
    options = generate_authentication_options(
        rp_id=settings.rp_id,
        challenge=challenge,
        timeout=PATIENCE_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=passkey.credential_id) for passkey in passkeys],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def passkeys_of(session: Session, person_id: str) -> list[Passkey]:
    """Return the passkeys of a person, oldest first."""
    return list(session.exec(select(Passkey).where(Passkey.person_id == person_id).order_by(col(Passkey.created_at))))


def verify_creation(settings: Settings, answer: str, *, challenge: bytes) -> NewPasskey:
    """Return the passkey that a browser made over `challenge`; `answer` is its `RegistrationResponseJSON`.

    Raises `InvalidError` for what is no such answer, `UnauthenticatedError` for one that does not hold.
    """
    credential = _parse(answer)
    with _foreign_errors():
        made = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=settings.rp_id,
            expected_origin=settings.issuer,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    return NewPasskey(made.credential_id, made.credential_public_key, made.sign_count)


def verify_use(session: Session, settings: Settings, answer: str, *, challenge: bytes) -> tuple[Passkey, Assertion]:
    """Return the enrolled passkey that signed `challenge`, and what it signed.

    `answer` is the browser's `AuthenticationResponseJSON`. The passkey's row stays locked until the transaction ends: a
    signature count is judged by one request at a time.
    Raises `InvalidError` for what is no such answer, `UnauthenticatedError` for one that does not hold.
    """
    credential = read_use(answer)
    passkey = _enrolled(session, credential)
    passkey.sign_count = check_use(
        settings, credential, public_key=passkey.public_key, sign_count=passkey.sign_count, challenge=challenge
    )
    session.add(passkey)
    response = credential.response
    return passkey, Assertion(
        credential.raw_id, response.authenticator_data, response.client_data_json, response.signature
    )


def read_use(answer: str) -> AuthenticationCredential:
    """Return an `AuthenticationResponseJSON` as read. Raises `InvalidError`, `UnauthenticatedError`."""
    with _foreign_errors():
        return parse_authentication_credential_json(_parse(answer))


def check_use(
    settings: Settings, credential: AuthenticationCredential, *, public_key: bytes, sign_count: int, challenge: bytes
) -> int:
    """Return the new signature count of a passkey that signed `challenge`. Raises `UnauthenticatedError`."""
    with _foreign_errors():
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=settings.rp_id,
            expected_origin=settings.issuer,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
        if parse_client_data_json(credential.response.client_data_json).cross_origin:
            raise ValueError("signed within a page of another origin")
        return verified.new_sign_count


def _enrolled(session: Session, credential: AuthenticationCredential) -> Passkey:
    statement = select(Passkey).where(Passkey.credential_id == credential.raw_id).with_for_update()
    passkey = session.exec(statement.execution_options(populate_existing=True)).one_or_none()
    if passkey is None:
        raise UnauthenticatedError("this passkey is not enrolled here: use another, or ask for an invitation")
    handle = credential.response.user_handle
    if handle is not None and b64u(handle) != passkey.person_id:
        raise UnauthenticatedError("the passkey's answer does not hold: it names another user")
    return passkey


def owner_of(session: Session, passkey: Passkey) -> Person:
    """Return the person that a passkey stands for."""
    person = session.get(Person, passkey.person_id)
    assert person is not None  # noqa: S101 - a foreign key
    return person


def _parse(answer: str) -> Json:
    try:
        value = parse(answer.encode(), max_bytes=MOST_ANSWER_BYTES, max_depth=MOST_ANSWER_DEPTH)
    except (CodecError, UnicodeEncodeError) as error:
        raise InvalidError(f"passkey: {error}") from None
    if not isinstance(value, dict):
        raise InvalidError("passkey: expected the browser's answer, a JSON object")
    return value


@contextmanager
def _foreign_errors() -> Iterator[None]:
    try:
        yield
    except FOREIGN as error:
        raise UnauthenticatedError(f"the passkey's answer does not hold: {error}") from error
