"""What `tidegate audit` looks at: the ledger, by its file or its nodes, with what it is judged by."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway import keys
from gateway.audit.reads import BEGINNING
from gateway.audit.scope import Scope
from gateway.cli.faults import CANNOT_SAY, USAGE, CommandError
from gateway.cli.files import read_file
from gateway.cli.runtime import genesis
from gateway.clock import utc_now
from gateway.keys import Keyring
from gateway.settings import Settings
from ledger import trust
from ledger.audit.chain import Source
from ledger.backends.reader import EmbeddedReader
from ledger.trust import Trust


@contextmanager
def scope_of(settings: Settings, age: timedelta | None, trust_file: Path | None) -> Iterator[Scope]:
    """Yield the scope of an audit of what is younger than `age`, or of everything.

    Raises `CommandError` if there is no ledger; `KeysError`, `LedgerError`.
    """
    keyring, now = keys.load(settings.keys_path), utc_now()
    trusted = _trust(settings, trust_file)
    with _ledger(settings, keyring, trusted) as (source, first):
        yield Scope(
            source=source,
            genesis=first,
            trust=trusted,
            gateway_id=settings.gateway_id,
            master=keyring.records,
            now=now,
            grace=timedelta(seconds=settings.late_seconds),
            since=BEGINNING if age is None else now - age,
        )


@contextmanager
def _ledger(settings: Settings, keyring: Keyring, trusted: Trust | None) -> Iterator[tuple[Source, Mapping[str, Any]]]:
    """Yield the ledger for reading, and the first state that it must have begun with."""
    if settings.ledger_nodes:
        from ledger.backends.cometbft.reader import NodesReader  # noqa: PLC0415 - the embedded shape needs no client

        with NodesReader(settings.ledger_nodes.split(), chain=settings.chain, trust=trusted) as nodes:
            yield nodes, nodes.genesis()
        return
    path = settings.data_dir / "ledger.sqlite"
    if not path.is_file():
        raise CommandError(f"there is no ledger in {settings.data_dir}: nothing to audit", code=CANNOT_SAY)
    validator = keyring.validator.private.public_key().public_bytes_raw()
    with EmbeddedReader(path, chain=settings.chain, validator=validator) as reader:
        yield reader, genesis(settings, keyring)


def _trust(settings: Settings, given: Path | None) -> Trust | None:
    """Return the trust file; a replicated ledger is not audited without one."""
    path = given or settings.data_dir / "trust.json"
    if given is not None or path.is_file():
        return trust.read(read_file(path, most=trust.MOST_BYTES, code=USAGE))
    if settings.ledger_nodes:
        message = "the ledger is replicated: --trust names its trust file, without which nothing says whose votes count"
        raise CommandError(message, code=CANNOT_SAY)
    return None
