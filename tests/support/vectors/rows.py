"""What a vector is, and short ways to tell one: a pull in which one thing is otherwise, or its file changed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ledger import jws, sdjwt
from ledger.codec import b64u, canonical, unb64u
from tests.support.evidence import edited
from tests.support.vectors.agreement import BANK, CARRIER
from tests.support.vectors.story import Change, Story


@dataclass(frozen=True, slots=True)
class Told:
    """An evidence with the trust file and the audience to verify it with."""

    data: bytes
    trust: bytes
    audience: str | None = BANK


@dataclass(frozen=True, slots=True)
class Row:
    """A vector: its file's name, the step that must fail (None: it verifies), what it is about, and how it is made."""

    name: str
    step: int | None
    about: str
    told: Callable[[], Told]


def pull(
    story: Story | None = None,
    *,
    passkey: Mapping[str, Any] | None = None,
    agreed: Mapping[str, Any] | None = None,
    activated: Mapping[str, Any] | None = None,
    sealed: Mapping[str, Any] | None = None,
    anchored: Mapping[str, Any] | None = None,
    told: Mapping[str, Any] | None = None,
) -> Told:
    """Tell the usual story: two of a batch's three records are handed out. Each part may be told otherwise."""
    story = story or Story()
    if passkey:
        story.passkey = replace(story.passkey, **passkey)
    story.register(CARRIER)
    story.enrol()
    story.activate(story.agreed(**(agreed or {})), **(activated or {}))
    records = [story.seal(number, **(sealed or {})) for number in range(3)]
    story.anchor(records, shown=(0, 2), **(anchored or {}))
    return Told(story.told(**(told or {})), story.trust())


def changed(*changes: Change) -> Callable[[], Told]:
    """Return the usual evidence with its file changed, in canonical form again."""

    def change(value: dict[str, Any]) -> None:
        for each in changes:
            each(value)

    def told() -> Told:
        usual = pull()
        return replace(usual, data=edited(usual.data, change))

    return told


def bytes_changed(change: Callable[[bytes], bytes]) -> Callable[[], Told]:
    """Return the usual evidence with its bytes changed."""

    def told() -> Told:
        usual = pull()
        data = change(usual.data)
        assert data != usual.data
        return replace(usual, data=data)

    return told


def trusting(change: Callable[[bytes], bytes]) -> Callable[[], Told]:
    """Return the usual evidence with the bytes of its trust file changed."""
    return lambda: replace(pull(), trust=change(pull().trust))


def put(path: str, content: Any) -> Change:
    """Return a change that puts `content`, or what it makes of the old one, at a path such as `blocks/0/header`."""

    def change(value: dict[str, Any]) -> None:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        inner: Any = value
        for step in steps:
            inner = inner[step]
        inner[last] = content(inner[last]) if callable(content) else content

    return change


def flipped(text: str) -> str:
    """Return base64url of the same bytes with one bit changed."""
    data = unb64u(text)
    return b64u(bytes([data[0] ^ 1]) + data[1:])


def resealed(story: Story, number: int, *, header: Change | None = None, payload: Change | None = None) -> Any:
    """Return a record whose header or payload were changed before it was signed."""
    sealed = story.seal(number)
    head, body, _ = (
        json.loads(unb64u(part)) if place < 2 else part for place, part in enumerate(sealed.jwt.split("."))
    )
    for change, value in ((header, head), (payload, body)):
        if change:
            change(value)
    signed = f"{b64u(canonical(head))}.{b64u(canonical(body))}"
    key = story.sealing["tidegate"].private
    return replace(sealed, jwt=f"{signed}.{b64u(jws._signature(signed.encode(), key))}")


def with_record(*, header: Change | None = None, payload: Change | None = None) -> Callable[[], Told]:
    """Return the story of one record whose JWT was changed before it was signed."""

    def told() -> Told:
        story = granted()
        story.anchor([resealed(story, 0, header=header, payload=payload)], shown=(0,))
        return Told(story.told(), story.trust())

    return told


def granted(story: Story | None = None, **agreed: Any) -> Story:
    """Return a story up to the consent."""
    story = story or Story()
    story.register(CARRIER)
    story.enrol()
    story.activate(story.agreed(**agreed))
    return story


def disclosing(change: Callable[[list[str]], list[str]]) -> Change:
    """Return a change of the disclosures of an evidence's first record."""

    def changed_presentation(presentation: str) -> str:
        jwt, disclosures = sdjwt.split(presentation)
        return sdjwt.combine(jwt, change(disclosures))

    return put("records/0/sd_jwt", changed_presentation)
