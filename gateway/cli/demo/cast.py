"""Who plays: a carrier, a trader and a bank, each with its keys and its registration in a folder of its own."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.cli.demo.stage import write_json
from gateway.cli.output import write_private
from gateway.client.identity import Identity, new_key, pem, public_jwk

CARRIER, OWNER, BANK = "oceanline", "lantern-trading", "harbour-bank"
BR_NUMBER = "51842097"
CARRIER_CODE = {"list": "SCAC", "code": "OCLN"}
REDIRECT_URI = "http://localhost:8441/back"
ROLES = {CARRIER: "carrier", OWNER: "owner", BANK: "bank"}


@dataclass(frozen=True, slots=True)
class Cast:
    """The participants' registrations, and the identities of those that speak to the gateway themselves."""

    registrations: tuple[Path, ...]
    carrier: Identity
    bank: Identity
    bank_key: Path


def gather(folder: Path) -> Cast:
    """Make keys and registrations in the demo's folder."""
    carrier_key, bank_key = _key(folder, CARRIER), _key(folder, BANK)
    carrier, bank = Identity.read(CARRIER, carrier_key), Identity.read(BANK, bank_key)
    registrations = (
        {
            "id": CARRIER,
            "name": "Oceanline Container Lines",
            "roles": ["provider"],
            "carrier_code": CARRIER_CODE,
            "keys": {"client": {"keys": [public_jwk(carrier.key)]}, "sealing": {"keys": [_sealing_key(folder)]}},
        },
        {"id": OWNER, "name": "Lantern Trading Limited", "roles": ["owner"], "br_number": BR_NUMBER},
        {
            "id": BANK,
            "name": "Harbour Bank",
            "roles": ["bank"],
            "redirect_uris": [REDIRECT_URI],
            "keys": {"client": {"keys": [public_jwk(bank.key)]}},
        },
    )
    return Cast(tuple(_registration(folder, each) for each in registrations), carrier, bank, bank_key)


def _key(folder: Path, participant: str) -> Path:
    path = folder / ROLES[participant] / f"{participant}.pem"
    write_private(path, pem(new_key()))
    return path


def _sealing_key(folder: Path) -> dict[str, Any]:
    """Make the key with which the carrier can seal records itself; return what is registered of it."""
    key = Ed25519PrivateKey.generate()
    write_private(folder / ROLES[CARRIER] / "sealing.pem", pem(key))
    return public_jwk(key)


def _registration(folder: Path, content: dict[str, Any]) -> Path:
    return write_json(folder / ROLES[content["id"]] / f"{content['id']}.json", content)
