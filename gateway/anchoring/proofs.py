"""What an evidence needs of the ledger, in its canonical form, kept so that a pull only copies it."""

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from gateway.anchoring.tables import BlockPart, KeyState, LedgerEntry
from gateway.keys import Keyring
from ledger import entries, merkle
from ledger.backends.base import Backend, Block, StateProof
from ledger.blocks.contents import entry_leaf, result_leaf
from ledger.codec import b64u, canonical


def entry_proof(block: Block, index: int) -> str:
    """Return the proof of an entry in a final block: with its path, its result's, and their sides."""
    size = len(block.entries)
    return _text(
        {
            "entry": json.loads(block.entries[index]),
            "entry_path": _hashes(merkle.inclusion_path([entry_leaf(each) for each in block.entries], index)),
            "height": block.header.height,
            "result_path": _hashes(merkle.inclusion_path([result_leaf(each) for each in block.codes], index)),
            "sides": merkle.sides(size, index),
        }
    )


def block_part(block: Block) -> str:
    """Return what proves a block: headers H and H+1, the commit for H+1 and the validators that signed it."""
    return _text(
        {
            "commit": block.commit.json(),
            "header": block.header.json(),
            "next": block.next.json(),
            "validators": [each.json() for each in block.validators],
        }
    )


def keep_block(session: Session, block: Block) -> None:
    """Store what proves a block, once."""
    row = {"height": block.header.height, "part": block_part(block)}
    session.execute(insert(BlockPart).values(row).on_conflict_do_nothing())


def own_keys(org: str, keyring: Keyring) -> list[str]:
    """Return the state's keys of what the gateway signs with."""
    return [f"key/{org}/{key.kid}" for key in (keyring.organisation, keyring.sealing, keyring.receipts)]


def keys_in(entry: LedgerEntry) -> list[str]:
    """Return the state's keys that an accepted entry brought into being: of an organisation's keys, of a credential."""
    body = entries.decode(entry.entry).body
    match entry.type:
        case "org.register":
            return [f"key/{body['org']}/{key['kid']}" for key in body["keys"]]
        case "org.rotate_key":
            return [f"key/{body['org']}/{key['kid']}" for key in body["add"]]
        case "owner.credential_added":
            return [f"credential/{body['commitment']}"]
        case _:
            return []


def watch(session: Session, keys: Iterable[str]) -> None:
    """Have the state of these keys proved at every new height from now on."""
    rows = [{"key": key} for key in keys]
    if rows:
        session.execute(insert(KeyState).values(rows).on_conflict_do_nothing())


def proved_height(session: Session) -> int | None:
    """Return the height under whose header every watched key's state is proved; None if some are not proved yet."""
    heights = session.exec(select(KeyState.height).distinct()).all()
    return heights[0] if len(heights) == 1 else None


def prove_keys(session: Session, backend: Backend, height: int) -> None:
    """Prove every watched key under the header at `height`, the ledger's newest.

    What proves that header is stored with the block before it. Raises `LookupError` if the ledger has moved on.
    """
    watched = session.exec(select(KeyState.key).order_by(KeyState.key)).all()
    rows = [{"of": each.key, "height": height, "proof": state_proof(each)} for each in backend.prove(watched, height)]
    keep_block(session, backend.block(height - 1))
    proved = update(KeyState).where(col(KeyState.key) == bindparam("of"))
    session.connection().execute(proved, rows)


def state_proof(found: StateProof) -> str | None:
    """Return the proof of a key of the state with its value; None if the state has no such key."""
    if found.value is None:
        return None
    return _text({"key": found.key, "siblings": _hashes(found.proof.siblings), "value": found.value})


def _hashes(hashes: Iterable[bytes]) -> list[str]:
    return [b64u(each) for each in hashes]


def _text(value: dict[str, Any]) -> str:
    return canonical(value).decode()
