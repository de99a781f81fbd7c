"""What an authorization request must be, by endpoint: one check a line, from top to bottom (FAPI 2.0 section 5.3.2.2).

`PAR` is the pushed request (RFC 9126), `AUTHORIZE` what the owner's browser brings afterwards.
"""

import re
from collections.abc import Callable, Mapping, Sequence

from gateway.consent.details import parse_details
from gateway.consent.values import DetailsError
from gateway.errors import InvalidError
from gateway.oauth import jarm
from gateway.oauth.asked import Asked
from gateway.oauth.errors import (
    InvalidDetailsError,
    InvalidGrantIdError,
    InvalidRequestError,
    InvalidScopeError,
    InvalidTargetError,
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
MODES = ("query", *jarm.MODES)
ACTIONS = ("create", "replace")
"""What a request may do with a grant. Merging is not offered: nobody can say what it yields."""
ABOUT_THE_CLIENT = frozenset({"client_id", "client_assertion", "client_assertion_type"})
"""What stands beside a request object (RFC 9126 section 3)."""


Check = Callable[[Asked], None]


def client_is_a_bank(asked: Asked) -> None:
    """RFC 6749 section 4.1.2.1, unauthorized_client."""
    if "bank" not in asked.client.roles:
        raise UnauthorizedClientError("only a bank asks for consent")


def has_no_request_uri(asked: Asked) -> None:
    """RFC 9126 section 2.1: request_uri must not be provided."""
    if "request_uri" in asked.parameters:
        raise InvalidRequestError("request_uri must not be pushed")


def request_is_signed_where_it_must_be(asked: Asked) -> None:
    """RFC 9101 section 10.5: who registered require_signed_request_object is not served without one."""
    if asked.client.client.require_signed_request_object and "request" not in asked.parameters:
        raise InvalidRequestError("this client must send a signed request object (request)")


def parameters_are_those_of_the_request_object(asked: Asked) -> None:
    """RFC 9101 section 6, RFC 9126 section 3: all of them stand in the object; from here on, nothing else counts."""
    if "request" not in asked.parameters:
        return
    if beside := sorted(asked.parameters.keys() - ABOUT_THE_CLIENT - {"request"}):
        raise InvalidRequestError(plain(f"{', '.join(beside)}: expected within the request object"))
    asked.parameters = asked.open_object(asked.parameters["request"])


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


def response_mode_is_offered(asked: Asked) -> None:
    """OAuth 2.0 Multiple Response Types; JARM section 2.3."""
    if asked.response_mode not in MODES:
        raise InvalidRequestError(f"response_mode must be one of {', '.join(MODES)}, or left out")


def resource_is_known(asked: Asked) -> None:
    """RFC 8707 section 2."""
    asked.resource = resource_of(asked.parameters, asked.resources)


def resource_of(parameters: Mapping[str, str], resources: Sequence[str]) -> str:
    """Return the resource that tokens are for, by default the gateway. Raises `InvalidTargetError`."""
    resource = parameters.get("resource", resources[0])
    if resource not in resources:
        raise InvalidTargetError("resource must be one that is registered here, or left out")
    return resource


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


def action_is_offered(asked: Asked) -> None:
    """Grant Management section 5.1: an action that is not announced is refused; grant_id goes with replace alone."""
    action = asked.parameters.get("grant_management_action", "create")
    if action not in ACTIONS:
        raise InvalidRequestError(f"grant_management_action must be one of {', '.join(ACTIONS)}, or left out")
    if ("grant_id" in asked.parameters) != (action == "replace"):
        raise InvalidRequestError("grant_id goes with grant_management_action replace, and with nothing else")


def grant_is_the_clients_own(asked: Asked) -> None:
    """Grant Management section 5.2: a grant that is in force, this client's, and of the same owner."""
    if "grant_id" not in asked.parameters:
        return
    asked.replaces = asked.standing_grant(asked.parameters["grant_id"])
    if asked.replaces is None:
        raise InvalidGrantIdError("grant_id is no grant of this client that is in force")
    if asked.replaces.asked["owner"] != asked.details.as_json()["owner"]:
        raise InvalidDetailsError("the grant to be replaced is of another owner")


def consent_was_given(asked: Asked) -> None:
    """A consent of this client that is in force, asked for in the same details: its owner approves nothing more."""
    if "consent" not in asked.parameters:
        return
    if {"grant_management_action", "grant_id"} & asked.parameters.keys():
        raise InvalidRequestError("consent goes without grant_management_action and grant_id")
    asked.resumes = asked.standing_grant(asked.parameters["consent"])
    if asked.resumes is None:
        raise InvalidGrantIdError("consent is none of this client that was given and is in force")
    if asked.resumes.asked != asked.details.as_json():
        raise InvalidDetailsError("authorization_details are not those that the consent was asked for with")


PAR: tuple[Check, ...] = (
    client_is_a_bank,
    has_no_request_uri,
    request_is_signed_where_it_must_be,
    parameters_are_those_of_the_request_object,
    client_id_is_the_client,
    response_type_is_code,
    redirect_uri_is_registered,
    pkce_is_s256,
    response_mode_is_offered,
    scope_is_evidence,
    state_is_short,
    resource_is_known,
    binds_one_key,
    details_are_trade_data,
    action_is_offered,
    grant_is_the_clients_own,
    consent_was_given,
)
"""In this order; the first that fails is answered."""


def check(asked: Asked) -> None:
    """Run every check of `PAR`. Raises the OAuth error of the first that fails."""
    for each in PAR:
        each(asked)


Brought = Mapping[str, str]
"""What the browser brings in the query."""


def was_pushed_first(brought: Brought) -> None:
    """RFC 9126 section 5, require_pushed_authorization_requests: a request that did not come through PAR is refused."""
    if "request_uri" not in brought:
        raise InvalidError("request_uri is missing: push the request first (RFC 9126)")


def names_its_client(brought: Brought) -> None:
    """RFC 9126 section 4, RFC 9101 section 5: client_id is required beside request_uri."""
    if "client_id" not in brought:
        raise InvalidError("client_id is missing")


def brings_no_request_object(brought: Brought) -> None:
    """RFC 9101 section 5: request and request_uri are not used together."""
    if "request" in brought:
        raise InvalidError("request and request_uri must not be used together")


AUTHORIZE: tuple[Callable[[Brought], None], ...] = (
    was_pushed_first,
    names_its_client,
    brings_no_request_object,
)
"""In this order. Nothing redirects from here: it is not known to whom. Other parameters do not count (RFC 9101 6.3)."""


def check_brought(brought: Brought) -> None:
    """Run every check of `AUTHORIZE`. Raises `InvalidError`."""
    for each in AUTHORIZE:
        each(brought)
