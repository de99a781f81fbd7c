"""What ingest says and is told over HTTP."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from connectors.base import Fault
from gateway.directory.tables import Link
from gateway.errors import InvalidError
from gateway.ingest.parties import FORM
from gateway.ingest.taken import Taken
from gateway.records.references import Reference
from gateway.records.tables import Record
from ledger.codec import b64u, parse, unb64u
from ledger.errors import CodecError

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f|]+$")]
LONGEST_CURSOR = 200
Party = Annotated[str, Field(pattern=FORM)]
OwnerId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,62}$")]


class WarningView(BaseModel):
    """Something to look at that did not stop the message: where in it, what, and what to do."""

    pointer: str
    message: str
    fix: str

    @classmethod
    def of(cls, fault: Fault) -> Self:
        """Return the view of a fault."""
        return cls(pointer=fault.pointer, message=fault.message, fix=fault.fix)


class TakenView(BaseModel):
    """What became of one document or event; `new` unless it was stored before."""

    id: str
    product: str
    key: str
    state: str
    owner: str | None
    new: bool
    warnings: list[WarningView]

    @classmethod
    def of(cls, taken: Taken) -> Self:
        """Return the view of what was taken in."""
        return cls(
            id=taken.id,
            product=taken.product,
            key=taken.key,
            state=taken.state,
            owner=taken.owner_id,
            new=taken.new,
            warnings=[WarningView.of(each) for each in taken.warnings],
        )


class TakenList(BaseModel):
    """What became of a message, in its order."""

    records: list[TakenView]


class Issuer(BaseModel):
    """Who issues a reference, such as `{"list": "SCAC", "code": "MAEU"}`."""

    model_config = ConfigDict(extra="forbid")
    list: Annotated[str, Field(pattern=r"^[A-Z]{2,12}$")]
    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{2,10}$")]


class ReferenceView(BaseModel):
    """A typed reference."""

    model_config = ConfigDict(extra="forbid")
    scheme: Annotated[str, Field(pattern=r"^[a-z_]{2,40}$")]
    issuer: Issuer | None = None
    value: Text

    def reference(self) -> Reference:
        """Return it as rules know it."""
        return Reference(self.scheme, f"{self.issuer.list}:{self.issuer.code}" if self.issuer else "", self.value)


class AssignmentRequest(BaseModel):
    """What bears the reference belongs to the owner."""

    model_config = ConfigDict(extra="forbid")
    reference: ReferenceView
    owner: OwnerId


class AssignmentView(BaseModel):
    """The assignment as it stands, and the records that got their owner by it just now."""

    reference: ReferenceView
    owner: str
    records: list[str]


class LinkView(BaseModel):
    """A link as its provider sees it: in force once `confirmed_at` is there."""

    owner: str
    requested_at: datetime
    confirmed_at: datetime | None

    @classmethod
    def of(cls, link: Link) -> Self:
        """Return the view of a link."""
        return cls(owner=link.owner_id, requested_at=link.requested_at, confirmed_at=link.confirmed_at)


class LinkList(BaseModel):
    """A provider's links, oldest first."""

    links: list[LinkView]


class RecordView(BaseModel):
    """A record as its provider sees it; without `owner` it is released to nobody. `parties`: participants by role."""

    id: str
    product: str
    key: str
    revision: str | None
    state: str
    owner: str | None
    parties: dict[str, list[str]]
    received_at: datetime

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return the view of a record."""
        return cls(
            id=record.id,
            product=record.product,
            key=record.key,
            revision=record.revision,
            state=record.state,
            owner=record.owner_id,
            parties=record.parties,
            received_at=record.received_at,
        )


class RecordList(BaseModel):
    """A page of records, oldest first; `next` is the cursor of the next page."""

    records: list[RecordView]
    next: str | None


def cursor(records: Sequence[Record], limit: int) -> str | None:
    """Return the cursor after a page of `limit`; None if it was not full."""
    if len(records) < limit:
        return None
    return b64u(json.dumps([records[-1].received_at.isoformat(), records[-1].id]).encode())


def read_cursor(text: str | None) -> tuple[datetime, str] | None:
    """Return what `cursor` wrote. Raises `InvalidError`."""
    if text is None:
        return None
    try:
        given = parse(unb64u(text), max_bytes=LONGEST_CURSOR, max_depth=1)
        match given:
            case [str(instant), str(record_id)]:
                return datetime.fromisoformat(instant).astimezone(UTC), record_id
            case _:
                raise ValueError("no pair")
    except (CodecError, ValueError, OverflowError):
        raise InvalidError("after is no cursor that was given here") from None
