"""Subscriptions to a standard's callbacks, made by the operator."""

from pathlib import Path

from connectors import registry
from gateway.cli.faults import CommandError
from gateway.cli.runtime import read_settings, transaction
from gateway.clock import utc_now
from gateway.ingest.subscriptions import subscribe
from gateway.keys import load
from ledger.codec import b64u


def make(connector: str, provider: str, *, data: Path | None) -> tuple[str, str]:
    """Store a subscription; return its secret (base64url) and the URL for its callbacks.

    Raises `CommandError` if the standard has no callbacks, `NotFoundError` if there is no such provider.
    """
    found = registry.get(connector)
    if not any(endpoint.signature_header for endpoint in found.endpoints):
        raise CommandError(f"{found.standard} has no signed callbacks: the provider pushes instead")
    settings = read_settings(data=data)
    keyring = load(settings.keys_path)
    with transaction(settings) as session:
        made = subscribe(session, keyring.records, connector=connector, provider_id=provider, now=utc_now())
    return b64u(made.secret), f"{settings.issuer}/callbacks/{connector}/{made.id}"
