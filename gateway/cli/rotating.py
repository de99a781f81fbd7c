"""Put a new key of the gateway in an old one's place: the file, and the entry that says so."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlmodel import Session

from gateway import journal, keys
from gateway.anchoring import own
from gateway.anchoring.governance import Present
from gateway.cli.governance import VALID_BLOCKS
from gateway.cli.governed import known_present
from gateway.cli.runtime import registered, transaction
from gateway.clock import utc_now
from gateway.keys import Keyring, SigningKey
from gateway.settings import Settings
from ledger import proposals
from ledger.entries import ID_BYTES

ROTATION = "org.rotate_key"


def rotate_key(settings: Settings, name: str, *, compromised_since: int, output: Path | None) -> Iterator[str]:
    """Make the new key, propose or queue the entry, and yield what was done. Raises `CommandError`."""
    keyring, org = keys.load(settings.keys_path), settings.gateway_id
    with transaction(settings) as session:
        present = known_present(session)
        old = own.in_use(session, keyring, org, name)
        new, made = _new_key(session, settings, keyring, name)
        body = {
            "org": org,
            "remove": old.kid,
            "compromised_since": compromised_since,
            "add": [registered(new, keys.REGISTERED[name])],
        }
        yield f"{'made' if made else 'found'} {_file(settings, name, new)}: {new.kid}, to take the place of {old.kid}"
        known = present.governance
        if output is None and known.needed == 1 and org in known.governors:
            journal.queue_entry(session, type=ROTATION, body=body, subject=org, now=utc_now())
            yield "the worker submits it; gateway and worker use the new key once it is final, without a restart"
            return
        key = own.in_use(session, keyring, org, "organisation")
    path = output or Path(f"rotate-{name}.json")
    proposal = _proposal(present, body, org, key)
    path.write_bytes(proposal.data())
    yield from proposals.says(proposal)
    yield f"written to {path}: hand it to those who must sign, then run: tidegate ledger submit {path}"


def _new_key(session: Session, settings: Settings, keyring: Keyring, name: str) -> tuple[SigningKey, bool]:
    """Return the key that waits for the ledger, and whether it was made just now."""
    waiting = keyring.of(name)[-1]
    known = own.values(session, [own.state_key(settings.gateway_id, waiting)])
    if len(keyring.of(name)) > 1 and not known:
        return waiting, False
    return keys.add(settings.keys_path, name), True


def _proposal(present: Present, body: dict[str, Any], org: str, key: SigningKey) -> proposals.Proposal:
    made = proposals.propose(
        chain=present.chain,
        entry_id=secrets.token_bytes(ID_BYTES),
        type=ROTATION,
        body=body,
        not_after_height=present.height + VALID_BLOCKS,
        governance=present.governance,
    )
    if org not in present.governance.governors:
        return made
    return proposals.sign(made, org=org, kid=key.kid, key=key.private)


def _file(settings: Settings, name: str, key: SigningKey) -> str:
    found = zip(keys.files(settings.keys_path, name), keys.load(settings.keys_path).of(name), strict=True)
    return next(path.name for path, each in found if each.kid == key.kid)
