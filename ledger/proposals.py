"""Governance entries on their way from one signer to the next: proposed, signed by each offline, submitted by anybody.

A proposal is a file `{format, entry, governance}` in canonical JSON: an entry whose `signatures` may still be empty,
and what the proposer's ledger said of who must sign: `{governors, needed}`, or null. Nothing of it is anchored but the
entry. `governance` is for people alone: the ledger decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import entries
from ledger.bodies import at_least, check_members, name, one_of
from ledger.codec import b64u, canonical, parse_canonical
from ledger.errors import CodecError
from ledger.state.signers import GOVERNANCE

FORMAT = "tidegate-proposal/1"
MOST_BYTES = 131_072
MOST_DEPTH = 10
PLACEHOLDER = {"kid": b64u(bytes(32)), "org": "nobody", "sig": b64u(bytes(64))}
"""Stands in for the first signature while an entry without one is read: the form wants at least one."""


@dataclass(frozen=True, slots=True)
class Governance:
    """Who governs, and how many of them must sign, as the proposer's ledger said."""

    governors: tuple[str, ...]
    needed: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry without its signatures, and those that it has: `{kid, org, sig}`, sorted by org and kid."""

    unsigned: Mapping[str, Any]
    signatures: tuple[Mapping[str, str], ...]
    governance: Governance | None

    @property
    def entry(self) -> bytes:
        """The entry as it is submitted. Raises `CodecError` while nobody has signed."""
        if not self.signatures:
            raise CodecError("nobody has signed this proposal yet")
        return canonical({**self.unsigned, "signatures": [dict(each) for each in self.signatures]})

    @property
    def signers(self) -> list[str]:
        """The organisations that have signed, each once."""
        return sorted({each["org"] for each in self.signatures})

    def data(self) -> bytes:
        """Return the file."""
        known = self.governance
        governance = None if known is None else {"governors": list(known.governors), "needed": known.needed}
        entry = {**self.unsigned, "signatures": [dict(each) for each in self.signatures]}
        return canonical({"entry": entry, "format": FORMAT, "governance": governance})


def propose(
    *,
    chain: str,
    entry_id: bytes,
    type: str,  # noqa: A002 - the entry's own member
    body: Mapping[str, Any],
    not_after_height: int,
    governance: Governance | None = None,
) -> Proposal:
    """Return an unsigned proposal. `entry_id`: 16 random bytes. Raises `CodecError` if type or body is not right."""
    one_of(*sorted(GOVERNANCE))(type)
    unsigned = entries.build(chain=chain, entry_id=entry_id, type=type, body=body, not_after_height=not_after_height)
    return read(Proposal(unsigned, (), governance).data())


def read(data: bytes) -> Proposal:
    """Read a proposal's file. Raises `CodecError` unless it is one, of a governance entry with a body of its type."""
    form = {"entry": lambda _: None, "format": one_of(FORMAT), "governance": _governance}
    given = check_members(parse_canonical(data, max_bytes=MOST_BYTES, max_depth=MOST_DEPTH), form, "proposal")
    entry = given["entry"]
    if not isinstance(entry, dict) or not isinstance(entry.get("signatures"), list):
        raise CodecError("proposal: entry: expected an entry with a list of signatures")
    readable = entry if entry["signatures"] else {**entry, "signatures": [PLACEHOLDER]}
    one_of(*sorted(GOVERNANCE))(entries.decode(canonical(readable)).type)
    unsigned = {member: value for member, value in entry.items() if member != "signatures"}
    known = given["governance"]
    governance = Governance(tuple(known["governors"]), known["needed"]) if known else None
    return Proposal(unsigned, tuple(entry["signatures"]), governance)


def sign(proposal: Proposal, *, org: str, kid: str, key: Ed25519PrivateKey) -> Proposal:
    """Return the proposal with a signature of `org` by `key`; it takes the place of one by the same key.

    Whether the ledger knows this key for `org`, and lets `org` govern, shows itself when it is submitted.
    """
    name(org)
    signature = {"kid": kid, "org": org, "sig": b64u(key.sign(entries.signing_bytes(dict(proposal.unsigned))))}
    others = [each for each in proposal.signatures if (each["org"], each["kid"]) != (org, kid)]
    ordered = sorted([*others, signature], key=lambda each: (each["org"], each["kid"]))
    return read(replace(proposal, signatures=tuple(ordered)).data())


def says(proposal: Proposal) -> Iterator[str]:
    """Yield in plain words, line by line, what is signed, and who has signed."""
    unsigned = proposal.unsigned
    yield from _words(unsigned["type"], unsigned["body"])
    yield f"On chain {unsigned['chain']}, up to height {unsigned['not_after_height']}. Entry {unsigned['id']}."
    yield _count(proposal)


def _words(entry_type: str, body: Mapping[str, Any]) -> Iterator[str]:
    match entry_type:
        case "org.register":
            yield f"Register the organisation {body['org']}, which does not govern, with {len(body['keys'])} keys:"
            yield from _keys(body["keys"])
        case "org.rotate_key":
            yield f"End the key {body['remove']} of {body['org']}."
            if since := body["compromised_since"]:
                yield f"It is compromised since height {since}: nothing that it signed from there on holds any more."
            yield f"Add {len(body['add'])} keys:" if body["add"] else "Add no key in its place."
            yield from _keys(body["add"])
        case "org.suspend":
            yield f"Suspend the organisation {body['org']}: it enters nothing into the ledger and governs no more."
        case "validator.set":
            power = f"Give the validator {body['public_key']} the power {body['power']}."
            yield power if body["power"] else f"Remove the validator {body['public_key']}."
        case "rules.activate":
            version, height = body["version"], body["height"]
            begins = f"Let rules of version {version} begin at height {height}: a node whose software lacks them stops."
            yield begins if height else f"Withdraw what is planned: rules of version {version} do not begin."


def _keys(keys: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for key in keys:
        yield f"  {key['usage']}: {key['kid']} ({key['public_key']['crv']})"


def _count(proposal: Proposal) -> str:
    who = ", ".join(proposal.signers) or "nobody"
    known = proposal.governance
    if known is None:
        return f"Signed by {who}. How many must sign stands in the ledger's genesis."
    count = len(set(proposal.signers) & set(known.governors))
    strangers = sorted(set(proposal.signers) - set(known.governors))
    aside = f" {', '.join(strangers)} does not govern." if strangers else ""
    return f"Signed by {who}: {count} of {known.needed} that must, of {', '.join(known.governors)}.{aside}"


def _governance(value: object) -> None:
    if value is None:
        return
    given = check_members(value, {"governors": _names, "needed": at_least(1)}, "who governs")
    if given["needed"] > len(given["governors"]):
        raise CodecError(f"{given['needed']} must sign, {len(given['governors'])} govern")


def _names(value: object) -> None:
    if not isinstance(value, list) or value != sorted(set(map(name, value))):
        raise CodecError("expected organisation ids, sorted, each once")
