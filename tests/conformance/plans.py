"""Which plans are run against Tidegate, and how: the variants, and the configuration that the suite is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc.jwk import ECKey, RSAKey

from tests.support.tls import Issued

SECURITY_PROFILE = "fapi2-security-profile-final-test-plan"
MESSAGE_SIGNING = "fapi2-message-signing-final-test-plan"
BY_KEY = {
    "client_auth_type": "private_key_jwt",
    "sender_constrain": "dpop",
    "fapi_profile": "plain_fapi",
    "openid": "plain_oauth",
    "authorization_request_type": "rar",
}
BY_CERTIFICATE = {**BY_KEY, "client_auth_type": "mtls", "sender_constrain": "mtls"}
SIGNED = {**BY_KEY, "fapi_request_method": "signed_non_repudiation", "fapi_response_mode": "jarm"}


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan of the suite in one variant, with the clients of that kind."""

    alias: str
    title: str
    name: str
    variant: Mapping[str, str]
    clients: str


PLANS = (
    Plan("tidegate-1", "Security Profile, keys and DPoP", SECURITY_PROFILE, BY_KEY, "key"),
    Plan("tidegate-2", "Message Signing, signed requests and JARM", MESSAGE_SIGNING, SIGNED, "signing"),
    Plan("tidegate-3", "Security Profile, certificates", SECURITY_PROFILE, BY_CERTIFICATE, "certificate"),
)


@dataclass(frozen=True, slots=True)
class Client:
    """A client that the suite plays: PS256 and ES256 are both used."""

    id: str
    key: ECKey | RSAKey
    algorithm: str
    certificate: Issued | None = None

    @property
    def public(self) -> dict[str, Any]:
        """The public key, as it is registered."""
        return self._named(private=False)

    def configuration(self) -> dict[str, Any]:
        """Return what the suite is told of the client."""
        jwks = {"keys": [self._named(private=True)]}
        return {"client_id": self.id, "scope": "evidence", "jwks": jwks, "dpop_signing_alg": "ES256"}

    def _named(self, *, private: bool) -> dict[str, Any]:
        return {**self.key.as_dict(private=private), "kid": self.id, "use": "sig", "alg": self.algorithm}


def redirect_uris(suite: str) -> list[str]:
    """Return where the suite takes answers in each plan, for its first and its second client."""
    callbacks = [f"{suite}/test/a/{plan.alias}/callback" for plan in PLANS]
    return [*callbacks, *(f"{each}?dummy1=lorem&dummy2=ipsum" for each in callbacks)]


def configuration(
    plan: Plan, clients: Sequence[Client], *, issuer: str, resource: str, details: Mapping[str, Any], authority: str
) -> dict[str, Any]:
    """Return the configuration of a plan; `authority` issued the clients' certificates, if they have any."""
    certificates = [each.certificate for each in clients if each.certificate]
    shown = {
        name: {"cert": each.chain.read_text(), "key": each.key_file.read_text(), "ca": authority}
        for name, each in zip(("mtls", "mtls2"), certificates, strict=False)
    }
    return {
        "alias": plan.alias,
        "description": plan.title,
        "server": {"discoveryUrl": f"{issuer}/.well-known/oauth-authorization-server"},
        "client": clients[0].configuration(),
        "client2": clients[1].configuration(),
        "resource": {"resourceUrl": f"{resource}/grant", "richAuthorizationRequest": dict(details)},
        **shown,
    }
