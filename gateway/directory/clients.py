"""What a client registers about itself besides its keys, by the names that OAuth gives (RFC 7591, 8705, 9101, 8707)."""

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from cryptography.x509 import Name
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Method = Literal["private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"]
BY_ASSERTION: Method = "private_key_jwt"
BY_CERTIFICATE: Method = "tls_client_auth"
BY_OWN_CERTIFICATE: Method = "self_signed_tls_client_auth"
SUBJECTS = ("tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri")


def _https(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme != "https" or not parts.hostname or parts.fragment or parts.username or parts.password:
        raise ValueError(f"{uri!r}: expected an https URI without fragment or credentials")
    return uri


def _distinguished_name(text: str) -> str:
    """Return a name as the certificate's own is written (RFC 4514)."""
    try:
        return Name.from_rfc4514_string(text).rfc4514_string()
    except ValueError:
        raise ValueError(
            f"{text!r}: expected a distinguished name, such as CN=bank.example,O=Bank (RFC 4514)"
        ) from None


Https = Annotated[str, AfterValidator(_https)]
DistinguishedName = Annotated[str, AfterValidator(_distinguished_name)]


class ClientMetadata(BaseModel):
    """A client's OAuth metadata. Left out, it authenticates by `private_key_jwt` with the keys in its file."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    token_endpoint_auth_method: Method = BY_ASSERTION
    jwks_uri: Https | None = Field(None, description="Where its keys are, instead of in its file.")
    tls_client_auth_subject_dn: DistinguishedName | None = None
    tls_client_auth_san_dns: str | None = None
    tls_client_auth_san_uri: str | None = None
    tls_client_certificate_bound_access_tokens: bool = False
    require_signed_request_object: bool = False
    resource: Https | None = Field(None, description="Of a resource server: the audience of tokens for it.")

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        given = [name for name in SUBJECTS if getattr(self, name) is not None]
        by_subject = self.token_endpoint_auth_method == BY_CERTIFICATE
        if by_subject and len(given) != 1:
            raise ValueError(f"tls_client_auth needs exactly one of {', '.join(SUBJECTS)} (RFC 8705 section 2.1.2)")
        if given and not by_subject:
            raise ValueError(f"{given[0]} goes with tls_client_auth alone")
        return self

    @property
    def needs_keys(self) -> bool:
        """Whether the client's keys, or its certificates, must be registered."""
        return self.token_endpoint_auth_method != BY_CERTIFICATE and self.jwks_uri is None
