"""`POST /evidence` as the OpenAPI document describes it: a plain route, so FastAPI does not."""

from typing import Any

_IDENTIFIER = {
    "type": "object",
    "required": ["scheme", "value"],
    "additionalProperties": False,
    "properties": {
        "scheme": {"type": "string", "example": "transport_document"},
        "issuer": {
            "type": "object",
            "required": ["list", "code"],
            "additionalProperties": False,
            "properties": {"list": {"type": "string"}, "code": {"type": "string"}},
            "example": {"list": "SCAC", "code": "MAEU"},
        },
        "value": {"type": "string"},
    },
}

_QUESTION = {
    "type": "object",
    "additionalProperties": False,
    "description": "Narrows what is asked; without a member, all that the consent covers.",
    "properties": {
        "products": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 200},
        "identifiers": {"type": "array", "items": _IDENTIFIER, "minItems": 1, "maxItems": 200},
        "since": {"type": "string", "format": "date-time", "description": "Records received after this instant."},
        "cursor": {"type": "string", "description": "What Tidegate-Next-Cursor said: the next page."},
    },
}


def _problem(description: str, *headers: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": description,
        "content": {"application/problem+json": {"schema": {"type": "object"}}},
    }
    if headers:
        answer["headers"] = {name: {"schema": {"type": "string"}} for name in headers}
    return answer


PATH_ITEM: dict[str, Any] = {
    "post": {
        "tags": ["pull"],
        "operationId": "pull_evidence",
        "summary": "Pull evidence under a consent",
        "description": "Records cut to what the owner permits, with proofs, and one signed receipt, stored before the "
        "answer. Authorization: DPoP, with a proof by the key that the token is bound to (RFC 9449).",
        "requestBody": {"required": False, "content": {"application/json": {"schema": _QUESTION}}},
        "responses": {
            "200": {
                "description": "Evidence, as docs/evidence.md describes it: keep it byte by byte.",
                "headers": {
                    "Tidegate-Next-Cursor": {"schema": {"type": "string"}, "description": "There is another page."},
                    "DPoP-Nonce": {"schema": {"type": "string"}},
                },
                "content": {"application/json": {"schema": {"type": "object"}}},
            },
            "401": _problem("No valid token and proof, or the consent has ended.", "WWW-Authenticate", "DPoP-Nonce"),
            "403": _problem("The consent is paused, or does not cover the question.", "WWW-Authenticate"),
            "413": _problem("The question is too large."),
            "415": _problem("The question is not application/json."),
            "422": _problem("The question is not what it should be."),
            "429": _problem("The agreed frequency is used up for now.", "Retry-After"),
            "503": _problem("The consent is not yet final on the ledger: ask again.", "Retry-After"),
        },
    }
}
