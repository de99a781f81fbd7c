"""What the OpenAPI document says of the portal: pages for people, and the forms that they send."""

from typing import Any

from gateway.oauth.parameters import FORM

_PAGE = {"text/html": {"schema": {"type": "string"}}}
_SAID = {
    401: "A page: the passkey's answer is not right.",
    403: "A page: the form was not sent from this site's own page.",
    404: "A page: there is no such thing, or it is another's.",
    409: "A page: it was done, decided or used before.",
    422: "A page: what was sent is not what was asked for.",
}
ANSWERS: dict[int | str, dict[str, Any]] = {
    303: {"description": "Go on there: the next page, the sign-in, or back to the bank."},
    **{status: {"description": description, "content": _PAGE} for status, description in _SAID.items()},
}


ASSET: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Kept for good: a changed one has another path.",
        "content": {"text/css": {}, "text/javascript": {}},
    }
}


def form(**fields: str) -> dict[str, Any]:
    """Return the body of a form of these fields, each with what it is."""
    properties = {name: {"type": "string", "description": description} for name, description in fields.items()}
    schema = {"type": "object", "properties": properties, "additionalProperties": {"type": "string"}}
    return {"requestBody": {"required": True, "content": {FORM: {"schema": schema}}}}


PASSKEY = "What the passkey answered, as JSON text."
