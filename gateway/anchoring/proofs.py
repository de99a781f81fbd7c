"""What an evidence needs of the ledger, in its canonical form, kept so that a pull only copies it."""

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, exists, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from gateway.anchoring.tables import BlockPart, KeyState, LedgerEntry
from gateway.keys import Keyring
from ledger import entries, evidence
from ledger.backends.base import Backend, Block, StateProof


def keep_block(session: Session, block: Block) -> None:
    """Store what proves a block, once."""
    part = evidence.block_part(block)
    row = {"height": part.height, "head": part.head.decode(), "validators": part.validators.decode()}
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

    What proves that header is stored with the block before it; what proved the last one goes, unless an entry needs
    it. Raises `LookupError` if the ledger has moved on.
    """
    last = session.exec(select(func.max(KeyState.height))).one()
    watched = session.exec(select(KeyState.key).order_by(KeyState.key)).all()
    rows = [{"of": each.key, "height": height, "part": _part(each)} for each in backend.prove(watched, height)]
    keep_block(session, backend.block(height - 1))
    if last is not None and last < height:
        needed = exists().where(col(LedgerEntry.height) == BlockPart.height)
        session.execute(delete(BlockPart).where(col(BlockPart.height) == last - 1, ~needed))
    session.connection().execute(update(KeyState).where(col(KeyState.key) == bindparam("of")), rows)


def _part(found: StateProof) -> str | None:
    return None if found.value is None else evidence.keys_part([found])[1:-1].decode()
