"""`tidegate verify`: the offline verifier on files. Imports the ledger package alone, and never touches the network."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.faults import CANNOT_SAY, FAILED, USAGE, CommandError
from gateway.cli.files import read_file
from gateway.cli.histories import verify_history
from gateway.cli.lazy import commands, examples
from gateway.cli.receipts import verify_receipts
from gateway.cli.values import duration
from ledger.errors import VerificationError
from ledger.history import is_history
from ledger.trust import MOST_BYTES as MOST_TRUST_BYTES
from ledger.trust import fingerprint
from ledger.verify import STEPS, NotEnough, Verdict, verify
from ledger.verify.changes import is_consent_receipts
from ledger.verify.parse import MOST_BYTES
from ledger.verify.state import STEPS as STATE_STEPS
from ledger.verify.state import StateVerdict, is_state_proof
from ledger.verify.state import verify as verify_state

app = commands()


class Requirement(StrEnum):
    """What a bank may insist on beyond that the evidence holds."""

    PROVIDER_SEALED = "provider_sealed"
    COMETBFT = "cometbft"


@app.command(
    name="verify",
    epilog=examples(
        "tidegate verify evidence.json --trust trust.json",
        "tidegate verify evidence.json --trust trust.json --audience harbour-bank --max-age 30d",
        "tidegate verify evidence.json --trust trust.json --explain",
        "tidegate verify proof.json --trust trust.json --max-age 1h",
        "tidegate verify history.json --explain",
        "tidegate verify receipts.json --trust trust.json",
    ),
)
def verify_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="The evidence, as it was pulled, byte by byte; a state proof; a consent's history or receipts."
        ),
    ],
    trust: Annotated[
        Path | None, typer.Option(help="The trust file of the ledger; compare its fingerprint out of band.")
    ] = None,
    *,
    audience: Annotated[str | None, typer.Option(metavar="BANK", help="The bank that must have pulled it.")] = None,
    require: Annotated[list[Requirement] | None, typer.Option(help="Insist on this; may be repeated.")] = None,
    max_age: Annotated[
        str | None, typer.Option(metavar="DURATION", help="The oldest that will do, such as 30d or PT12H.")
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say what was proved, step by step, and what not.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Verify evidence offline.

    Twelve numbered steps, from the form of the file to the bank's receipt; nothing is fetched. Exit code 0: valid (a
    revocation since then cannot be seen in a file); 1: not valid, with the step that failed; 2: not used as written;
    3: valid, but too old or not what was required. A state proof, which says how a consent or key stood at a height,
    takes five steps; --audience and provider_sealed do not apply to it. Nor does anything to a consent's history, which
    needs no trust file: it is checked that the owner's passkey signed each version and that none is missing in between.
    The receipts of what happened to a consent take eleven steps, up to the ledger's entries, which must say the same.
    """
    oldest = duration(max_age) if max_age else None
    data = read_file(file, most=MOST_BYTES, code=USAGE)
    if is_history(data):
        verify_history(data, explain=explain, as_json=as_json)
        return
    if trust is None:
        raise CommandError(
            "--trust is missing: the trust file that evidence and state proofs are checked against", code=USAGE
        )
    trusted = read_file(trust, most=MOST_TRUST_BYTES, code=USAGE)
    if is_consent_receipts(data):
        verify_receipts(data, trusted, explain=explain, as_json=as_json)
        return
    asked: dict[str, Any] = {
        "require": frozenset(each.value for each in require or ()),
        "max_age": oldest,
        "now": _now(),
    }
    is_state = is_state_proof(data)
    if is_state and (audience or Requirement.PROVIDER_SEALED in (require or ())):
        raise CommandError(f"{file} is a state proof: --audience and provider_sealed do not apply", code=USAGE)
    steps = STATE_STEPS if is_state else STEPS
    verdict: Verdict | StateVerdict
    try:
        verdict = (
            verify_state(data, trusted, **asked) if is_state else verify(data, trusted, audience=audience, **asked)
        )
    except VerificationError as error:
        failed = f"NOT VALID at step {error.step} of {len(steps)}: {error.message}"
        _end(FAILED, as_json, {"verdict": "invalid", "step": error.step, "reason": error.message}, failed)
    except NotEnough as error:
        _end(CANNOT_SAY, as_json, {"verdict": "cannot_say", "reason": str(error)}, f"CANNOT SAY: {error}")
    else:
        _tell(verdict, trusted, explain=explain, as_json=as_json)


def _tell(verdict: Verdict | StateVerdict, trusted: bytes, *, explain: bool, as_json: bool) -> None:
    if as_json:
        document = {"verdict": "valid", **asdict(verdict), "trust_fingerprint": fingerprint(trusted)}
        typer.echo(json.dumps(document, default=_text, indent=2, ensure_ascii=False))
        return
    typer.echo(verdict.summary)
    if explain:
        steps = STATE_STEPS if isinstance(verdict, StateVerdict) else STEPS
        typer.echo("\n".join(["", *_numbered(steps), ""]))
    for line in _stated(verdict) if isinstance(verdict, StateVerdict) else _told(verdict, explain=explain):
        typer.echo(line)
    if explain:
        typer.echo("\n".join(_not_proved(verdict, trusted)))


def _numbered(steps: Sequence[tuple[str, object]]) -> Iterator[str]:
    yield from (f"  {number:2} {name}" for number, (name, _) in enumerate(steps, start=1))


def _stated(verdict: StateVerdict) -> Iterator[str]:
    yield from (f"  {each.says}" for each in verdict.statements)


def _told(verdict: Verdict, *, explain: bool) -> Iterator[str]:
    """Tell what evidence proved: each record's level, or all of it."""
    if not explain:
        yield from (f"  {each.product} {each.version} of {each.provider}, {each.level}" for each in verdict.records)
        return
    yield f"Consent {verdict.consent}, version {verdict.version}, of {verdict.owner} for {verdict.bank}:"
    yield f"  granted at height {verdict.granted_height}, {_text(verdict.granted_at)} by the validators' clock;"
    yield f"  pulled {_text(verdict.pulled_at)} by the clock of {verdict.gateway}."
    yield f"Keys as of height {verdict.keys_height}, {_text(verdict.keys_at)}."
    yield f"Chain {verdict.chain}, ledger {verdict.engine}."
    yield "Records:"
    for record in verdict.records:
        anchored = f"anchored at height {record.anchored_height}, {_text(record.anchored_at)}"
        yield f"  {record.product} {record.version} of {record.provider}, {record.level}, {anchored}"
    for each in verdict.omitted:
        yield f"  left out: {each.get('count', '')} {each.get('product', '')}, {each.get('reason', '')}"


def _not_proved(verdict: Verdict | StateVerdict, trusted: bytes) -> Iterator[str]:
    yield "Not proved:"
    yield from (f"  {caveat}" for caveat in verdict.caveats)
    yield "Trust file, to be compared out of band with two of its founders:"
    yield f"  {fingerprint(trusted)}"


def _end(code: int, as_json: bool, document: dict[str, Any], line: str) -> None:  # noqa: FBT001 - how to say it
    typer.echo(json.dumps(document, indent=2) if as_json else line, err=not as_json)
    raise typer.Exit(code)


def _now() -> datetime:
    return datetime.now(UTC)


def _text(value: object) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)
