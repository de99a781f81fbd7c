"""Typed references as one text each, to join on: never a bare number. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A typed reference; `issuer` is `LIST:CODE`, empty where the scheme has none."""

    scheme: str
    issuer: str
    value: str

    @property
    def key(self) -> str:
        """One text for each reference, to join on."""
        return f"{self.scheme}|{self.issuer}|{self.value}"

    @classmethod
    def of_key(cls, key: str) -> Self:
        """Return the reference whose `key` this is."""
        return cls(*key.split("|", maxsplit=2))


def reference(identifier: Mapping[str, object]) -> Reference:
    """Return the reference that a typed identifier `{scheme, issuer?, value}` is."""
    issuer = identifier.get("issuer")
    named = f"{issuer['list']}:{issuer['code']}" if isinstance(issuer, Mapping) else ""
    return Reference(str(identifier["scheme"]), named, str(identifier["value"]))
