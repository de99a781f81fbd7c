"""What can go wrong for a client, each with a sentence that a person can act on.

ClientError
├── UnreachableError  nobody answers there
├── ProtocolError     the answer is not what the standard says; says got and expected
├── OAuthError        refused in OAuth's form (RFC 6749 section 5.2): `error`, `description`
└── ProblemError      refused with a problem document (RFC 9457): `code`, `detail`, `faults`
    └── NotYetError   will be possible shortly: `retry_after` seconds
"""

import re
from http.client import INTERNAL_SERVER_ERROR
from typing import Any

from httpx2 import Response

from ledger.codec import parse
from ledger.errors import CodecError
from schemas.strict_json import Json

CHALLENGE = re.compile(r'\b(error|error_description)="([^"]*)"')
MOST_SHOWN = 20


class ClientError(Exception):
    """Anything that keeps a client from what it asked."""


class UnreachableError(ClientError):
    """Nobody answers there, or not in time."""


class ProtocolError(ClientError):
    """The answer is not what the standard says."""


class OAuthError(ClientError):
    """The authorization server refused (RFC 6749 section 5.2, or an error at the redirect, section 4.1.2.1).

    `consent`: the one that a second person of the owner has yet to approve, if that is why.
    """

    def __init__(self, error: str, description: str = "", *, consent: str | None = None) -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error
        self.description = description
        self.consent = consent


class ProblemError(ClientError):
    """The gateway refused with a problem document. `error` is OAuth's code where a challenge names one."""

    def __init__(self, status: int, document: dict[str, Any], *, error: str = "") -> None:
        self.status = status
        self.document = document
        self.error = error
        self.code = str(document.get("type", "")).rpartition(":")[2]
        self.detail = str(document.get("detail") or document.get("title") or f"status {status}")
        errors = document.get("errors")
        self.faults = [str(each) for each in map(_fault, errors if isinstance(errors, list) else [])]
        super().__init__("\n".join([self._headline(), *self._shown()]))

    def _headline(self) -> str:
        """Return what went wrong; of what the operator must look at, with the request's id, by which its log has it."""
        traced = str(self.document.get("instance", "")) if self.status >= INTERNAL_SERVER_ERROR else ""
        said = f"{self.status} {self.error}: {self.detail}" if self.error else f"{self.status}: {self.detail}"
        return f"{said} (request {traced.removeprefix('urn:uuid:')})" if traced else said

    def _shown(self) -> list[str]:
        more = len(self.faults) - MOST_SHOWN
        shown = [f"  {fault}" for fault in self.faults[:MOST_SHOWN]]
        return [*shown, f"  and {more} more"] if more > 0 else shown


class NotYetError(ProblemError):
    """It will be possible shortly."""

    def __init__(self, status: int, document: dict[str, Any], *, retry_after: float) -> None:
        super().__init__(status, document)
        self.retry_after = retry_after


def error_code(response: Response) -> str:
    """Return OAuth's error code of a response, of its body or its challenge (RFC 6750 section 3.1), or nothing."""
    body = _json(response)
    if isinstance(body.get("error"), str):
        return str(body["error"])
    challenge: dict[str, str] = dict(CHALLENGE.findall(response.headers.get("WWW-Authenticate", "")))
    return challenge.get("error", "")


def raise_for(response: Response) -> None:
    """Raise the error that a response tells of, if it does."""
    if response.is_success:
        return
    body = _json(response)
    if "error" in body and "type" not in body:
        raise OAuthError(str(body["error"]), str(body.get("error_description", "")))
    if "type" not in body:
        raise ProtocolError(
            f"{response.request.method} {response.url} answered {response.status_code} without a reason"
        )
    retry_after = response.headers.get("Retry-After", "")
    if response.status_code == 503 and retry_after.isdecimal():  # noqa: PLR2004 - Service Unavailable
        raise NotYetError(response.status_code, body, retry_after=float(retry_after))
    raise ProblemError(response.status_code, body, error=error_code(response))


def read_json(response: Response) -> Json:
    """Return the JSON of an answer, read strictly; None for anything else."""
    try:
        return parse(response.content, max_bytes=len(response.content))
    except CodecError:
        return None


def _json(response: Response) -> dict[str, Any]:
    body = read_json(response)
    return body if isinstance(body, dict) else {}


def _fault(each: object) -> str:
    if not isinstance(each, dict):
        return str(each)
    place = each.get("pointer") or "(whole message)"
    fix = f" Fix: {each['fix']}" if each.get("fix") else ""
    return f"{place}: {each.get('message', '')}{fix}"
