"""Register participants and find them."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from sqlmodel import Session, select
from stdnum import lei

from gateway.directory.clients import ClientMetadata
from gateway.directory.tables import Participant
from gateway.errors import ConflictError, NotFoundError
from gateway.settings import LOOPBACK
from ledger.codec import unb64u
from ledger.errors import CodecError

Role = Literal["provider", "owner", "bank", "resource_server"]
CLIENTS = frozenset({"bank", "provider", "resource_server"})
"""Roles that call the gateway."""
PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "k"})
KEY_ALGORITHMS = {"OKP": ("Ed25519",), "EC": ("P-256",), "RSA": ()}
ID = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
SMALLEST_RSA, LARGEST_RSA = 2048, 8192
MOST_KEYS = 20


def _https(uri: str) -> str:
    parts = urlsplit(uri)
    loopback = parts.scheme == "http" and parts.hostname in LOOPBACK
    if not parts.hostname or parts.fragment or (parts.scheme != "https" and not loopback):
        raise ValueError(f"{uri!r}: expected an https URI without fragment (http only on loopback)")
    return uri


def check_public_keys(jwks: dict[str, Any]) -> dict[str, Any]:
    """Return a JWK set of public keys that can be used here. Raises `ValueError`."""
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
        raise ValueError('expected a JWK set: {"keys": [...]} (RFC 7517 section 5)')
    if len(keys) > MOST_KEYS:
        raise ValueError(f"{len(keys)} keys, expected at most {MOST_KEYS}")
    for place, key in enumerate(keys):
        _check_key(place, key)
    return jwks


def _check_key(place: int, key: dict[str, Any]) -> None:
    if leaked := sorted(PRIVATE & key.keys()):
        raise ValueError(f"keys[{place}] carries the private members {leaked}: register public keys only")
    curves = KEY_ALGORITHMS.get(str(key.get("kty")))
    if curves is None or (curves and key.get("crv") not in curves):
        raise ValueError(f"keys[{place}]: expected an Ed25519, P-256 or RSA key, got {key.get('kty')} {key.get('crv')}")
    if not isinstance(key.get("kid"), str):
        raise ValueError(f"keys[{place}] has no kid")  # noqa: TRY004 - pydantic turns ValueError into a fault
    if key["kty"] == "RSA" and not SMALLEST_RSA <= _modulus_bits(key) <= LARGEST_RSA:
        raise ValueError(f"keys[{place}]: expected an RSA key of {SMALLEST_RSA} to {LARGEST_RSA} bits")
    try:
        KeySet.import_key_set({"keys": [key]})
    except (JoseError, ValueError) as error:
        raise ValueError(f"keys[{place}] is no public key: {error}") from None


def _modulus_bits(key: dict[str, Any]) -> int:
    try:
        return int.from_bytes(unb64u(key.get("n"))).bit_length()
    except CodecError:
        return 0


Uri = Annotated[str, AfterValidator(_https)]
PublicKeys = Annotated[dict[str, Any], AfterValidator(check_public_keys)]


class Keys(BaseModel):
    """A participant's public keys: `client` for private_key_jwt and DPoP-free identity, `sealing` for its records."""

    model_config = ConfigDict(extra="forbid")
    client: PublicKeys = {"keys": []}
    sealing: PublicKeys = {"keys": []}


class CarrierCode(BaseModel):
    """The code under which a provider issues references, such as `{"list": "SCAC", "code": "MAEU"}`."""

    model_config = ConfigDict(extra="forbid")
    list: str = Field(pattern=r"^[A-Z]{2,12}$")
    code: str = Field(pattern=r"^[A-Z0-9]{2,10}$")


