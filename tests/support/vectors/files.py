"""The files of the vectors: made anew, the same each time."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from ledger.codec import canonical
from ledger.verify import Verdict, verify
from tests.support.vectors import (
    spoilt_agreements,
    spoilt_blocks,
    spoilt_forms,
    spoilt_signers,
    spoilt_validators,
    two_people,
    valid,
)
from tests.support.vectors.rows import Row, Told

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
EXPECTED = "expected.json"
ROWS: tuple[Row, ...] = tuple(
    chain.from_iterable(
        each.ROWS
        for each in (
            valid,
            spoilt_forms,
            spoilt_validators,
            spoilt_blocks,
            spoilt_signers,
            spoilt_agreements,
            two_people,
        )
    )
)


def files() -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file: evidences, trust files, and what is expected of each evidence."""
    trusted: dict[bytes, str] = {}
    vectors = []
    for row in ROWS:
        told = row.told()
        if told.trust not in trusted:
            trusted[told.trust] = f"{row.name}.trust.json" if trusted else "trust.json"
            yield trusted[told.trust], told.trust
        yield f"{row.name}.json", told.data
        vectors.append(_expected(row, told, trusted[told.trust]))
    lines = b",\n".join(canonical(vector) for vector in vectors)
    yield EXPECTED, b'{"now":' + canonical(instant(NOW)) + b',"vectors":[\n' + lines + b"\n]}\n"


def _expected(row: Row, told: Told, trust: str) -> dict[str, Any]:
    vector = {
        "about": row.about,
        "audience": told.audience,
        "file": f"{row.name}.json",
        "step": row.step,
        "trust": trust,
    }
    if row.step is not None:
        return vector
    return {**vector, "proves": proved(verify(told.data, told.trust, audience=told.audience, now=NOW))}


def proved(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON: instants to the second."""
    return {name: plain(value) for name, value in asdict(verdict).items()}


def plain(value: Any) -> Any:
    """Return a value as JSON: instants to the second."""
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    return [plain(each) for each in value] if isinstance(value, (list, tuple)) else value


def instant(value: datetime) -> str:
    """Return an instant in UTC, cut to the second."""
    return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
