"""Verify a consent's history, and say what it proves."""

from collections.abc import Iterator

import typer

from gateway.cli.verdicts import echo_json, not_proved, numbered, told
from ledger.history import AGREEMENTS, STEPS, HistoryVerdict, verify


def verify_history(data: bytes, *, explain: bool, as_json: bool) -> None:
    """Verify a history and print the verdict; ends the command with its exit code."""
    with told(STEPS, as_json=as_json):
        verdict = verify(data)
    if as_json:
        echo_json(verdict)
        return
    typer.echo("\n".join(_told(verdict, explain=explain)))


def _told(verdict: HistoryVerdict, *, explain: bool) -> Iterator[str]:
    yield verdict.summary
    if explain:
        yield from numbered(STEPS)
    for each in verdict.changes:
        committed = f", on the ledger as {each.commitment}" if explain else ""
        signed = ", signed by two people" if each.event in AGREEMENTS and each.people > 1 else ""
        yield f"  {each.at} {each.event}, version {each.version}{signed}{committed}"
    if explain:
        yield from not_proved(verdict.caveats)
