"""PostgreSQL: one session a request, committed before the answer."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import DateTime, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlmodel import Field, Session, SQLModel

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = CONVENTION


def connect(url: str, *, pool: int = 40) -> Engine:
    """Return an engine for PostgreSQL at `url` (`postgresql://...`), by psycopg."""
    return create_engine(make_url(url).set(drivername="postgresql+psycopg"), pool_size=pool, pool_pre_ping=True)


def instant(**options: Any) -> datetime:  # noqa: ANN401 - handed on to Field
    """Return the field of a table that holds an instant (`timestamptz`)."""
    field: datetime = Field(sa_type=DateTime(timezone=True), **options)
    return field


def _session(request: Request) -> Iterator[Session]:
    with Session(request.app.state.engine) as session:
        yield session
        session.commit()


DbSession = Annotated[Session, Depends(_session, scope="function")]
"""One transaction a request. `scope="function"` commits before the answer is sent: a 201 means it is stored."""
