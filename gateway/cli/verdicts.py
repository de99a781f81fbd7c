"""How the outcome of an offline verification is told: to people, or with `--json` to programs."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any, NoReturn

import typer

from gateway.cli.faults import CANNOT_SAY, FAILED
from ledger.errors import VerificationError
from ledger.trust import fingerprint
from ledger.verify.verdict import NotEnough

Steps = Sequence[tuple[str, object]]


@contextmanager
def told(steps: Steps, *, as_json: bool) -> Iterator[None]:
    """End the command, after saying why, if what is verified meanwhile is not valid or not enough."""
    try:
        yield
    except VerificationError as error:
        failed = f"NOT VALID at step {error.step} of {len(steps)}: {error.message}"
        _end(FAILED, {"verdict": "invalid", "step": error.step, "reason": error.message}, failed, as_json=as_json)
    except NotEnough as error:
        said = {"verdict": "cannot_say", "reason": str(error)}
        _end(CANNOT_SAY, said, f"CANNOT SAY: {error}", as_json=as_json)


def echo_json(verdict: Any, trusted: bytes | None = None, **more: object) -> None:  # noqa: ANN401 - any verdict
    """Print a verdict for programs: what was proved, and the fingerprint of the trust file."""
    against = {} if trusted is None else {"trust_fingerprint": fingerprint(trusted)}
    document = {"verdict": "valid", **asdict(verdict), **more, **against}
    typer.echo(json.dumps(document, default=text, indent=2, ensure_ascii=False))


def numbered(steps: Steps) -> Iterator[str]:
    """Yield the steps that were taken, with a line of space around them."""
    yield from ("", *(f"  {number:2} {name}" for number, (name, _) in enumerate(steps, start=1)), "")


def not_proved(caveats: Iterable[str], trusted: bytes | None = None) -> Iterator[str]:
    """Yield what was not proved, and how to compare the trust file."""
    yield from ("Not proved:", *(f"  {caveat}" for caveat in caveats))
    if trusted is not None:
        yield "Trust file, to be compared out of band with two of its founders:"
        yield f"  {fingerprint(trusted)}"


def text(value: object) -> str:
    """Return an instant as RFC 3339 has it, in UTC; anything else as it says itself."""
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else str(value)


def _end(code: int, document: dict[str, Any], line: str, *, as_json: bool) -> NoReturn:
    typer.echo(json.dumps(document, indent=2) if as_json else line, err=not as_json)
    raise typer.Exit(code)
