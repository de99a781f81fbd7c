"""Consents: a commitment to each version, changed by the granting organisation alone."""

from collections.abc import Mapping
from typing import Any

from ledger.errors import Rejected
from ledger.state.codes import Code
from ledger.state.view import Changes, View

LIVING = ("active", "paused")


def grant(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """Begin a consent with version 1."""
    if f"consent/{body['consent']}" in state:
        raise Rejected(Code.EXISTS, f"consent {body['consent']} was granted before")
    if body["version"] != 1:
        raise Rejected(Code.OUT_OF_SEQUENCE, f"version {body['version']}, expected 1")
    return _version(height, acting, body)


def amend(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """Give a living consent its next version, active."""
    _present(state, acting, body, LIVING, step=1)
    return _version(height, acting, body)


def pause(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """Pause an active consent."""
    return _change(state, height, acting, body, allowed=("active",), to="paused")


def resume(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """Resume a paused consent."""
    return _change(state, height, acting, body, allowed=("paused",), to="active")


def revoke(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """End a living consent by its owner's will."""
    return _change(state, height, acting, body, allowed=LIVING, to="revoked")


def end(state: View, height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    """End a living consent because it expired, is exhausted, or title has passed on."""
    return _change(state, height, acting, body, allowed=LIVING, to=body["reason"])


def _version(height: int, acting: str, body: Mapping[str, Any]) -> Changes:
    return {
        f"consent/{body['consent']}": {
            "commitment": body["commitment"],
            "expires_at": body["expires_at"],
            "height": height,
            "org": acting,
            "state": "active",
            "version": body["version"],
        }
    }


def _change(
    state: View, height: int, acting: str, body: Mapping[str, Any], *, allowed: tuple[str, ...], to: str
) -> Changes:
    present = _present(state, acting, body, allowed, step=0)
    changed = {**present, "commitment": body["commitment"], "height": height, "state": to}
    return {f"consent/{body['consent']}": changed}


def _present(
    state: View, acting: str, body: Mapping[str, Any], allowed: tuple[str, ...], *, step: int
) -> Mapping[str, Any]:
    present = state.get(f"consent/{body['consent']}")
    if present is None:
        raise Rejected(Code.UNKNOWN, f"consent {body['consent']} was never granted")
    if present["org"] != acting:
        raise Rejected(Code.WRONG_SIGNER, f"consent {body['consent']} was granted through {present['org']}")
    if present["state"] not in allowed:
        raise Rejected(Code.WRONG_STATE, f"consent is {present['state']}, expected {' or '.join(allowed)}")
    if body["version"] != present["version"] + step:
        raise Rejected(Code.OUT_OF_SEQUENCE, f"version {body['version']}, expected {present['version'] + step}")
    return present
