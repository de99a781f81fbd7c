"""`tidegate verify`: the offline verifier on files. Imports the ledger package alone, and never touches the network."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.attested import verify_attestations
from gateway.cli.faults import USAGE, CommandError
from gateway.cli.files import read_file
from gateway.cli.histories import verify_history
from gateway.cli.lazy import commands, examples
from gateway.cli.receipts import verify_receipts
from gateway.cli.values import duration
from gateway.cli.verdicts import echo_json, not_proved, numbered, text, told
from ledger import access_log, attestation, consent_receipts, history, state_proof
from ledger.trust import MOST_BYTES as MOST_TRUST_BYTES
from ledger.verify import STEPS, Verdict, verify
from ledger.verify.parse import MOST_BYTES, format_of
from ledger.verify.state import STEPS as STATE_STEPS
from ledger.verify.state import StateVerdict
from ledger.verify.state import verify as verify_state

app = commands()
ON_LEDGER = {consent_receipts.FORMAT: verify_receipts, attestation.FORMAT: verify_attestations}
"""What is verified against a trust file alone, and by what."""


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
        "tidegate verify attestations.json --trust trust.json",
    ),
)
def verify_file(
    file: Annotated[
        Path,
        typer.Argument(
            help="The evidence, as it was pulled, byte by byte; a state proof; "
            "a consent's history, receipts or attestations."
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
    The receipts of what happened to a consent take eleven steps, up to the ledger's entries, which must say the same;
    what a bank attested that it deleted takes eleven too, up to the bank's own signatures.
    """
    oldest = duration(max_age) if max_age else None
    data = read_file(file, most=MOST_BYTES, code=USAGE)
    form = format_of(data)
    if form == history.FORMAT:
        verify_history(data, explain=explain, as_json=as_json)
        return
    if form == access_log.FORMAT:
        raise CommandError(f"{file} is an owner's access log: tidegate audit mine verifies it", code=USAGE)
    if trust is None:
        raise CommandError(
            "--trust is missing: the trust file that evidence and state proofs are checked against", code=USAGE
        )
    trusted = read_file(trust, most=MOST_TRUST_BYTES, code=USAGE)
    if form in ON_LEDGER:
        ON_LEDGER[form](data, trusted, explain=explain, as_json=as_json)
        return
    needed = frozenset(each.value for each in require or ())
    if form == state_proof.FORMAT and (audience or Requirement.PROVIDER_SEALED.value in needed):
        raise CommandError(f"{file} is a state proof: --audience and provider_sealed do not apply", code=USAGE)
    asked: dict[str, Any] = {"require": needed, "max_age": oldest, "now": _now()}
    with told(STATE_STEPS if form == state_proof.FORMAT else STEPS, as_json=as_json):
        verdict = _verified(data, trusted, audience, asked, is_state=form == state_proof.FORMAT)
    if as_json:
        echo_json(verdict, trusted)
    else:
        typer.echo("\n".join(_lines(verdict, trusted, explain=explain)))


def _verified(
    data: bytes, trusted: bytes, audience: str | None, asked: dict[str, Any], *, is_state: bool
) -> Verdict | StateVerdict:
    return verify_state(data, trusted, **asked) if is_state else verify(data, trusted, audience=audience, **asked)


def _lines(verdict: Verdict | StateVerdict, trusted: bytes, *, explain: bool) -> Iterator[str]:
    is_state = isinstance(verdict, StateVerdict)
    yield verdict.summary
    if explain:
        yield from numbered(STATE_STEPS if is_state else STEPS)
    yield from _stated(verdict) if isinstance(verdict, StateVerdict) else _told(verdict, explain=explain)
    if explain:
        yield from not_proved(verdict.caveats, trusted)


def _stated(verdict: StateVerdict) -> Iterator[str]:
    yield from (f"  {each.says}" for each in verdict.statements)


def _told(verdict: Verdict, *, explain: bool) -> Iterator[str]:
    """Tell what evidence proved: each record's level, or all of it."""
    if not explain:
        yield from (f"  {each.product} {each.version} of {each.provider}, {each.level}" for each in verdict.records)
        return
    yield f"Consent {verdict.consent}, version {verdict.version}, of {verdict.owner} for {verdict.bank}:"
    yield f"  granted at height {verdict.granted_height}, {text(verdict.granted_at)} by the validators' clock;"
    yield f"  pulled {text(verdict.pulled_at)} by the clock of {verdict.gateway}."
    yield f"Keys as of height {verdict.keys_height}, {text(verdict.keys_at)}."
    yield f"Chain {verdict.chain}, ledger {verdict.engine}."
    yield "Records:"
    for record in verdict.records:
        anchored = f"anchored at height {record.anchored_height}, {text(record.anchored_at)}"
        yield f"  {record.product} {record.version} of {record.provider}, {record.level}, {anchored}"
    for each in verdict.omitted:
        yield f"  left out: {each.get('count', '')} {each.get('product', '')}, {each.get('reason', '')}"


def _now() -> datetime:
    return datetime.now(UTC)
