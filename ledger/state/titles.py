"""Title to documents: one holder at a time, as commitments."""

from collections.abc import Mapping
from typing import Any

from ledger.errors import Rejected
from ledger.state.codes import Code
from ledger.state.view import Changes, View


def issue(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """Record the first holder of a document."""
    if f"title/{body['document']}" in state:
        raise Rejected(Code.EXISTS, "title to this document was issued before")
    return _title(height, acting, body, "issued")


def transfer(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """Record the next holder; the one before holds it no longer."""
    _present(state, acting, body)
    return _title(height, acting, body, "issued")


def surrender(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """Record that the holder gave the document up; nobody holds it any more."""
    present = _present(state, acting, body)
    if present["holder"] != body["holder"]:
        raise Rejected(Code.WRONG_STATE, "only the present holder can surrender")
    return _title(height, acting, body, "surrendered")


def _title(height: int, acting: str, body: Mapping[str, Any], state: str) -> Changes:
    value = {"height": height, "holder": body["holder"], "org": acting, "state": state}
    return {f"title/{body['document']}": value}


def _present(state: View, acting: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    present = state.get(f"title/{body['document']}")
    if present is None:
        raise Rejected(Code.UNKNOWN, "title to this document was never issued")
    if present["org"] != acting:
        raise Rejected(Code.WRONG_SIGNER, f"title to this document is reported by {present['org']}")
    if present["state"] != "issued":
        raise Rejected(Code.WRONG_STATE, f"title is {present['state']}, expected issued")
    return present
