"""What the OpenAPI document says of ingest beyond what FastAPI knows: bodies read as bytes."""

from typing import Any

from connectors import registry
from gateway.ingest.sealed import MEDIA_TYPE

_SEALED = {
    "type": "object",
    "required": ["original", "records"],
    "additionalProperties": False,
    "properties": {
        "original": {
            "type": "object",
            "required": ["media_type", "body"],
            "additionalProperties": False,
            "properties": {
                "media_type": {"type": "string", "enum": ["application/json", "application/xml"]},
                "body": {"type": "string", "pattern": "^[A-Za-z0-9_-]*$", "description": "The message, base64url."},
            },
        },
        "records": {"type": "array", "items": {"type": "string"}, "description": "SD-JWTs with all disclosures."},
    },
}
PARTY = "Which participant a role of the documents is, such as `consignee:lantern-trading`; each role once."


def body(endpoint: str) -> dict[str, Any]:
    """Return the request body of an endpoint that every connector may have: a message of its standard."""
    accepted = {
        media_type
        for connector in registry.CONNECTORS.values()
        for each in connector.endpoints
        if each.name == endpoint
        for media_type in each.media_types
    }
    content: dict[str, Any] = {each: {"schema": _message(each)} for each in sorted(accepted)}
    if endpoint == "push":
        content[MEDIA_TYPE] = {"schema": _SEALED}
    return {"requestBody": {"required": True, "description": "As its standard defines it.", "content": content}}


def _message(media_type: str) -> dict[str, Any]:
    return {} if media_type == "application/json" else {"type": "string"}
