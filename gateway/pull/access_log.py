"""An owner's access log: every pull under its consents, to be looked at, and to be kept and verified offline."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from gateway.anchoring import documents, own
from gateway.consent.tables import Consent, ConsentVersion
from gateway.errors import InvalidError
from gateway.keys import Keyring
from gateway.pull.cutting import signers
from gateway.pull.tables import Receipt
from gateway.settings import Settings
from ledger import access_log, receipt
from ledger.access_log import Place, Statement
from ledger.evidence import Anchor

SETTLED = timedelta(minutes=5)
"""A pull that was answered is stored so long after it was asked, at the latest, as the gateway signs."""
MOST = 5_000
"""Pulls in one file."""
BEGINNING = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull as its owner sees it; `may_see` are the products of the version, `height` None until it is anchored."""

    receipt: str
    bank_id: str
    consent_id: str
    version: int
    at: datetime
    may_see: Sequence[str]
    records: int
    omitted: Sequence[dict[str, Any]]
    height: int | None


def pulls(session: Session, owner_id: str, *, most: int) -> list[Pull]:
    """Return the newest pulls of an owner's data, at most so many, newest first."""
    newest = _of_owner(owner_id).order_by(col(Receipt.created_at).desc(), col(Receipt.jti)).limit(most)
    rows = session.exec(newest).all()
    leaves = documents.leaves(session, [each.jti for each in rows], at=documents.newest(session)) if rows else {}
    products = _products(session, {each.consent_id for each in rows})
    return [
        Pull(
            receipt=each.jti,
            bank_id=each.bank_id,
            consent_id=each.consent_id,
            version=each.version,
            at=each.created_at,
            may_see=products[each.consent_id, each.version],
            records=len(said.records),
            omitted=[dict(omission) for omission in said.omitted],
            height=leaves[each.jti][1].height if each.jti in leaves else None,
        )
        for each, (_, said) in ((each, receipt.read(each.jws)) for each in rows)
    ]


def write(
    session: Session,
    settings: Settings,
    keyring: Keyring,
    owner_id: str,
    *,
    begins: datetime = BEGINNING,
    until: datetime | None = None,
    now: datetime,
) -> bytes:
    """Return the access log of an owner for the pulls from `begins` on, and before `until` if given.

    Raises `InvalidError` if there are too many for one file, `NotYetError` if the ledger cannot prove it yet.
    """
    found = session.exec(_between(owner_id, begins, until)).all()
    if len(found) > MOST:
        raise InvalidError(f"there are more than {MOST} pulls: choose a shorter time")
    leaves = documents.leaves(session, [each.jti for each in found], at=documents.newest(session)) if found else {}
    anchored = [(each.jws, Place(leaves[each.jti][0], leaves[each.jti][2])) for each in found if each.jti in leaves]
    pending = [each.jws for each in found if each.jti not in leaves]
    anchors = {entry_id: anchor for entry_id, anchor, _ in leaves.values()}
    key = own.in_use(session, keyring, settings.gateway_id, "receipts")
    keys = {own.state_key(settings.gateway_id, key), *_signers(settings.gateway_id, found, anchors.values())}
    proofs = documents.proofs(session, list(anchors.values()), keys)
    statement = Statement(
        iss=settings.gateway_id,
        sub=owner_id,
        iat=int(now.timestamp()),
        begins=int(begins.timestamp()),
        ends=int(max(begins, min(until or now, now - SETTLED)).timestamp()),
        consents=_consents(session, owner_id),
        receipts=access_log.receipts_digest([*(jws for jws, _ in anchored), *pending]),
    )
    return access_log.assemble(
        statement=access_log.sign(statement, key=key.private, kid=key.kid),
        pulls=anchored,
        pending=pending,
        anchors=anchors,
        blocks=proofs.blocks,
        keys=proofs.keys,
        handovers=proofs.handovers,
    )


def _signers(org: str, receipts: Iterable[Receipt], anchors: Iterable[Anchor]) -> Iterator[str]:
    """Yield the state's keys that signed receipts, and the entries of their batches."""
    yield from (f"key/{org}/{receipt.read(each.jws)[0].kid}" for each in receipts)
    for anchor in anchors:
        yield from signers(anchor.rest)


def _of_owner(owner_id: str) -> Any:  # noqa: ANN401 - sqlmodel's own type of a statement
    return select(Receipt).join(Consent, col(Consent.id) == Receipt.consent_id).where(Consent.owner_id == owner_id)


def _between(owner_id: str, begins: datetime, until: datetime | None) -> Any:  # noqa: ANN401 - as above
    statement = _of_owner(owner_id).where(col(Receipt.created_at) >= begins)
    if until is not None:
        statement = statement.where(col(Receipt.created_at) < until)
    return statement.order_by(col(Receipt.created_at), col(Receipt.jti)).limit(MOST + 1)


def _consents(session: Session, owner_id: str) -> list[str]:
    given = select(Consent.id).where(Consent.owner_id == owner_id, col(Consent.version) >= 1)
    return sorted(session.exec(given))


def _products(session: Session, consents: set[str]) -> dict[tuple[str, int], Sequence[str]]:
    versions = session.exec(select(ConsentVersion).where(col(ConsentVersion.consent_id).in_(consents)))
    return {(each.consent_id, each.version): each.terms["products"] for each in versions}
