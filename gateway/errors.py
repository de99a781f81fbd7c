"""What can go wrong in the gateway, and its one shape over HTTP: RFC 9457 problem details.

GatewayError
├── InvalidError          422  the content is not what the schema or standard says
├── UnauthenticatedError  401  nobody proved to be the caller
├── ForbiddenError        403  the caller may not do this
├── NotFoundError         404
├── ConflictError         409  valid, but the present state forbids it
├── TooLargeError         413
├── UnsupportedMediaError 415
├── TooOftenError         429
└── NotYetError           503  will be possible shortly; says when

OAuth endpoints answer in OAuth's own form; that lives in `gateway.oauth`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from gateway.tracing import request_id


class GatewayError(Exception):
    """A request that cannot be answered as asked. `detail` says got and expected; `members` extend the problem."""

    status: ClassVar[HTTPStatus]
    code: ClassVar[str]

    def __init__(self, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:  # noqa: ANN401 - any JSON
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


class InvalidError(GatewayError):
    """The content is not what the schema or the standard says."""

    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"


class UnauthenticatedError(GatewayError):
    """Nobody proved to be the caller."""

    status, code = HTTPStatus.UNAUTHORIZED, "unauthenticated"


class ForbiddenError(GatewayError):
    """The caller may not do this."""

    status, code = HTTPStatus.FORBIDDEN, "forbidden"


class NotFoundError(GatewayError):
    """There is nothing by that name, or the caller may not know of it."""

    status, code = HTTPStatus.NOT_FOUND, "not_found"


class ConflictError(GatewayError):
    """The request is valid but the present state forbids it."""

    status, code = HTTPStatus.CONFLICT, "conflict"


class TooLargeError(GatewayError):
    """The body is larger than is accepted."""

    status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large"


class UnsupportedMediaError(GatewayError):
    """The body has a media type that is not accepted here."""

    status, code = HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type"


class TooOftenError(GatewayError):
    """The limit of uses is reached for now; `Retry-After` says until when."""

    status, code = HTTPStatus.TOO_MANY_REQUESTS, "too_often"


class NotYetError(GatewayError):
    """It will be possible shortly; `Retry-After` says when to ask again."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "not_yet"


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> JSONResponse:
    """Return a problem document (RFC 9457): type, title, status, detail, and any extension members.

    `instance` names the request by its id, as a URN (RFC 9562 section 4).
    """
    traced = request_id()
    body = {
        "type": f"urn:tidegate:error:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **({"instance": f"urn:uuid:{traced}"} if traced else {}),
        **(members or {}),
    }
    return JSONResponse(body, status, headers=dict(headers or {}), media_type="application/problem+json")


PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What was got and what was expected."},
        "instance": {"type": "string", "description": "The request's id, as a URN."},
        "errors": {"type": "array", "items": {"type": "object"}, "description": "Every fault: pointer, message, fix."},
    },
}
"""A problem document, as the OpenAPI documents describe it."""


def documented(*kinds: type[GatewayError]) -> dict[int | str, dict[str, Any]]:
    """Return what the OpenAPI documents say of these errors, by status."""
    content = {"application/problem+json": {"schema": PROBLEM}}
    return {int(each.status): {"description": str(each.__doc__), "content": content} for each in kinds}


def to_problem(error: GatewayError) -> JSONResponse:
    """Return the problem document of `error`."""
    return problem(error.status, error.code, error.detail, headers=error.headers, members=error.members)


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem document; what the client sent is never repeated."""
    app.add_exception_handler(GatewayError, _gateway_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


def _gateway_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, GatewayError)  # noqa: S101 - registered for this class
    return to_problem(error)


def _validation_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    faults = [{"pointer": _pointer(item["loc"]), "message": item["msg"]} for item in error.errors()]
    return problem(
        422, InvalidError.code, f"the request has {len(faults)} fault(s); see errors", members={"errors": faults}
    )


def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    return problem(error.status_code, code, str(error.detail), headers=error.headers)


async def check_path(request: Request) -> None:
    """Raise `NotFoundError` for a path with a NUL character in a name: nothing has it, and PostgreSQL cannot ask."""
    if any("\0" in str(each) for each in request.path_params.values()):
        raise NotFoundError("there is nothing by that name: it holds a NUL character")


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)
