"""A gateway behind nginx for the suite to judge: its clients registered, and an owner's invitation."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, RSAKey
from sqlmodel import Session

from gateway.clock import utc_now
from gateway.directory import people
from gateway.directory.participants import Registration, register
from tests.conformance.plans import Client, Plan, configuration, redirect_uris
from tests.support import builders
from tests.support.database import cluster, database
from tests.support.nginx import Ports, free_ports, proxy
from tests.support.served import Served, served
from tests.support.tls import Authority

SIGNING, CERTIFICATE = "signing", "certificate"
REQUEST_URI_SECONDS = 30
"""A module waits until a request_uri has ended."""


@dataclass(frozen=True, slots=True)
class Market:
    """The gateway, the clients by kind, and the path of an invitation for the owner's person."""

    gateway: Served
    ports: Ports
    clients: dict[str, list[Client]]
    authority: Authority
    invitation: str

    def configuration(self, plan: Plan) -> dict[str, Any]:
        """Return the configuration of a plan."""
        end = utc_now() + timedelta(days=60)
        return configuration(
            plan,
            self.clients[plan.clients],
            issuer=self.ports.issuer,
            resource=self.ports.mtls if plan.clients == CERTIFICATE else self.ports.issuer,
            details=builders.details(expires_at=f"{end:%Y-%m-%d}T00:00:00Z"),
            authority=self.authority.file.read_text(),
        )


@contextmanager
def market(folder: Path, suite: str) -> Iterator[Market]:
    """Serve a gateway for the suite at `suite` until the block ends, its files in `folder`."""
    servers, authority, ports = Authority(folder, "Servers"), Authority(folder, "Clients"), free_ports()
    clients = {"key": _by_key("one", "two"), SIGNING: _by_key("three", "four"), CERTIFICATE: _by_certificate(authority)}
    settings: Mapping[str, Any] = {
        "issuer": ports.issuer,
        "mtls_url": ports.mtls,
        "trusted_proxies": (ip_network("127.0.0.1/32"),),
        "port": ports.gateway,
        "request_uri_seconds": REQUEST_URI_SECONDS,
    }
    server = servers.issue("localhost", hosts=("localhost",))
    with (
        cluster() as cluster_url,
        database(cluster_url) as url,
        served(url, folder / "gateway", **settings) as gateway,
        proxy(folder, ports, server, authority),
    ):
        invitation = _registered(gateway, clients, redirect_uris(suite))
        yield Market(gateway, ports, clients, authority, f"{ports.issuer}/portal/enrol/{invitation}")


def _by_key(first: str, second: str) -> list[Client]:
    return [
        Client(f"suite-{first}", RSAKey.generate_key(2048), "PS256"),
        Client(f"suite-{second}", ECKey.generate_key("P-256"), "ES256"),
    ]


def _by_certificate(authority: Authority) -> list[Client]:
    return [
        Client(name, ECKey.generate_key("P-256"), "ES256", authority.issue(name))
        for name in ("suite-five", "suite-six")
    ]


def _registered(gateway: Served, clients: Mapping[str, list[Client]], uris: list[str]) -> str:
    """Register an owner and the clients; return the token of the invitation for the owner's person."""
    now = utc_now()
    with Session(gateway.app.state.engine) as session:
        builders.owner(session, now=now)
        for kind, each in ((kind, each) for kind, found in clients.items() for each in found):
            members: dict[str, Any] = {"id": each.id, "name": each.id, "roles": ["bank"], "redirect_uris": uris}
            if kind == SIGNING:
                members["client"] = {"require_signed_request_object": True}
            if each.certificate:
                members["client"] = {
                    "token_endpoint_auth_method": "tls_client_auth",
                    "tls_client_auth_subject_dn": f"CN={each.id}",
                    "tls_client_certificate_bound_access_tokens": True,
                }
            else:
                members["keys"] = {"client": {"keys": [each.public]}}
            register(session, Registration.model_validate(members), now=now)
        token = people.invite(session, builders.OWNER, name="Export desk", authority="Director", now=now)
        session.commit()
    return token
