"""Verification built in: a bank with a trust file is never handed evidence that does not hold."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from gateway.client.bank import Bank
from gateway.client.connection import Connection
from gateway.client.identity import Identity, new_key, public_jwk
from gateway.client.verifying import Trusting, UntrustedError
from tests.support.authorization_server import ISSUER, AuthorizationServer

FOLDER = Path(__file__).parents[2] / "vectors" / "evidence"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())
NOW = datetime.fromisoformat(EXPECTED["now"])
VALID = next(each for each in EXPECTED["vectors"] if each["step"] is None and each["audience"])
WRONG = next(each for each in EXPECTED["vectors"] if each["step"] == 10)


def pulled(vector: dict[str, Any], **more: Any) -> bytes:
    """Let a bank that has the vector's trust file pull the vector; return what it is handed."""
    key = new_key()
    server = AuthorizationServer({"keys": [public_jwk(key)]})
    server.answers = [httpx2.Response(200, content=(FOLDER / vector["file"]).read_bytes())]
    trusting = Trusting((FOLDER / vector["trust"]).read_bytes(), clock=lambda: NOW, **more)
    connection = Connection(ISSUER, Identity.of(VALID["audience"], key), http=server.client())
    bank = Bank(connection, trusting=trusting)
    return bank.evidence(bank.refresh("refresh-1")).data


def test_evidence_that_holds_is_handed_on_byte_by_byte() -> None:
    assert pulled(VALID) == (FOLDER / VALID["file"]).read_bytes()


def test_evidence_that_does_not_hold_is_not_handed_on() -> None:
    with pytest.raises(UntrustedError, match=r"^the evidence does not hold at step 10: "):
        pulled(WRONG)


def test_evidence_that_is_too_old_is_not_handed_on() -> None:
    with pytest.raises(UntrustedError, match=r"^the evidence does not hold: "):
        pulled(VALID, max_age=timedelta(seconds=0))
