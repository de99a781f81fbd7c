"""What an evidence needs of the ledger, in its canonical form, kept so that a pull only copies it."""

from collections.abc import Iterable

from sqlalchemy import bindparam, delete, exists, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from gateway.anchoring import governance, own
from gateway.anchoring.tables import BlockPart, HandoverPart, KeyState, LedgerEntry
from gateway.keys import Keyring
from ledger import entries, evidence
from ledger.backends.base import Backend, Block, StateProof
from ledger.codec import canonical


def keep_block(session: Session, block: Block) -> None:
    """Store what proves a block, once."""
    part = evidence.block_part(block)
    row = {"height": part.height, "head": part.head.decode(), "validators": part.validators.decode()}
    session.execute(insert(BlockPart).values(row).on_conflict_do_nothing())


def own_keys(org: str, keyring: Keyring) -> list[str]:
    """Return the state's keys of what the gateway signs with, and of who governs."""
    return [*own.state_keys(org, keyring), *governance.WATCHED]


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


def newest_header(session: Session) -> int | None:
    """Return the height of the newest header that is proved, below which entries are released; None before one is."""
    height: int | None = session.exec(select(func.max(KeyState.height))).one()
    return height


def common_height(session: Session) -> int | None:
    """Return the height under whose header every watched key's state is proved; None if some are not proved yet."""
    heights = session.exec(select(KeyState.height).distinct()).all()
    return heights[0] if len(heights) == 1 else None


def prove_keys(session: Session, backend: Backend, height: int) -> int:
    """Prove every watched key under the header at `height`, the ledger's newest; keep the hand-overs up to there.

    Returns how many hand-overs are new.

    What proves that header is stored with the block before it; what proved the last one goes, unless an entry needs
    it. Raises `LookupError` if the ledger has moved on.
    """
    last = newest_header(session)
    watched = session.exec(select(KeyState.key).order_by(KeyState.key)).all()
    rows = [{"of": each.key, "height": height, "part": _part(each)} for each in backend.prove(watched, height)]
    keep_block(session, backend.block(height - 1))
    if last is not None and last < height:
        needed = exists().where(col(LedgerEntry.height) == BlockPart.height)
        session.execute(delete(BlockPart).where(col(BlockPart.height) == last - 1, ~needed))
    session.connection().execute(update(KeyState).where(col(KeyState.key) == bindparam("of")), rows)
    return keep_handovers(session, backend, after=last or 0)


def keep_handovers(session: Session, backend: Backend, *, after: int) -> int:
    """Store every change of the validator set above height `after`, once; return how many there are."""
    found = backend.handovers(after)
    for each in found:
        row = {"height": each.header.height, "part": canonical(each.json()).decode()}
        session.execute(insert(HandoverPart).values(row).on_conflict_do_nothing())
    return len(found)


def handovers_below(session: Session, height: int) -> bytes:
    """Return the hand-overs that lead to the header at `height`, as a document has them."""
    statement = select(HandoverPart.part).where(HandoverPart.height < height).order_by(col(HandoverPart.height))
    return b"[" + b",".join(part.encode() for part in session.exec(statement)) + b"]"


def _part(found: StateProof) -> str | None:
    return None if found.value is None else evidence.keys_part([found])[1:-1].decode()
