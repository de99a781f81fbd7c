"""What a pushed authorization request must be: one check a line, from top to bottom (RFC 9126, FAPI 2.0 5.3.2.2)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from gateway.consent.details import TradeData, parse_details
from gateway.consent.values import DetailsError
from gateway.directory.tables import Participant
from gateway.oauth.dpop import Proof
from gateway.oauth.errors import (
    InvalidDetailsError,
    InvalidRequestError,
    InvalidScopeError,
    UnauthorizedClientError,
    UnsupportedResponseTypeError,
    plain,
)
from schemas.strict_json import StrictJsonError, parse

SCOPE = "evidence"
PROOFS = "proofs"
"""What a bank may ask of its consents, in force or not, with a token of its own."""
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
THUMBPRINT = CHALLENGE
LONGEST_DETAILS = 32_768
LONGEST_STATE = 1024


@dataclass(slots=True)
class Asked:
    """An authorization request while it is checked."""

    client: Participant
    parameters: Mapping[str, str]
    proof: Proof | None
    details: TradeData = field(init=False)
    jkt: str | None = None


Check = Callable[[Asked], None]


def client_is_a_bank(asked: Asked) -> None:
    """RFC 6749 section 4.1.2.1, unauthorized_client."""
    if "bank" not in asked.client.roles:
        raise UnauthorizedClientError("only a bank asks for consent")


def has_no_request_uri(asked: Asked) -> None:
    """RFC 9126 section 2.1: request_uri must not be provided."""
    if "request_uri" in asked.parameters:
        raise InvalidRequestError("request_uri must not be pushed")


def has_no_request_object(asked: Asked) -> None:
    """RFC 9101: what is not offered is not silently ignored."""
    if "request" in asked.parameters:
        raise InvalidRequestError("request objects are not supported")


def client_id_is_the_client(asked: Asked) -> None:
    """RFC 9126 section 2.1: client_id, where given, is the authenticated client's."""
    if asked.parameters.get("client_id", asked.client.id) != asked.client.id:
        raise InvalidRequestError("client_id is another than the authenticated client")


def response_type_is_code(asked: Asked) -> None:
    """FAPI 2.0 section 5.3.2.2: response_type code."""
    response_type = asked.parameters.get("response_type")
    if response_type is None:
        raise InvalidRequestError("response_type is missing")
    if response_type != "code":
        raise UnsupportedResponseTypeError(response_type, "response_type must be code")


def redirect_uri_is_registered(asked: Asked) -> None:
    """RFC 9126 section 2.4, FAPI 2.0: in every request, exactly as registered."""
    if asked.parameters.get("redirect_uri") not in asked.client.redirect_uris:
        raise InvalidRequestError("redirect_uri must be one of those registered, character by character")


def pkce_is_s256(asked: Asked) -> None:
    """RFC 7636 section 4.3; FAPI 2.0: S256 alone."""
    if asked.parameters.get("code_challenge_method") != "S256":
        raise InvalidRequestError("code_challenge_method must be S256")
    if not CHALLENGE.fullmatch(asked.parameters.get("code_challenge", "")):
        raise InvalidRequestError("code_challenge must be base64url of a SHA-256 digest, 43 characters")


def scope_is_evidence(asked: Asked) -> None:
    """RFC 6749 section 3.3."""
    if asked.parameters.get("scope", SCOPE) != SCOPE:
        raise InvalidScopeError(f"scope must be {SCOPE}, or left out")


def state_is_short(asked: Asked) -> None:
    """RFC 6749 section 4.1.1."""
    if len(asked.parameters.get("state", "")) > LONGEST_STATE:
        raise InvalidRequestError(f"state must have at most {LONGEST_STATE} characters")


def response_mode_is_query(asked: Asked) -> None:
    """OAuth 2.0 Multiple Response Types: the one mode offered."""
    if asked.parameters.get("response_mode", "query") != "query":
        raise InvalidRequestError("response_mode must be query, or left out")


def binds_one_key(asked: Asked) -> None:
    """RFC 9449 section 10.1: dpop_jkt and the proof at this endpoint, if both are given, are of one key."""
    jkt = asked.parameters.get("dpop_jkt")
    if jkt is not None and not THUMBPRINT.fullmatch(jkt):
        raise InvalidRequestError("dpop_jkt must be a key's thumbprint (RFC 7638)")
    if jkt and asked.proof and jkt != asked.proof.jkt:
        raise InvalidRequestError("dpop_jkt is not the key of the DPoP proof")
    asked.jkt = asked.proof.jkt if asked.proof else jkt


def details_are_trade_data(asked: Asked) -> None:
    """RFC 9396 section 5: unknown types and members are refused."""
    given = asked.parameters.get("authorization_details")
    if given is None:
        raise InvalidDetailsError("authorization_details is missing")
    try:
        asked.details = parse_details(parse(given.encode(), max_bytes=LONGEST_DETAILS))
    except (StrictJsonError, DetailsError) as error:
        raise InvalidDetailsError(plain(str(error))) from None


PAR: tuple[Check, ...] = (
    client_is_a_bank,
    has_no_request_uri,
    has_no_request_object,
    client_id_is_the_client,
    response_type_is_code,
    redirect_uri_is_registered,
    pkce_is_s256,
    response_mode_is_query,
    scope_is_evidence,
    state_is_short,
    binds_one_key,
    details_are_trade_data,
)
"""In this order; the first that fails is answered."""


def check(asked: Asked) -> None:
    """Run every check of `PAR`. Raises the OAuth error of the first that fails."""
    for each in PAR:
        each(asked)
