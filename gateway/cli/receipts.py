"""Verify the receipts of what happened to a consent, and say what they prove."""

import json
from collections.abc import Iterator
from dataclasses import asdict

import typer

from gateway.cli.faults import FAILED
from ledger.errors import VerificationError
from ledger.verify.changes import STEPS, ChangeVerdict, ReceiptsVerdict, verify


def verify_receipts(data: bytes, trusted: bytes, *, explain: bool, as_json: bool) -> None:
    """Verify receipts and print the verdict; ends the command with its exit code."""
    try:
        verdict = verify(data, trusted)
    except VerificationError as error:
        said = {"verdict": "invalid", "step": error.step, "reason": error.message}
        failed = f"NOT VALID at step {error.step} of {len(STEPS)}: {error.message}"
        typer.echo(json.dumps(said, indent=2) if as_json else failed, err=not as_json)
        raise typer.Exit(FAILED) from None
    if as_json:
        typer.echo(json.dumps({"verdict": "valid", **asdict(verdict)}, indent=2, ensure_ascii=False))
        return
    typer.echo("\n".join(_told(verdict, explain=explain)))


def _told(verdict: ReceiptsVerdict, *, explain: bool) -> Iterator[str]:
    yield verdict.summary
    if explain:
        yield from ("", *(f"  {number:2} {name}" for number, (name, _) in enumerate(STEPS, start=1)), "")
    yield from (f"  {_change(each, explain=explain)}" for each in verdict.changes)
    if explain:
        yield from ("Not proved:", *(f"  {caveat}" for caveat in verdict.caveats))


def _change(each: ChangeVerdict, *, explain: bool) -> str:
    line = f"{each.at} {each.event}, version {each.version}"
    if each.record is None:
        return f"{line}, never given and so not on the ledger"
    line += f", on the ledger at height {each.height}" if each.height else ", not on the ledger yet"
    return f"{line}, record {each.record}" if explain else line
