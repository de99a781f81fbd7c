"""The parameters of an OAuth request: a form, each parameter once (RFC 6749 section 3.1)."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

from fastapi import Request

from gateway.oauth.errors import InvalidRequestError

FORM = "application/x-www-form-urlencoded"
MOST_BYTES = 65_536
MOST_PARAMETERS = 50


class Form:
    """A request's form as it came in; `parameters` reads it, so that its faults are answered in OAuth's form."""

    def __init__(self, content_type: str, body: bytes) -> None:
        self._content_type = content_type
        self._body = body

    def parameters(self) -> Mapping[str, str]:
        """Return the parameters. Raises `InvalidRequestError` for any other content, and for one that stands twice."""
        if self._content_type.partition(";")[0].strip().lower() != FORM:
            raise InvalidRequestError(f"Content-Type must be {FORM}")
        if len(self._body) > MOST_BYTES:
            raise InvalidRequestError(f"the form must have at most {MOST_BYTES} bytes")
        return read(self._body)


def read(data: bytes) -> Mapping[str, str]:
    """Return the parameters of a form or query. Raises `InvalidRequestError`."""
    try:
        pairs = parse_qsl(
            data.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(data),
            errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )
    except ValueError:
        raise InvalidRequestError("the parameters cannot be read as a form in UTF-8") from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise InvalidRequestError("a parameter stands twice (RFC 6749 section 3.1)")
    if any("\0" in value for value in parameters.values()):
        raise InvalidRequestError("a parameter holds a NUL character")
    return {name: value for name, value in parameters.items() if value}


async def form(request: Request) -> Form:
    """Read the body of a request, as far as it may be a form."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            break
    return Form(request.headers.get("content-type", ""), bytes(body))
