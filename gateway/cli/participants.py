"""`tidegate participants`: who takes part."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from joserfc.jwk import JWKRegistry
from pydantic import ValidationError
from sqlmodel import Session

from gateway import journal
from gateway.anchoring import governance, proofs
from gateway.anchoring.governance import Present
from gateway.cli.faults import CommandError
from gateway.cli.files import read_json
from gateway.cli.governed import known_present
from gateway.cli.lazy import commands, examples
from gateway.cli.runtime import DataOption, read_settings, transaction
from gateway.clock import utc_now
from gateway.directory.participants import Registration, everyone, register
from gateway.settings import Settings
from ledger.bodies import BODIES, check_members
from ledger.errors import CodecError

app = commands("Register who takes part.")
ON_THE_LEDGER = ("crv", "kty", "x", "y")


@app.command(epilog=examples("tidegate participants add oceanline.json harbour-bank.json lantern-trading.json"))
def add(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.json", help="One file a participant.")],
    data: DataOption = None,
) -> None:
    """Register participants: providers, banks and owners, all of them or none.

    A file holds id, name, roles (provider, bank, owner), lei, br_number or uscc, for a provider its carrier_code
    {list, code}, for a bank redirect_uris and initiate_uri, and public keys: {client: JWK set, sealing: JWK set}.
    Sealing keys are registered on the ledger too: at once where this gateway governs it alone, else by a proposal that
    several sign (tidegate ledger propose org.register FILE.json).
    """
    settings = read_settings(data=data)
    registrations = [read_registration(path) for path in files]
    with transaction(settings) as session:
        known = _who_governs(session, settings, registrations)
        to_sign = [
            _add(session, settings, known, path, registration)
            for path, registration in zip(files, registrations, strict=True)
        ]
    for registration in registrations:
        typer.echo(f"registered {registration.id}: {registration.name} ({', '.join(registration.roles)})")
    for told in filter(None, to_sign):
        typer.echo(told)


@app.command(name="list", epilog=examples("tidegate participants list", "tidegate participants list --json"))
def show(
    data: DataOption = None, *, as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False
) -> None:
    """List who is registered."""
    with transaction(read_settings(data=data)) as session:
        found = [{"id": each.id, "name": each.name, "roles": each.roles} for each in everyone(session)]
    if as_json:
        typer.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for each in found:
        typer.echo(f"{each['id']:32} {', '.join(each['roles']):16} {each['name']}")


def read_registration(path: Path) -> Registration:
    """Read a participant's registration. Raises `CommandError` with every fault."""
    try:
        return Registration.model_validate(read_json(path))
    except ValidationError as error:
        faults = [f"  {_place(each['loc'])}: {each['msg'].removeprefix('Value error, ')}" for each in error.errors()]
        raise CommandError("\n".join([f"{path} is no registration:", *faults])) from None


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "(whole file)"


def _who_governs(session: Session, settings: Settings, registrations: list[Registration]) -> Present | None:
    """Return who governs the ledger. An embedded one nobody else does, if it is not known yet.

    Raises `CommandError` if a replicated ledger must know a sealing key and the worker does not know who governs.
    """
    if settings.ledger_nodes and any(each.keys.sealing["keys"] for each in registrations):
        return known_present(session)
    return governance.present(session)


def _add(
    session: Session, settings: Settings, known: Present | None, path: Path, registration: Registration
) -> str | None:
    """Register a participant; return what is left to do so that the ledger knows its sealing keys, if anything is."""
    if registration.id == settings.gateway_id:
        raise CommandError(f"{path}: {registration.id!r} is this gateway's own id on the ledger: choose another")
    now = utc_now()
    try:
        body = on_the_ledger(registration)
    except CommandError as error:
        raise CommandError(f"{path}: {error}") from None
    register(session, registration, now=now)
    if not body["keys"]:
        return None
    proofs.watch(session, [f"key/{registration.id}/{key['kid']}" for key in body["keys"]])
    if known is None or known.governance.needed == 1:
        journal.queue_entry(session, type="org.register", body=body, subject=registration.id, now=now)
        return None
    return (
        f"{registration.id}: unless the ledger knows its sealing keys already, {known.governance.needed} of "
        f"{len(known.governance.governors)} must sign: tidegate ledger propose org.register {path} -o proposal.json"
    )


def on_the_ledger(registration: Registration) -> dict[str, Any]:
    """Return the body of the ledger entry that registers a participant's sealing keys. Raises `CommandError`."""
    body = {"org": registration.id, "keys": [_ledger_key(key) for key in registration.keys.sealing["keys"]]}
    try:
        check_members(body, BODIES["org.register"], "sealing keys")
    except CodecError as error:
        raise CommandError(str(error)) from error
    return body


def _ledger_key(key: dict[str, Any]) -> dict[str, Any]:
    """Return a sealing key as the ledger has it: known by its RFC 7638 thumbprint."""
    thumbprint = JWKRegistry.import_key(key).thumbprint()
    if key["kid"] != thumbprint:
        raise CommandError(f"sealing key {key['kid']!r}: expected its thumbprint {thumbprint} as kid (RFC 7638)")
    public = {name: key[name] for name in ON_THE_LEDGER if name in key}
    return {"kid": thumbprint, "usage": "sealing", "public_key": public}
