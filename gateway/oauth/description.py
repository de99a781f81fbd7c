"""What the OpenAPI documents say of the authorization server: the forms that it reads, and OAuth's errors."""

from typing import Any

from gateway.oauth.assertions import TYPE
from gateway.oauth.parameters import FORM

_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
}
_TEXT = {"type": "string"}
_CLIENT = {
    "client_id": _TEXT,
    "client_assertion_type": {"type": "string", "enum": [TYPE]},
    "client_assertion": {"type": "string", "description": "private_key_jwt; audience: the issuer (RFC 7523)."},
}
_PROOF = {
    "name": "DPoP",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "A proof for this request (RFC 9449).",
}

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, "content": {"application/json": {"schema": _ERROR}}}
    for status, description in (
        (400, "Refused, in OAuth's form (RFC 6749 section 5.2)."),
        (401, "The client did not prove to be who it says (invalid_client)."),
    )
}


def answers(status: int, description: str, **operations: dict[str, str]) -> dict[int | str, dict[str, Any]]:
    """Return the responses of an endpoint that answers JSON; `operations` are those that it leads to."""
    content = {"application/json": {"schema": {"type": "object"}}}
    links = leads_to(status, **operations)[status]
    return {status: {"description": description, "content": content, **links}, **REFUSALS}


def leads_to(status: int, **operations: dict[str, str]) -> dict[int | str, dict[str, Any]]:
    """Return the links of a response: by operation, its parameters as runtime expressions."""
    links = {
        name: {"operationId": name, **({"parameters": parameters} if parameters else {})}
        for name, parameters in operations.items()
    }
    return {status: {"links": links}}


_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "A new string for each request: whatever comes under it again is that request, and gets its answer.",
}


def form(**parameters: str) -> dict[str, Any]:
    """Return the body of an endpoint that takes a form of these parameters, besides those of the client."""
    own = {name: {"type": "string", "description": description} for name, description in parameters.items()}
    schema = {"type": "object", "properties": {**_CLIENT, **own}, "required": list(_CLIENT)}
    return {"parameters": [_PROOF], "requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


PUSHED = form(
    response_type="code",
    redirect_uri="One of the registered.",
    state="Given back with the answer.",
    code_challenge="RFC 7636.",
    code_challenge_method="S256",
    authorization_details="A list of one object of type trade_data (RFC 9396), as JSON text.",
    response_mode="query, jwt or query.jwt (JARM).",
    resource="The resource that tokens are for (RFC 8707); by default the gateway.",
    grant_management_action="create or replace.",
    grant_id="The grant to be replaced.",
    consent="A consent that a second person has approved since: it is answered with a code, and nothing is asked anew.",
    request="A signed request object with all of these (RFC 9101), in their place.",
    dpop_jkt="Thumbprint of the key that the code is bound to (RFC 9449 section 10).",
)
PUSHED["parameters"] += [_KEY]
TOKEN = form(
    grant_type="authorization_code, refresh_token or client_credentials",
    code="Of the redirect.",
    redirect_uri="As it was pushed.",
    code_verifier="RFC 7636.",
    refresh_token="A refresh token.",  # noqa: S106 - a description
    resource="As in the authorization request, or left out.",
    scope="Of client_credentials: ingest:<connector>, links, assignments, records; of a bank, events, proofs, "
    "grant_management_query, grant_management_revoke.",
)
OF_TOKEN = form(token="The token.", token_type_hint="access_token or refresh_token")  # noqa: S106 - descriptions
