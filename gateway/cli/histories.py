"""Verify a consent's history, and say what it proves."""

import json
from collections.abc import Iterator
from dataclasses import asdict

import typer

from gateway.cli.faults import FAILED
from ledger.errors import VerificationError
from ledger.history import STEPS, HistoryVerdict, verify


def verify_history(data: bytes, *, explain: bool, as_json: bool) -> None:
    """Verify a history and print the verdict; ends the command with its exit code."""
    try:
        verdict = verify(data)
    except VerificationError as error:
        said = {"verdict": "invalid", "step": error.step, "reason": error.message}
        failed = f"NOT VALID at step {error.step} of {len(STEPS)}: {error.message}"
        typer.echo(json.dumps(said, indent=2) if as_json else failed, err=not as_json)
        raise typer.Exit(FAILED) from None
    if as_json:
        typer.echo(json.dumps({"verdict": "valid", **asdict(verdict)}, indent=2, ensure_ascii=False))
        return
    typer.echo("\n".join(_told(verdict, explain=explain)))


def _told(verdict: HistoryVerdict, *, explain: bool) -> Iterator[str]:
    yield verdict.summary
    if explain:
        yield from ("", *(f"  {number:2} {name}" for number, (name, _) in enumerate(STEPS, start=1)), "")
    for each in verdict.changes:
        committed = f", on the ledger as {each.commitment}" if explain else ""
        yield f"  {each.at} {each.event}, version {each.version}{committed}"
    if explain:
        yield from ("Not proved:", *(f"  {caveat}" for caveat in verdict.caveats))
