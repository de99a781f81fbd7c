"""What can be asked of a node about the state: outcomes, proofs, validators; and by the engine, about peers.

Answers are canonical JSON. A question that has none gets a code other than 0 and the reason.
"""

import logging
from dataclasses import asdict
from typing import Any

from ledger.backends.base import StateProof
from ledger.backends.cometbft import messages
from ledger.backends.cometbft.peers import Peers
from ledger.backends.cometbft.store import Store
from ledger.codec import canonical, parse
from ledger.errors import CodecError
from ledger.evidence import keys_part
from ledger.state import rules

MOST_BYTES, MOST_KEYS = 1_048_576, 1000
OUTCOME, PROOFS, VALIDATORS, MISBEHAVIOUR = "/outcome/", "/proofs", "/validators", "/misbehaviour"
RULES = "/rules"
ASKED = (OUTCOME, PROOFS, VALIDATORS, MISBEHAVIOUR, RULES)
PEER_ADDRESS, PEER_ID = "/p2p/filter/addr/", "/p2p/filter/id/"
NONE, NOT_ASKED_SO, NOT_ADMITTED = 1, 2, 3
_log = logging.getLogger(__name__)


def answer(request: Any, store: Store, peers: Peers) -> Any:  # noqa: ANN401 - messages
    """Answer a `RequestQuery`.

    `/outcome/<entry id>`: `{height, code}` of the block it stands in, or null; `/proofs` with a list of keys as data:
    their values and proofs under the app hash of the header at the request's height; `/validators`: every set with the
    height of the entry that made it; `/misbehaviour`: `{validator, kind, height, committed}` of each that is proved;
    `/rules`: `{active, known, next}`, the version of the next block, the newest that this node knows, and
    `{version, height}` of the one that is planned, or null.
    """
    path = request.path
    if path.startswith(PEER_ADDRESS):
        return messages.new("ResponseQuery")
    if path.startswith(PEER_ID):
        node_id = path.removeprefix(PEER_ID)
        if peers.admit(node_id):
            return messages.new("ResponseQuery")
        refusal = f"node {node_id} is not among this node's peers: `tidegate ledger admit` names one"
        _log.warning("refused: %s", refusal)
        return messages.new("ResponseQuery", code=NOT_ADMITTED, log=refusal)
    try:
        value = _value(request, store)
    except (CodecError, LookupError) as error:
        code = NONE if isinstance(error, LookupError) else NOT_ASKED_SO
        return messages.new("ResponseQuery", code=code, log=str(error.args[0]), height=store.height)
    return messages.new("ResponseQuery", value=value, height=store.height)


def _value(request: Any, store: Store) -> bytes:  # noqa: ANN401 - a message
    if request.path.startswith(OUTCOME):
        return canonical(_outcome(request.path.removeprefix(OUTCOME), store))
    if request.path == VALIDATORS:
        return canonical([[height, value] for height, value in store.history("validators")])
    if request.path == MISBEHAVIOUR:
        return canonical([{**asdict(each), "validator": each.validator.hex().upper()} for each in store.misbehaviour()])
    if request.path == RULES:
        return canonical(_rules(store))
    if request.path == PROOFS:
        return _proofs(request, store)
    raise CodecError(f"nothing is asked by {request.path!r}; known: {', '.join(ASKED)}")


def _outcome(entry_id: str, store: Store) -> dict[str, int] | None:
    accepted = store.state.get(f"entry/{entry_id}")
    if accepted is not None:
        return {"height": accepted["height"], "code": 0}
    refused = store.refusal(entry_id)
    return {"height": refused[0], "code": refused[1]} if refused else None


def _rules(store: Store) -> dict[str, Any]:
    following = store.height + 1
    planned = rules.planned(store.state, following)
    return {
        "active": rules.active(store.state, following),
        "known": rules.NEWEST,
        "next": {"version": planned[0], "height": planned[1]} if planned else None,
    }


def _proofs(request: Any, store: Store) -> bytes:  # noqa: ANN401 - a message
    keys = parse(request.data, max_bytes=MOST_BYTES)
    if not isinstance(keys, list) or len(keys) > MOST_KEYS or not all(isinstance(key, str) for key in keys):
        raise CodecError(f"expected a list of at most {MOST_KEYS} keys")
    names = [key for key in keys if isinstance(key, str)]
    return keys_part([StateProof(*found) for found in store.prove(names, request.height - 1)])