class Registration(BaseModel):
    """A participant as registered by file: `tidegate participants add FILE.json`."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(pattern=f"^{ID.pattern}$")
    name: str = Field(min_length=1, max_length=200)
    roles: list[Role] = Field(min_length=1)
    lei: str | None = None
    br_number: str | None = Field(None, pattern=r"^[0-9]{8}$")
    uscc: str | None = Field(None, pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$")
    carrier_code: CarrierCode | None = None
    redirect_uris: list[Uri] = []
    initiate_uri: Uri | None = None
    people_required: Literal[1, 2] = Field(1, description="Of an owner: how many people must approve a consent.")
    keys: Keys = Keys()
    client: ClientMetadata = ClientMetadata()

    @model_validator(mode="after")
    def _complete_for_its_roles(self) -> Self:
        if self.lei is not None and not lei.is_valid(self.lei):
            raise ValueError(f"lei {self.lei!r}: wrong check digits (ISO 17442)")
        if "owner" in self.roles and not (self.lei or self.br_number or self.uscc):
            raise ValueError("an owner needs an lei, a br_number or a uscc")
        if "owner" not in self.roles and self.people_required > 1:
            raise ValueError("people_required goes with an owner alone")
        if "bank" in self.roles and not self.redirect_uris:
            raise ValueError("a bank needs at least one redirect URI")
        if self.client.jwks_uri and self.keys.client["keys"]:
            raise ValueError("keys.client and client.jwks_uri: expected one of the two (RFC 7591 section 2)")
        if CLIENTS & set(self.roles) and self.client.needs_keys and not self.keys.client["keys"]:
            raise ValueError("a bank, provider or resource server needs a client key (keys.client, or client.jwks_uri)")
        if ("resource_server" in self.roles) != (self.client.resource is not None):
            raise ValueError("a resource server, and nobody else, has a client.resource (RFC 8707)")
        return self

    def identifiers(self) -> list[dict[str, str]]:
        """Return the typed identifiers given: `[{"scheme": "lei", "value": ...}, ...]`."""
        given = {"lei": self.lei, "br_number": self.br_number, "uscc": self.uscc}
        return [{"scheme": scheme, "value": value} for scheme, value in given.items() if value is not None]


def register(session: Session, registration: Registration, *, now: datetime) -> Participant:
    """Store a participant. Raises `ConflictError` if the id is taken."""
    if session.get(Participant, registration.id):
        raise ConflictError(f"participant {registration.id!r} is already registered")
    participant = Participant(
        id=registration.id,
        name=registration.name,
        roles=list(registration.roles),
        identifiers=registration.identifiers(),
        carrier_code=registration.carrier_code.model_dump() if registration.carrier_code else None,
        redirect_uris=registration.redirect_uris,
        initiate_uri=registration.initiate_uri,
        people_required=registration.people_required,
        client_jwks=registration.keys.client,
        sealing_jwks=registration.keys.sealing,
        client_metadata=registration.client.model_dump(exclude_defaults=True),
        created_at=now,
    )
    session.add(participant)
    session.flush()
    return participant


def participant(session: Session, participant_id: str, *, role: Role | None = None) -> Participant:
    """Return a participant, holding `role` if given. Raises `NotFoundError`."""
    found = session.get(Participant, participant_id) if ID.fullmatch(participant_id) else None
    if found is None or (role is not None and role not in found.roles):
        raise NotFoundError(f"no {role or 'participant'} {participant_id!r} is registered")
    return found


def require_people(session: Session, owner_id: str, people: int) -> None:
    """Let one person, or two, have to approve what an owner agrees to from now on. Raises `NotFoundError`."""
    found = participant(session, owner_id, role="owner")
    found.people_required = people
    session.add(found)


def owner_by_identifier(session: Session, scheme: str, value: str) -> Participant | None:
    """Return the owner registered under a typed identifier (`br_number`, `lei`, `uscc`), or None."""
    wanted = [{"scheme": scheme, "value": value}]
    statement = select(Participant).where(
        Participant.identifiers.contains(wanted),  # type: ignore[attr-defined]
        Participant.roles.contains(["owner"]),  # type: ignore[attr-defined]
    )
    return session.exec(statement).one_or_none()


def everyone(session: Session) -> list[Participant]:
    """Return all participants in order of id."""
    return list(session.exec(select(Participant).order_by(Participant.id)))
