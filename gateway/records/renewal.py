"""Records signed anew: the same content, under another key of the gateway."""

import json
from collections.abc import Collection, Sequence

from sqlmodel import Session, col, select

from gateway.keys import SigningKey
from gateway.records.tables import Record
from ledger import jws, record
from ledger.codec import unb64u

ATTESTED = "gateway_attested"


def seal_anew(session: Session, ids: Sequence[str], dead: Collection[str], key: SigningKey) -> dict[str, bytes]:
    """Sign those of the records that the gateway sealed with one of the `dead` keys anew; return their new leaves.

    Payload, disclosures and salts stay. What a provider sealed it alone could sign anew.
    """
    found = session.exec(select(Record).where(col(Record.id).in_(ids), Record.level == ATTESTED).with_for_update())
    leaves = {}
    for each in found.all():
        header, payload, _ = each.jwt.split(".")
        if json.loads(unb64u(header))["kid"] not in dead:
            continue
        each.jwt = jws.sign(unb64u(payload), typ=record.TYP, kid=key.kid, key=key.private)
        each.leaf = leaves[each.id] = record.leaf(each.jwt)
        session.add(each)
    return leaves
