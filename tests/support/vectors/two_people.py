"""Evidences of a consent that two people signed, and those that fail because two did not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ledger.codec import b64u, sha256
from tests.support.vectors.agreement import CARRIER, GATEWAY
from tests.support.vectors.keys import Passkey, ed25519
from tests.support.vectors.rows import Row, Told, put
from tests.support.vectors.story import STRANGER, Change, Story

PERSON = "proof/checker/person"


def checked(
    *,
    checker: Passkey | None = None,
    enrolled_by: str | None = GATEWAY,
    signed: Change | None = None,
    after: Change | None = None,
) -> Callable[[], Told]:
    """Return a story whose consent two people sign; `checker`: what the second one's passkey is instead."""

    def told() -> Told:
        story = Story()
        story.checker = checker or Passkey(ed25519("checker"))
        story.register(CARRIER)
        story.enrol()
        if enrolled_by:
            story.enrol(story.checker, by=enrolled_by)
        story.activate(story.agreed(signed=signed, after=after))
        story.anchor([story.seal(0)], shown=(0,))
        return Told(story.told(), story.trust())

    return told


def without(place: str) -> Change:
    """Return a change that takes a member away."""

    def change(value: dict[str, Any]) -> None:
        *steps, last = place.split("/")
        for step in steps:
            value = value[step]
        del value[last]

    return change


def spoilt(**answers: Any) -> Passkey:
    """Return the checker's passkey, which signs something else, or without its user."""
    return replace(Passkey(ed25519("checker")), **answers)


ROWS = (
    Row("valid-two-people", None, "a consent that two people signed", checked()),
    Row("people-required-three", 1, "three people required", checked(signed=put("parties/people_required", 3))),
    Row("people-required-null", 1, "null people required", checked(signed=put("parties/people_required", None))),
    Row("maker-not-named", 1, "nobody named who signed first", checked(signed=put("parties/people", []))),
    Row("checker-with-more", 1, "a name beside the checker", checked(after=put(f"{PERSON}/name", "Export desk"))),
    Row("checker-without-person", 1, "a checker who is nobody", checked(after=without(PERSON))),
    Row("checker-not-enrolled", 7, "a checker whose passkey was never enrolled", checked(enrolled_by=None)),
    Row("checker-missing", 11, "two people required, one signed", checked(after=without("proof/checker"))),
    Row("checker-not-required", 11, "two signed, one required", checked(signed=without("parties/people_required"))),
    Row(
        "checker-waived",
        11,
        "the second person waived after signing",
        checked(after=without("parties/people_required")),
    ),
    Row("checker-is-the-maker", 11, "the same person twice", checked(after=put(f"{PERSON}/id", "person"))),
    Row(
        "checker-with-makers-passkey", 11, "the same passkey twice", checked(checker=Story().passkey, enrolled_by=None)
    ),
    Row("checker-enrolled-by-another", 11, "a checker enrolled by another", checked(enrolled_by=STRANGER)),
    Row("checker-signed-another", 11, "a checker of other terms", checked(checker=spoilt(challenge=sha256(b"other")))),
    Row("checker-not-verified", 11, "a checker not verified by the passkey", checked(checker=spoilt(flags=0x01))),
    Row(
        "checker-signature-forged",
        11,
        "another signature of the checker",
        checked(after=put("proof/checker/assertion/signature", b64u(bytes(64)))),
    ),
)
