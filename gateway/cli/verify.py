"""`tidegate verify`: the offline verifier on files. Imports the ledger package alone, and never touches the network."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.faults import CANNOT_SAY, FAILED, USAGE
from gateway.cli.files import read_file
from gateway.cli.lazy import commands, examples
from gateway.cli.values import duration
from ledger.errors import VerificationError
from ledger.trust import MOST_BYTES as MOST_TRUST_BYTES
from ledger.trust import fingerprint
from ledger.verify import STEPS, NotEnough, Verdict, verify
from ledger.verify.parse import MOST_BYTES

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
    ),
)
def verify_file(
    file: Annotated[Path, typer.Argument(help="The evidence, as it was pulled, byte by byte.")],
    trust: Annotated[Path, typer.Option(help="The trust file of the ledger; compare its fingerprint out of band.")],
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
    3: valid, but too old or not what was required.
    """
    oldest = duration(max_age) if max_age else None
    evidence = read_file(file, most=MOST_BYTES, code=USAGE)
    trusted = read_file(trust, most=MOST_TRUST_BYTES, code=USAGE)
    try:
        verdict = verify(
            evidence,
            trusted,
            audience=audience,
            require=frozenset(each.value for each in require or ()),
            max_age=oldest,
            now=_now(),
        )
    except VerificationError as error:
        _end(FAILED, as_json, {"verdict": "invalid", "step": error.step, "reason": error.message}, _failed(error))
    except NotEnough as error:
        _end(CANNOT_SAY, as_json, {"verdict": "cannot_say", "reason": str(error)}, f"CANNOT SAY: {error}")
    else:
        _tell(verdict, trusted, explain=explain, as_json=as_json)


def _failed(error: VerificationError) -> str:
    return f"NOT VALID at step {error.step} of {len(STEPS)}: {error.message}"


def _tell(verdict: Verdict, trusted: bytes, *, explain: bool, as_json: bool) -> None:
    if as_json:
        document = {"verdict": "valid", **asdict(verdict), "trust_fingerprint": fingerprint(trusted)}
        typer.echo(json.dumps(document, default=_text, indent=2, ensure_ascii=False))
        return
    typer.echo(verdict.summary)
    levels = (f"  {each.product} {each.version} of {each.provider}, {each.level}" for each in verdict.records)
    for line in _explained(verdict, trusted) if explain else levels:
        typer.echo(line)


def _explained(verdict: Verdict, trusted: bytes) -> Iterator[str]:
    """Tell what was proved, and what was not."""
    yield ""
    yield from (f"  {number:2} {name}" for number, (name, _) in enumerate(STEPS, start=1))
    yield ""
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
