"""Change inputs as an attacker would who knows their structure: JSON, XML, forms, JWS, base64url within any of them."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlencode

from ledger.codec import b64u, unb64u
from ledger.errors import CodecError
from tests.fuzz.words import PIECES, UNITS, VALUES

DEEPEST = 4


class Mutator:
    """Makes new inputs of known ones; the same of the same random numbers."""

    def __init__(self, random: Random, seeds: Sequence[bytes], *, largest: int) -> None:
        self._random, self._seeds, self._largest = random, tuple(seeds) or (b"",), largest

    def new(self) -> bytes:
        """Return an input: a seed, changed up to three times."""
        data = self._random.choice(self._seeds)
        for _ in range(self._random.randint(1, 3)):
            data = self.changed(data)
        return data[: self._largest]

    def grown(self, size: int) -> bytes:
        """Return an input of about `size` bytes that repeats one thing, within a seed or alone."""
        data, unit = self._random.choice(self._seeds)[: size // 2], self._random.choice(UNITS)
        place = self._random.randint(0, len(data))
        before = self._random.choice((b"", b"", b'"', b"[]" * 70, b"[]" * 70 + b'"', b"[", b"<a>"))
        repeated = before + unit * ((size - len(data)) // len(unit))
        return self._random.choice((repeated, data[:place] + repeated + data[place:], data[:place] + repeated))

    def changed(self, data: bytes, depth: int = 0) -> bytes:
        """Return an input changed once, by its structure if it has one."""
        if depth < DEEPEST and self._random.random() < 0.75:
            for structured in self._ways(data):
                found = structured(data, depth + 1)
                if found is not None:
                    return found
        return self._bytes(data)

    def _ways(self, data: bytes) -> list[Callable[[bytes, int], bytes | None]]:
        ways = [self._json, self._parts, self._form, self._xml, self._base64]
        first = data.lstrip()[:1]
        return [self._json, *ways] if first in (b"{", b"[") else self._random.sample(ways, len(ways))

    def _bytes(self, data: bytes) -> bytes:
        random = self._random
        place, length = random.randint(0, len(data)), random.randint(0, 8)
        piece = random.choice((random.choice(PIECES), random.randbytes(random.randint(1, 4)), data[place:][:64]))
        other = random.choice(self._seeds)
        return random.choice(
            (
                data[:place] + piece + data[place:],
                data[:place] + data[place + length :],
                data[:place] + piece + data[place + length :],
                data[:place],
                data[:place] + other[random.randint(0, len(other)) :],
                data[:place] + data[place : place + length] * random.randint(2, 200) + data[place:],
            )
        )

    def _json(self, data: bytes, depth: int) -> bytes | None:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict | list):
            return None
        changed = self._node(value, depth)
        ensure = self._random.random() < 0.5
        text = json.dumps(changed, ensure_ascii=ensure, separators=(",", ":"), sort_keys=self._random.random() < 0.5)
        return text.encode("utf-8", "surrogatepass")

    def _node(self, value: Any, depth: int) -> Any:
        """Return a JSON value with one thing changed, somewhere within."""
        if isinstance(value, dict | list) and value and self._random.random() < 0.85:
            return self._within(value, depth)
        if isinstance(value, str) and self._random.random() < 0.4:
            return self.changed(value.encode("utf-8", "surrogatepass"), depth).decode("utf-8", "replace")
        return self._random.choice((*VALUES, [value], {"a": value}, [value, value], *(value,) * 3))

    def _within(self, value: Any, depth: int) -> Any:
        if isinstance(value, list):
            items = list(value)
            place = self._random.randrange(len(items))
            items[place : place + 1] = self._random.choice(
                ([self._node(items[place], depth)],) * 4 + ([], [items[place]] * 2, items[::-1])
            )
            return items
        members = dict(value)
        name = self._random.choice(list(members))
        action = self._random.randrange(8)
        if action == 0:
            del members[name]
        elif action == 1:
            members[str(self._random.choice(VALUES))] = members.pop(name)
        elif action == 2:
            members[name] = self._random.choice(list(members.values()))
        else:
            members[name] = self._node(members[name], depth)
        return members

    def _parts(self, data: bytes, depth: int) -> bytes | None:
        """Change a part between dots, tildes or line ends."""
        marks = [mark for mark in (b"~", b".", b"\n") if mark in data]
        if not marks:
            return None
        mark = self._random.choice(marks)
        parts = data.split(mark)
        place = self._random.randrange(len(parts))
        parts[place : place + 1] = self._random.choice(
            (*([self.changed(parts[place], depth)],) * 5, [], [parts[place]] * 2, [b"", parts[place]])
        )
        return mark.join(parts)

    def _form(self, data: bytes, depth: int) -> bytes | None:
        try:
            pairs = parse_qsl(data.decode("ascii"), keep_blank_values=True, strict_parsing=True)
        except ValueError:
            return None
        if not pairs:
            return None
        place = self._random.randrange(len(pairs))
        name, value = pairs[place]
        changed = self.changed(value.encode("utf-8", "surrogatepass"), depth)
        other = self._random.choice(pairs)[0]
        pairs[place : place + 1] = self._random.choice(
            (
                [(name, changed.decode("latin-1"))],
                [(name, changed.decode("utf-8", "replace"))],
                [(other, value)],
                [pairs[place]] * 2,
                [],
            )
        )
        return urlencode(pairs, errors="surrogatepass").encode()

    def _xml(self, data: bytes, depth: int) -> bytes | None:
        """Change what stands between two tags, or repeat, lose or swap a tag."""
        if not data.lstrip().startswith(b"<"):
            return None
        tags = data.replace(b">", b">\n").split(b"\n")
        place, other = self._random.randrange(len(tags)), self._random.randrange(len(tags))
        change = self._random.randrange(5)
        if change == 0:
            tags[place] = self.changed(tags[place], depth + DEEPEST)
        elif change == 1:
            tags[place], tags[other] = tags[other], tags[place]
        elif change == 2:
            tags[place:place] = tags[min(place, other) : max(place, other)][:50]
        elif change == 3:
            text, mark, tag = tags[place].partition(b"<")
            told = str(self._random.choice(VALUES)).encode("utf-8", "replace") if tag else text
            tags[place] = told + mark + tag
        else:
            del tags[place]
        return b"".join(tags)

    def _base64(self, data: bytes, depth: int) -> bytes | None:
        try:
            inner = unb64u(data.decode("ascii"))
        except (CodecError, UnicodeDecodeError):
            return None
        return b64u(self.changed(inner, depth)).encode() if inner else None


def mutated(data: bytes, most: int, seed: int, *, seeds: Sequence[bytes]) -> bytes:
    """Return `data` changed once, as libFuzzer asks for it."""
    return Mutator(Random(seed), [data, *seeds], largest=most).changed(data)[:most]  # noqa: S311 - not for secrets
