"""What the gateway acknowledged, noted the moment each answer arrived."""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256


@dataclass
class Acknowledged:
    """Everything that was answered with a 2xx or 303, from several threads; and `faults`, answers that must not be."""

    pushes: dict[bytes, tuple[str, ...]] = field(default_factory=dict)
    """By the message's digest: the ids of its records."""
    newest: dict[str, str] = field(default_factory=dict)
    """By a document's number: the record of its newest version."""
    granted: set[str] = field(default_factory=set)
    """The portal's ids of requests that the owner approved."""
    tokens: dict[str, str] = field(default_factory=dict)
    """By refresh token: the consent that it was given for."""
    revoked: dict[str, datetime] = field(default_factory=dict)
    """By consent: until when the answer had arrived."""
    evidence: list[bytes] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    count: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def push(self, message: bytes, ids: tuple[str, ...], *, number: str) -> None:
        """Note a push; the same message must always be the same records."""
        with self._one_more():
            before = self.pushes.setdefault(sha256(message).digest(), ids)
            if before != ids:
                self.faults.append(f"a message of {number} was stored as {before}, and again as {ids}")
            self.newest.setdefault(number, ids[0])

    def version(self, number: str, record: str) -> None:
        """Note that a document has a new version."""
        self.newest[number] = record

    def grant(self, request: str) -> None:
        with self._one_more():
            self.granted.add(request)

    def token(self, refresh: str, consent: str) -> None:
        with self._one_more():
            self.tokens[refresh] = consent

    def pull(self, data: bytes) -> None:
        with self._one_more():
            self.evidence.append(data)

    def revocation(self, consent: str) -> None:
        with self._one_more():
            self.revoked.setdefault(consent, datetime.now(UTC))

    def fault(self, what: str) -> None:
        self.faults.append(what)

    def more(self, number: int, seconds: float) -> bool:
        """Wait until `number` more were acknowledged; return whether they were within so many seconds."""
        with self._changed:
            wanted = self.count + number
            return self._changed.wait_for(lambda: self.count >= wanted, seconds)

    def figures(self) -> dict[str, int]:
        """Return how much of each was acknowledged."""
        return {
            "pushes": len(self.pushes),
            "consents": len(self.granted),
            "tokens": len(self.tokens),
            "pulls": len(self.evidence),
            "revocations": len(self.revoked),
        }

    def _one_more(self) -> "_OneMore":
        return _OneMore(self)


class _OneMore:
    def __init__(self, notes: Acknowledged) -> None:
        self._notes = notes

    def __enter__(self) -> None:
        self._notes._changed.acquire()

    def __exit__(self, *_: object) -> None:
        self._notes.count += 1
        self._notes._changed.notify_all()
        self._notes._changed.release()
