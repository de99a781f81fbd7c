"""What a bank asks of an owner at the endpoints, and has in return."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.support.app import ISSUER
from tests.support.attempts import VERIFIER, Caller
from tests.support.path import REDIRECT


def page(bank: Caller, details: dict[str, Any], **changes: Any) -> str:
    """Push a request; return the URL that the owner's browser opens."""
    pushed = bank.post("par", bank.pushed({"authorization_details": json.dumps([details]), **changes}))
    assert pushed.status_code == 201, pushed.text
    return f"{ISSUER}/oauth/authorize?" + urlencode(
        {"client_id": bank.party.id, "request_uri": pushed.json()["request_uri"]}
    )


def redeemed(bank: Caller, location: str) -> Any:
    """Return the tokens for the code that a browser came back with."""
    code = dict(parse_qsl(urlsplit(location).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    response = bank.post("token", form)
    assert response.status_code == 200, response.text
    return response.json()
