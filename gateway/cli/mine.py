"""`tidegate audit mine`: an owner checks its access log offline, and a bank's copy of a receipt against it."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.faults import CANNOT_SAY, FAILED, USAGE
from gateway.cli.files import read_file
from gateway.cli.lazy import commands, examples
from gateway.cli.verdicts import echo_json, not_proved, numbered, text, told
from ledger.trust import MOST_BYTES as MOST_TRUST_BYTES
from ledger.verify.copies import CopyVerdict, Found, look_up
from ledger.verify.log import STEPS, checked
from ledger.verify.parse import MOST_BYTES
from ledger.verify.pulls import LogCase, LogVerdict, PullVerdict, verdict_of

app = commands()


@app.command(
    epilog=examples(
        "tidegate audit mine pulls.json --trust trust.json",
        "tidegate audit mine pulls.json --trust trust.json --receipt evidence.json",
    )
)
def mine(
    file: Annotated[Path, typer.Argument(help="The access log, as the portal gave it, byte by byte.")],
    trust: Annotated[Path, typer.Option(help="The trust file of the ledger; compare its fingerprint out of band.")],
    *,
    receipt: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="A bank's evidence, or a receipt out of one; may be repeated."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what was proved, step by step, and what not.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Verify an owner's access log offline: who pulled its data, and when.

    Eleven numbered steps; nothing is fetched. With --receipt: whether the pull that a bank has a copy of stands in the
    log. Exit code 0: valid, and each copy stands in it; 1: not valid, with the step that failed, or a pull is missing;
    2: not used as written; 3: valid, but a copy shows nothing (it does not hold, or is of another time or owner).
    """
    data = read_file(file, most=MOST_BYTES, code=USAGE)
    trusted = read_file(trust, most=MOST_TRUST_BYTES, code=USAGE)
    copies = [(path, read_file(path, most=MOST_BYTES, code=USAGE)) for path in receipt or ()]
    with told(STEPS, as_json=as_json):
        case = checked(data, trusted)
    now = datetime.now(UTC)
    found = [(path, look_up(case, copy, trusted, now=now)) for path, copy in copies]
    if as_json:
        echo_json(verdict_of(case), trusted, copies=[{"file": str(path), **asdict(copy)} for path, copy in found])
    else:
        typer.echo("\n".join(_told(case, found, trusted, explain=explain)))
    if code := _code([each.found for _, each in found]):
        raise typer.Exit(code)


def _code(found: list[Found]) -> int:
    if Found.MISSING in found:
        return FAILED
    return CANNOT_SAY if Found.SHOWS_NOTHING in found else 0


def _told(case: LogCase, found: list[tuple[Path, CopyVerdict]], trusted: bytes, *, explain: bool) -> Iterator[str]:
    verdict = verdict_of(case)
    yield verdict.summary
    if explain:
        yield from numbered(STEPS)
    yield from (f"  {_pull(each)}" for each in verdict.pulls)
    yield from (f"{path}: {copy.says}" for path, copy in found)
    if explain:
        yield from _signed(verdict)
        yield from not_proved(verdict.caveats, trusted)


def _pull(each: PullVerdict) -> str:
    where = f"on the ledger at height {each.anchored_height}" if each.anchored_height else "pending"
    lacking = sum(omission["count"] for omission in each.omitted)
    told = f"{each.records} records" + (f", {lacking} left out" if lacking else "")
    return f"{text(each.pulled_at)} {each.bank}: {told}, consent {each.consent} version {each.version}, {where}"


def _signed(verdict: LogVerdict) -> Iterator[str]:
    yield f"{verdict.gateway} signed that these are all pulls from {text(verdict.begins)} to {text(verdict.ends)}."
    yield f"Keys as of height {verdict.keys_height}. Chain {verdict.chain}, ledger {verdict.engine}."
