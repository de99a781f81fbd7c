"""What an operator can do who has the database and every key of the gateway: change what is stored."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from gateway import keys
from gateway.cli.runtime import engine_on
from gateway.clock import utc_now
from gateway.db.embedded import postgresql
from gateway.keys import Keyring
from gateway.pull import access_log
from gateway.pull.access_log import SETTLED
from gateway.pull.tables import Receipt
from gateway.records import crypto, store
from gateway.records.holders import holder, holder_keys
from gateway.records.tables import Record
from gateway.settings import Settings
from ledger import jws, record, sdjwt

PRODUCT = "road_consignment_note"


@contextmanager
def doubled_weight(data: Path) -> Iterator[None]:
    """Until the block ends, let a stored record say twice the weight, sealed with the gateway's own key."""
    keyring = keys.load(data / "keys")
    with postgresql(data / "postgresql") as url, engine_on(url) as engine:
        with Session(engine) as session:
            row = session.exec(select(Record).where(Record.product == PRODUCT, Record.state == "current")).one()
            true = (row.jwt, row.wrapped_key, row.disclosures)
            _tamper(session, keyring, row)
            session.commit()
        yield
        with Session(engine) as session:
            row = session.exec(select(Record).where(Record.product == PRODUCT, Record.state == "current")).one()
            row.jwt, row.wrapped_key, row.disclosures = true
            session.commit()


def log_without(data: Path, compact: str, *, owner: str) -> bytes:
    """Return an owner's access log as the gateway would give it once all is settled, but for one receipt."""
    keyring = keys.load(data / "keys")
    later = utc_now() + SETTLED + timedelta(minutes=1)
    with postgresql(data / "postgresql") as url, engine_on(url) as engine, Session(engine) as session:
        session.delete(session.exec(select(Receipt).where(Receipt.jws == compact)).one())
        session.flush()  # and never committed: what is stored stays as it is
        return access_log.write(session, Settings(data_dir=data), keyring, owner, now=later)


def _tamper(session: Session, keyring: Keyring, row: Record) -> None:
    held_by = holder(provider_id=row.provider_id, owner_id=row.owner_id)
    key = holder_keys(session, keyring.records, {held_by}, now=utc_now())[held_by]
    if row.wrapped_key is None or row.disclosures is None:
        raise LookupError(f"record {row.id} is erased")
    shown = store.disclosures(key, row.id, crypto.Envelope(row.wrapped_key, row.disclosures))
    signed = jws.payload(jws.read(row.jwt, typ=record.TYP, max_bytes=record.MOST_BYTES), max_bytes=record.MOST_BYTES)
    claims: dict[str, Any] = sdjwt.reveal(signed, [encoded for _, _, encoded in shown])
    claims["cargo"]["gross_weight"]["value"] *= 2
    forged = record.seal(
        {name: value for name, value in claims.items() if name not in (*record.VISIBLE, record.ORIGINAL)},
        product=row.product,
        version=row.version,
        sealer=record.Sealer(claims["iss"], keyring.sealing.kid, keyring.sealing.private),
        provider=claims["provider"],
        issued_at=datetime.fromtimestamp(claims["iat"], UTC),
        original=claims[record.ORIGINAL],
    )
    plain = json.dumps([(each.pointer, each.parent, each.encoded) for each in forged.disclosures]).encode()
    envelope = crypto.seal(key, plain, context=f"record {row.id}")
    row.jwt, row.wrapped_key, row.disclosures = forged.jwt, envelope.wrapped_key, envelope.ciphertext
    session.add(row)
