"""Verify what a bank attested of a consent, and say what that proves."""

from collections.abc import Iterator

import typer

from gateway.cli.verdicts import echo_json, not_proved, numbered, told
from ledger.verify.attestations import STEPS, AttestationsVerdict, AttestationVerdict, verify


def verify_attestations(data: bytes, trusted: bytes, *, explain: bool, as_json: bool) -> None:
    """Verify attestations and print the verdict; ends the command with its exit code."""
    with told(STEPS, as_json=as_json):
        verdict = verify(data, trusted)
    if as_json:
        echo_json(verdict, trusted)
        return
    typer.echo("\n".join(_told(verdict, trusted, explain=explain)))


def _told(verdict: AttestationsVerdict, trusted: bytes, *, explain: bool) -> Iterator[str]:
    yield verdict.summary
    if explain:
        yield from numbered(STEPS)
    yield from (f"  {_attested(each, explain=explain)}" for each in verdict.attestations)
    if explain:
        yield from not_proved(verdict.caveats, trusted)


def _attested(each: AttestationVerdict, *, explain: bool) -> str:
    became = (
        f"deleted at {each.deleted_at}" if each.deleted_at else f"retained until {each.retained_until} under {each.law}"
    )
    line = f"{each.received_at} what was pulled up to {each.pulled_until}, version {each.version}: {became}"
    line += f", on the ledger at height {each.height}" if each.height else ", not on the ledger yet"
    return f"{line}, signed with key {each.key}" if explain else line
