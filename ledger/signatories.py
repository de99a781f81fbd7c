"""Who signed a consent record: one person, or two where it says so. Pure.

`parties.people_required` is 2 where two must sign, and is not there otherwise; it is among what is signed, so that
nobody can take the second signature away. The first person (the maker) stands in `parties.people`. The second (the
checker) is known only later and stands in `proof.checker`, beside the passkey and what it signed: the same digest.
"""

from collections.abc import Mapping
from typing import Any

from ledger.blocks.forms import members, whole
from ledger.bodies import check_members, digest
from ledger.codec import unb64u
from ledger.errors import CodecError, VerificationError

REQUIRED, CHECKER = "people_required", "checker"
TWO = 2
ASSERTION = ("credential_id", "authenticator_data", "client_data_json", "signature")

Json = Mapping[str, Any]


def check_proof(value: object) -> None:
    """Raise `CodecError` unless a record's proof is in form: digest, passkey and assertion, perhaps a checker."""
    has_checker = isinstance(value, dict) and CHECKER in value
    proof = members(value, ("digest", "credential", "assertion", *((CHECKER,) if has_checker else ())), "proof")
    digest(proof["digest"])
    _check_signature(proof)
    if has_checker:
        checker = members(proof[CHECKER], ("person", "credential", "assertion"), CHECKER)
        check_members(checker["person"], dict.fromkeys(("id", "authority", "method"), _text), "person")
        _check_signature(checker)


def _check_signature(value: Json) -> None:
    check_members(value["credential"], {"public_key": unb64u, "salt": digest}, "credential")
    check_members(value["assertion"], dict.fromkeys(ASSERTION, unb64u), "assertion")


def check_required(parties: Json) -> None:
    """Raise `CodecError` unless the parties of a record say in form that two people must sign, if they say so."""
    if REQUIRED not in parties:
        return
    if whole(parties[REQUIRED], REQUIRED) != TWO:
        raise CodecError(f"{REQUIRED} is {parties[REQUIRED]}, expected {TWO}, or not to be there")
    people = parties.get("people")
    if not isinstance(people, list) or len(people) != 1 or not isinstance(people[0], dict):
        raise CodecError("people: expected a list of one person, who signed first")
    _text(people[0].get("id"))


def signatures(record: Json) -> tuple[Json, ...]:
    """Return each signature under a record in form, in the order of signing: its `credential` and `assertion`."""
    proof = record["proof"]
    return (proof, proof[CHECKER]) if CHECKER in proof else (proof,)


def check_people(record: Json) -> None:
    """Raise `VerificationError` unless as many people signed a record in form as must, and they are not the same."""
    required, given = record["parties"].get(REQUIRED, 1), signatures(record)
    if len(given) != required:
        raise VerificationError(f"{len(given)} signed, expected {required}: the record says how many must")
    if required == 1:
        return
    first, second = given
    if second["person"]["id"] == record["parties"]["people"][0]["id"]:
        raise VerificationError(f"the same person signed twice: {second['person']['id']}")
    if first["credential"]["public_key"] == second["credential"]["public_key"]:
        raise VerificationError("the same passkey signed twice")


def _text(value: object) -> None:
    if not isinstance(value, str) or not value:
        raise CodecError("expected text")
