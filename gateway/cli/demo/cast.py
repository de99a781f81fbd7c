"""Who plays: three providers, a trader and a bank, each with its keys and its registration in a folder of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.cli.demo.operated import write_json
from gateway.cli.output import write_private
from gateway.client.identity import Identity, new_key, pem, public_jwk
from ledger.record import Sealer

CARRIER, HAULIER, FORWARDER = "oceanline", "deltaroad", "peakforwarding"
OWNER, BANK = "lantern-trading", "harbour-bank"
BR_NUMBER = "51842097"
CARRIER_CODE = {"list": "SCAC", "code": "OCLN"}
HAULIER_CODE = {"list": "SCAC", "code": "DLTR"}
AIRLINE_CODE = {"list": "IATA", "code": "888"}
REDIRECT_URI = "http://localhost:8441/back"
FOLDERS = {CARRIER: "carrier", HAULIER: "haulier", FORWARDER: "forwarder", OWNER: "owner", BANK: "bank"}


@dataclass(frozen=True, slots=True)
class Cast:
    """The participants' registrations, and the identities of those that speak to the gateway themselves.

    `sealer` is the carrier as it seals records itself.
    """

    registrations: tuple[Path, ...]
    carrier: Identity
    haulier: Identity
    forwarder: Identity
    bank: Identity
    bank_key: Path
    sealer: Sealer


def gather(folder: Path) -> Cast:
    """Make keys and registrations in the demo's folder."""
    keys = {each: _key(folder, each) for each in (CARRIER, HAULIER, FORWARDER, BANK)}
    own = {each: Identity.read(each, path) for each, path in keys.items()}
    client = {each: {"keys": [public_jwk(identity.key)]} for each, identity in own.items()}
    sealing = Ed25519PrivateKey.generate()
    write_private(folder / FOLDERS[CARRIER] / "sealing.pem", pem(sealing))
    sealing_jwk = public_jwk(sealing)
    carrier_keys = {"client": client[CARRIER], "sealing": {"keys": [sealing_jwk]}}
    registrations: tuple[dict[str, Any], ...] = (
        _provider(CARRIER, "Oceanline Container Lines", carrier_keys, carrier_code=CARRIER_CODE),
        _provider(HAULIER, "Delta Road Haulage", {"client": client[HAULIER]}, carrier_code=HAULIER_CODE),
        _provider(FORWARDER, "Peak Forwarding", {"client": client[FORWARDER]}),
        {"id": OWNER, "name": "Lantern Trading Limited", "roles": ["owner"], "br_number": BR_NUMBER},
        {
            "id": BANK,
            "name": "Harbour Bank",
            "roles": ["bank"],
            "redirect_uris": [REDIRECT_URI],
            "keys": {"client": client[BANK]},
        },
    )
    return Cast(
        registrations=tuple(_registration(folder, each) for each in registrations),
        carrier=own[CARRIER],
        haulier=own[HAULIER],
        forwarder=own[FORWARDER],
        bank=own[BANK],
        bank_key=keys[BANK],
        sealer=Sealer(CARRIER, sealing_jwk["kid"], sealing),
    )


def _provider(participant: str, name: str, keys: dict[str, Any], **members: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    return {"id": participant, "name": name, "roles": ["provider"], "keys": keys, **members}


def _key(folder: Path, participant: str) -> Path:
    path = folder / FOLDERS[participant] / f"{participant}.pem"
    write_private(path, pem(new_key()))
    return path


def _registration(folder: Path, content: dict[str, Any]) -> Path:
    return write_json(folder / FOLDERS[content["id"]] / f"{content['id']}.json", content)
