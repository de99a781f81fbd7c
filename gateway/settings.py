"""Everything that can be configured: read once from the environment, frozen, passed down.

Each setting is an environment variable with the prefix `TIDEGATE_`; `DATABASE_URL` is also understood.
"""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from fastapi import Depends, Request
from pydantic import AliasChoices, BeforeValidator, Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
Networks = tuple[IPv4Network | IPv6Network, ...]


def _networks(given: object) -> object:
    """Read networks separated by commas, such as `10.0.0.0/8,fd00::/8`."""
    if not isinstance(given, str):
        return given
    return tuple(ip_network(part.strip()) for part in given.split(",") if part.strip())


NetworkList = Annotated[Networks, NoDecode, BeforeValidator(_networks)]


class Settings(BaseSettings):
    """The gateway's settings. Shapes and units stand at each field."""

    model_config = SettingsConfigDict(env_prefix="TIDEGATE_", frozen=True, extra="forbid", populate_by_name=True)

    data_dir: Path = Field(Path("tidegate-data"), description="Folder of the embedded database, keys and ledger.")
    database_url: str | None = Field(
        None,
        validation_alias=AliasChoices("TIDEGATE_DATABASE_URL", "DATABASE_URL"),
        description="PostgreSQL server, `postgresql://...`. Without it PostgreSQL runs embedded in the data folder.",
    )
    keys_dir: Path | None = Field(
        None, description="Folder of the gateway's private keys. Required with a database server; else `data_dir/keys`."
    )
    issuer: str = Field(
        "http://localhost:8440", description="Public base URL and OAuth issuer: https, or http on loopback; no path."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8440, ge=1, le=65535, description="Port to listen on.")
    tls_cert: Path | None = Field(None, description="Certificate chain (PEM), to serve https itself.")
    tls_key: Path | None = Field(None, description="The certificate's private key (PEM).")
    gateway_id: str = Field(
        "tidegate", pattern=r"^[a-z0-9][a-z0-9-]{1,62}$", description="This gateway's organisation id on the ledger."
    )
    gateway_name: str = Field("Tidegate", description="Name shown to data owners.")
    chain: str = Field("tidegate-local", pattern=r"^[a-z0-9-]{1,50}$", description="Chain id of the ledger.")
    ledger_nodes: str | None = Field(
        None,
        pattern=r"^https?://[^\s/]+(\s+https?://[^\s/]+)*$",
        description="RPC addresses of nodes of a replicated ledger, apart by spaces; else it is embedded.",
    )
    max_body_bytes: int = Field(1_048_576, ge=1024, description="Largest request body, in bytes.")
    access_token_seconds: int = Field(300, ge=30, le=900, description="Lifetime of an access token.")
    request_uri_seconds: int = Field(
        540, ge=5, lt=600, description="How long an owner may take to approve a pushed request (FAPI 2.0: under 600)."
    )
    trusted_proxies: NetworkList = Field(
        (), description="Networks of the proxies whose word about a client's certificate counts (RFC 8705)."
    )
    mtls_url: str | None = Field(
        None, description="Base URL at which the proxy asks clients for certificates. Without it: the issuer."
    )
    outbound_allow: NetworkList = Field(
        (), description="Networks that are not public, and may be called nevertheless (a bank's own, tests)."
    )
    anchor_leaves: int = Field(
        500, ge=1, le=10_000, description="A batch is anchored at the latest with so many leaves."
    )
    anchor_seconds: float = Field(0.5, gt=0, le=60, description="A batch is anchored at the latest after so long.")
    late_seconds: float = Field(
        60.0, gt=0, description="What waits longer for the ledger makes the worker late: /readyz and doctor say so."
    )
    ready_seconds: float = Field(2.0, gt=0, le=60, description="/readyz is 503 if the database takes longer to answer.")
    ballast_bytes: int = Field(
        67_108_864, ge=16_777_216, description="Embedded: disk space kept for revocations when all other is used."
    )
    worker_metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Port on which the worker shows its own metrics. Without it, it does not."
    )

    @model_validator(mode="after")
    def _issuer_is_a_base_url(self) -> Self:
        parts = urlsplit(self.issuer)
        if parts.path or parts.query or parts.fragment or not parts.hostname:
            raise ValueError(f"issuer {self.issuer!r}: expected scheme and host alone, such as https://gateway.example")
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError(f"issuer {self.issuer!r}: expected https (http only on loopback)")
        return self

    @model_validator(mode="after")
    def _a_certificate_has_its_key(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("TIDEGATE_TLS_CERT and TIDEGATE_TLS_KEY: expected both or neither")
        if self.tls_cert is not None and not self.issuer.startswith("https:"):
            raise ValueError(f"issuer {self.issuer!r}: expected https, as it is served with a certificate")
        return self

    @model_validator(mode="after")
    def _certificates_come_from_somebody(self) -> Self:
        if self.mtls_url is None:
            return self
        if not self.trusted_proxies:
            raise ValueError(
                "TIDEGATE_MTLS_URL: expected TIDEGATE_TRUSTED_PROXIES too, whose word about certificates counts"
            )
        parts = urlsplit(self.mtls_url)
        if parts.scheme != "https" or not parts.hostname or parts.path or parts.query or parts.fragment:
            raise ValueError(f"mtls_url {self.mtls_url!r}: expected https, scheme and host alone")
        return self

    @model_validator(mode="after")
    def _a_server_has_its_own_keys(self) -> Self:
        if self.database_url and not self.keys_dir:
            raise ValueError("TIDEGATE_KEYS_DIR: expected with a database server; make one with `tidegate keys create`")
        return self

    def base_url(self, host: str | None) -> str:
        """Return the public base URL of a request to `host`: the issuer, or the one that asks for certificates."""
        return self.mtls_url if self.mtls_url and host == urlsplit(self.mtls_url).netloc else self.issuer

    @property
    def rp_id(self) -> str:
        """The WebAuthn relying-party id: the issuer's host name."""
        return str(urlsplit(self.issuer).hostname)

    @property
    def keys_path(self) -> Path:
        """Where the private keys are."""
        return self.keys_dir or self.data_dir / "keys"


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


CurrentSettings = Annotated[Settings, Depends(_settings)]
"""The settings that the application was made with."""
