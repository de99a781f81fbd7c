"""Receipts, at rest: what each bank was given, stored before the answer is sent."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from gateway.db import instant


class Receipt(SQLModel, table=True):
    """One answer to a bank; `opening` is false for the further pages of a pull, which count as one use."""

    __table_args__ = (Index("ix_receipt_uses", "consent_id", "opening", "created_at"),)

    jti: str = Field(primary_key=True)
    consent_id: str = Field(foreign_key="consent.id")
    version: int
    bank_id: str
    jws: str
    opening: bool
    created_at: datetime = instant()
