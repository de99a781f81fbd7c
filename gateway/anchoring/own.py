"""Which of the gateway's own keys is in use: the newest that the ledger holds valid."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from gateway.anchoring.tables import KeyState
from gateway.keys import REGISTERED, Keyring, SigningKey
from ledger.backends.base import Backend

Value = Mapping[str, Any]
MOST_TRIES = 5


def state_key(org: str, key: SigningKey) -> str:
    """Return the key's place in the ledger's state."""
    return f"key/{org}/{key.kid}"


def state_keys(org: str, keyring: Keyring) -> list[str]:
    """Return the places of all that the gateway signs with, or will: keys that wait for the ledger too."""
    return [state_key(org, key) for name in REGISTERED for key in keyring.of(name)]


def in_use(session: Session, keyring: Keyring, org: str, name: str) -> SigningKey:
    """Return the key of `name` to sign with, as of the newest header under which keys are proved."""
    keys = keyring.of(name)
    if len(keys) == 1:
        return keys[0]
    return newest_valid(keys, org, values(session, [state_key(org, key) for key in keys])) or keys[0]


def on_ledger(backend: Backend, keyring: Keyring, org: str, name: str) -> SigningKey:
    """Return the same as of this moment, for a worker; the first key if none is valid."""
    keys = keyring.of(name)
    if len(keys) == 1:
        return keys[0]
    return newest_valid(keys, org, states(backend, keyring, org, name)) or keys[0]


def states(backend: Backend, keyring: Keyring, org: str, name: str) -> dict[str, Value]:
    """Return the ledger's newest state of the keys of `name`, by place; what it does not know is missing."""
    wanted = [state_key(org, key) for key in keyring.of(name)]
    for _ in range(MOST_TRIES):
        try:
            found = backend.prove(wanted, backend.height())
        except LookupError:
            continue  # the ledger has moved on between the two
        return {each.key: each.value for each in found if each.value is not None}
    raise LookupError(f"the ledger moved on {MOST_TRIES} times while it was asked for {', '.join(wanted)}")


def newest_valid(keys: Sequence[SigningKey], org: str, found: Mapping[str, Value]) -> SigningKey | None:
    """Return the newest of `keys`, oldest first, that has not ended; `found` has their states by place."""
    valid = [key for key in keys if (value := found.get(state_key(org, key))) and not value["until"]]
    return valid[-1] if valid else None


def values(session: Session, keys: Iterable[str]) -> dict[str, Value]:
    """Return what is proved of some keys of the state, by key; what the state lacks is missing."""
    rows = session.exec(select(KeyState).where(col(KeyState.key).in_(list(keys)))).all()
    return {each.key: value_in(each.part) for each in rows if each.part is not None}


def value_in(part: str | bytes) -> Value:
    """Return the value in a part of `evidence.keys_part`."""
    value: Value = json.loads(part)["value"]
    return value


def died_by(value: Value, height: int) -> bool:
    """Say whether a key of this state was not valid any more at `height`."""
    return any(value[end] and value[end] <= height for end in ("until", "compromised_since"))
