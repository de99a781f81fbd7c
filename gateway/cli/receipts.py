"""Verify the receipts of what happened to a consent, and say what they prove."""

from collections.abc import Iterator

import typer

from gateway.cli.verdicts import echo_json, not_proved, numbered, told
from ledger.verify.changes import STEPS, ChangeVerdict, ReceiptsVerdict, verify


def verify_receipts(data: bytes, trusted: bytes, *, explain: bool, as_json: bool) -> None:
    """Verify receipts and print the verdict; ends the command with its exit code."""
    with told(STEPS, as_json=as_json):
        verdict = verify(data, trusted)
    if as_json:
        echo_json(verdict, trusted)
        return
    typer.echo("\n".join(_told(verdict, trusted, explain=explain)))


def _told(verdict: ReceiptsVerdict, trusted: bytes, *, explain: bool) -> Iterator[str]:
    yield verdict.summary
    if explain:
        yield from numbered(STEPS)
    yield from (f"  {_change(each, explain=explain)}" for each in verdict.changes)
    if explain:
        yield from not_proved(verdict.caveats, trusted)


def _change(each: ChangeVerdict, *, explain: bool) -> str:
    line = f"{each.at} {each.event}, version {each.version}"
    if each.record is None:
        return f"{line}, never given and so not on the ledger"
    line += f", on the ledger at height {each.height}" if each.height else ", not on the ledger yet"
    return f"{line}, record {each.record}" if explain else line
