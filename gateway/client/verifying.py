"""Verification built into the client: what does not hold against a trust file is never handed on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.client.errors import ClientError
from ledger.errors import VerificationError
from ledger.verify import NotEnough, Verdict, verify


class UntrustedError(ClientError):
    """The evidence does not hold, or is not what was required; says which step failed."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Trusting:
    """What evidence is checked against, as `tidegate verify` does: a trust file's bytes, and what is insisted on."""

    trust: bytes
    require: frozenset[str] = frozenset()
    max_age: timedelta | None = None
    clock: Callable[[], datetime] = _now

    def check(self, evidence: bytes, *, audience: str) -> Verdict:
        """Return what evidence proves that a bank pulled. Raises `UntrustedError`."""
        try:
            return verify(
                evidence,
                self.trust,
                audience=audience,
                require=self.require,
                max_age=self.max_age,
                now=self.clock(),
            )
        except (VerificationError, NotEnough) as error:
            step = getattr(error, "step", None)
            place = "" if step is None else f" at step {step}"
            raise UntrustedError(f"the evidence does not hold{place}: {error}") from error
