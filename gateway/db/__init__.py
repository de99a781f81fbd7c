"""PostgreSQL: one session a request, committed before the answer."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Request
from sqlalchemy import DateTime, Engine, Uuid, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session as AnySession
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
    """Return an engine for PostgreSQL at `url` (`postgresql://...`), by psycopg. Its errors tell no parameters."""
    there = make_url(url).set(drivername="postgresql+psycopg")
    return create_engine(there, pool_size=pool, pool_pre_ping=True, hide_parameters=True)


def instant(**options: Any) -> datetime:  # noqa: ANN401 - handed on to Field
    """Return the field of a table that holds an instant (`timestamptz`)."""
    field: datetime = Field(sa_type=DateTime(timezone=True), **options)
    return field


def request_id() -> str | None:
    """Return the field of a table that holds the id of the request that wrote the row (`uuid`), if one did."""
    field: str | None = Field(default=None, sa_type=Uuid(as_uuid=False))
    return field


Action = Callable[[], object]
PENDING = "once_committed"


def once_committed(session: AnySession, action: Action) -> None:
    """Do something when the session's transaction is committed, such as count or log it; never if it is rolled back."""
    session.info.setdefault(PENDING, []).append(action)


@event.listens_for(AnySession, "after_commit")
def _committed(session: AnySession) -> None:
    for action in session.info.pop(PENDING, ()):
        action()


@event.listens_for(AnySession, "after_rollback")
def _rolled_back(session: AnySession) -> None:
    session.info.pop(PENDING, None)


def _session(request: Request) -> Iterator[Session]:
    with Session(request.app.state.engine) as session:
        yield session
        session.commit()


DbSession = Annotated[Session, Depends(_session, scope="function")]
"""One transaction a request. `scope="function"` commits before the answer is sent: a 201 means it is stored."""
