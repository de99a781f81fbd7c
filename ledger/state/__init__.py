"""The ledger's state machine: what each entry does to the state. Pure and total.

The state is a map from keys to JSON values; its root (`ledger.smt`) is the block's app hash. Keys: `parameters`,
`governors`, `validators`, `rules`, `org/<org>`, `key/<org>/<kid>`, `credential/<commitment>`, `batch/<org>/<stream>`,
`consent/<consent>`, `title/<document>`, `claim/<fingerprint>`, `entry/<id>`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ledger.entries import Entry
from ledger.errors import Rejected
from ledger.state import batches, claims, consents, credentials, organisations, rules, titles
from ledger.state.codes import Code
from ledger.state.signers import GOVERNANCE, acting_organisation, check_governance
from ledger.state.view import Changes, View

__all__ = ["Changes", "Code", "View", "apply", "effect", "genesis"]

Effect = Callable[[View, int, str, Mapping[str, Any]], Changes]
"""(state, height, acting organisation, body) -> changes. Raises `Rejected`."""

EFFECTS: Mapping[str, Effect] = {
    "org.register": organisations.register,
    "org.rotate_key": organisations.rotate_key,
    "org.suspend": organisations.suspend,
    "validator.set": organisations.set_validator,
    "rules.activate": rules.activate,
    "owner.credential_added": credentials.add,
    "owner.credential_removed": credentials.remove,
    "batch.anchor": batches.anchor,
    "consent.granted": consents.grant,
    "consent.amended": consents.amend,
    "consent.paused": consents.pause,
    "consent.resumed": consents.resume,
    "consent.revoked": consents.revoke,
    "consent.ended": consents.end,
    "title.issued": titles.issue,
    "title.transferred": titles.transfer,
    "title.surrendered": titles.surrender,
    "financing.claimed": claims.claim,
    "financing.released": claims.release,
}


def apply(state: View, height: int, entry: Entry) -> tuple[Code, Changes]:
    """Return what becomes of `entry` in the block at `height`: its code, and the changes to the state.

    An entry that is not accepted changes nothing. Raises `NewerRules`.
    """
    try:
        return Code.OK, check(state, height, entry)
    except Rejected as rejected:
        return Code(rejected.code), {}


def check(state: View, height: int, entry: Entry) -> Changes:
    """Return the changes that `entry` makes at `height`. Raises `Rejected` with code and reason, `NewerRules`."""
    rules.check_known(state, height)
    rules.check_type(state, height, entry.type)
    parameters = state["parameters"]
    if entry.chain != parameters["chain"]:
        raise Rejected(Code.WRONG_CHAIN, f"entry is for chain {entry.chain!r}, expected {parameters['chain']!r}")
    if height > entry.not_after_height:
        raise Rejected(Code.TOO_LATE, f"entry was valid up to height {entry.not_after_height}, this is {height}")
    if f"entry/{entry.id}" in state:
        raise Rejected(Code.REPEATED, f"entry {entry.id} was accepted before")
    if entry.type in GOVERNANCE:
        acting = check_governance(state, height, entry)
    else:
        acting = acting_organisation(state, height, entry)
    return _effect(state, height, acting, entry)


def effect(state: View, height: int, entry: Entry) -> Changes:
    """Return the changes that an entry made which is known to be accepted at `height`: who signed it is not judged.

    Raises `Rejected` if it can never have been accepted.
    """
    return _effect(state, height, entry.signatures[0].org, entry)


def _effect(state: View, height: int, acting: str, entry: Entry) -> Changes:
    changes = EFFECTS[entry.type](state, height, acting, entry.body)
    return {**changes, f"entry/{entry.id}": {"height": height}}


def genesis(document: Mapping[str, Any]) -> Changes:
    """Return the first state from `{chain, governance, organisations: [{org, governs, keys}], validators}`.

    `governance` is how many governing organisations must sign what changes organisations and validators. Raises
    `Rejected` if they could never be so many.
    """
    governing = sorted(each["org"] for each in document["organisations"] if each["governs"])
    if not 1 <= document["governance"] <= len(governing):
        raise Rejected(
            Code.LOCKOUT,
            f"governance asks for {document['governance']} signatures, expected 1 to {len(governing)}",
        )
    changes: Changes = {
        "parameters": {"chain": document["chain"], "governance": document["governance"]},
        "governors": {"orgs": governing},
        "validators": {each["public_key"]: each["power"] for each in document["validators"]},
    }
    for each in document["organisations"]:
        changes |= organisations.organisation(each["org"], keys=each["keys"], height=1)
    return changes
