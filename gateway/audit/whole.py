"""The whole audit: the ledger first, then everything in the database that it can say something of.

The ledger may grow and the gateway may serve meanwhile. Its height is read before the database is looked at, and again
after: what stands up to the first is in the database, and what the database says is final is up to the second.
"""

from collections.abc import Iterator
from contextlib import closing, suppress

from sqlalchemy import Engine
from sqlmodel import Session

from gateway.audit import consents, documents, reads
from gateway.audit import ledger as kept
from gateway.audit.rules import consents as consent_rules
from gateway.audit.rules.documents import Keys
from gateway.audit.scope import Progress, Scope
from ledger.audit import stored
from ledger.audit.chain import DAMAGE, Walk, agrees, first_since
from ledger.audit.findings import Finding
from ledger.backends.reader import EmbeddedReader
from ledger.blocks.times import from_datetime

Told = Finding | Progress


def audit(engine: Engine, scope: Scope) -> Iterator[Told]:
    """Yield what is wrong, and how far the audit is. Writes nothing.

    Raises what the database raises, and what reading the ledger raises where it cannot be read at all.
    """
    known = scope.source.height()
    with reads.snapshot(engine) as session:
        reads.begin(session)
        last = scope.source.height()
        first = _first(scope, last)
        walk = Walk(scope.source, scope.genesis, trust=scope.trust, first=first, last=last)
        with closing(walk.replay):
            yield from _ledger(session, scope, walk, first=first, known=known, last=last)
            yield from _database(session, scope, walk.replay.state.get)


def _first(scope: Scope, last: int) -> int:
    """Return from which height on everything is looked at; 1 if a damaged block keeps it from being found."""
    if scope.partial:
        with suppress(*DAMAGE):
            return first_since(scope.source.block, from_datetime(scope.since), last)
    return 1


def _ledger(session: Session, scope: Scope, walk: Walk, *, first: int, known: int, last: int) -> Iterator[Told]:
    if scope.trust is not None:
        yield from agrees(scope.source, scope.trust)
    rows = kept.Kept(session, first=first, known=known, gateway_id=scope.gateway_id)
    for step in walk.steps():
        yield from step.findings
        yield from rows.compare(step)
        if step.block is not None:
            scope.counts["blocks"] += 1
            scope.counts["entries"] += len(step.block.entries)
        yield Progress("ledger", step.height, last - 1)
    yield from rows.rest()
    yield from kept.rejected(session)
    yield from kept.key_proofs(session, scope.source)
    if isinstance(scope.source, EmbeddedReader):
        yield from stored.check(scope.source, walk.replay, first=first, walked=last)


def _database(session: Session, scope: Scope, keys: Keys) -> Iterator[Told]:
    for stage in (
        documents.check_batches(session, scope),
        documents.check_records(session, scope, keys),
        documents.check_receipts(session, scope, keys),
        documents.check_attestations(session, scope),
        _consents(session, scope, keys),
    ):
        for told in stage:
            if isinstance(told, Progress):
                scope.counts[told.stage] = told.done
            yield told


def _consents(session: Session, scope: Scope, keys: Keys) -> Iterator[Told]:
    total = reads.count(session, consents.statement(scope.since))
    for done, case in enumerate(consents.cases(session, scope.since, keys, scope.gateway_id), start=1):
        yield from consent_rules.check(case)
        yield Progress("consents", done, total)
    yield from consents.unknown(session)
    yield from consents.passkeys(session, keys)
