"""What comes to an endpoint with a form: the form itself, the certificate that a proxy tells of, the DPoP proof."""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property

from authlib.oauth2.rfc6749 import OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from fastapi import Request

from gateway.keys import Keyring
from gateway.oauth import assertions, dpop, mtls
from gateway.oauth.assertions import Claimed
from gateway.oauth.dpop import Proof
from gateway.oauth.errors import InvalidClientError, InvalidProofError
from gateway.oauth.mtls import Certificate, CertificateError
from gateway.oauth.parameters import Form
from gateway.settings import Settings


class FormRequest(OAuth2Request):
    """A form posted to an endpoint, as Authlib sees it. `uri` is the public one, whatever proxy stands before.

    `certificate` is the client's, if it showed one to that proxy.
    """

    def __init__(self, uri: str, parameters: Mapping[str, str], certificate: Certificate | None = None) -> None:
        super().__init__("POST", uri)
        self.certificate = certificate
        self.parameters = dict(parameters)
        self.payload = BasicOAuth2Payload(self.parameters)

    @property
    def args(self) -> dict[str, str]:
        """Nothing: parameters do not travel in URLs."""
        return {}

    @property
    def form(self) -> dict[str, str]:
        """The parameters."""
        return self.parameters

    @property
    def is_asserted(self) -> bool:
        """Whether the client would authenticate by a signed assertion (RFC 7523 section 2.2)."""
        return self.parameters.get("client_assertion_type") == assertions.TYPE and "client_assertion" in self.parameters

    @cached_property
    def claimed(self) -> Claimed:
        """The client assertion, unverified. Raises `InvalidClientError`."""
        return assertions.claimed(self.parameters["client_assertion"])


def received(request: Request, sent: Form, settings: Settings) -> FormRequest:
    """Return a request as Authlib sees it. Raises `InvalidRequestError`, `InvalidClientError`."""
    try:
        certificate = mtls.shown(request, settings.trusted_proxies)
    except CertificateError as error:
        raise InvalidClientError(str(error), status_code=401) from None
    return FormRequest(url_of(request, settings), sent.parameters(), certificate)


def url_of(request: Request, settings: Settings) -> str:
    """Return the public URL of a request."""
    return f"{settings.base_url(request.headers.get('host'))}{request.url.path}"


def proof_of(request: Request, settings: Settings, keyring: Keyring, now: datetime, *, required: bool) -> Proof | None:
    """Return the DPoP proof of a request, verified; whether it was used before is still to be seen.

    None if there is none and none is required. Raises `InvalidProofError`, `UseNonceError`.
    """
    given = request.headers.getlist("dpop")
    if not given and not required:
        return None
    if len(given) > 1:
        raise InvalidProofError("there are several DPoP headers")
    url, first = url_of(request, settings), given[0] if given else None
    return dpop.verify(first, method="POST", url=url, secret=keyring.nonce, now=now)
