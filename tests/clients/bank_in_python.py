"""The flow of a bank, by `requests_oauth2client` as it comes: SETTINGS.json, the owner's part by standard input.

It signs a request (JAR) and authenticates where it is pushed, but does not push a signed one by itself; it does not
know of JARM, so the signed answer is read by `jwskate`, of the same author.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests
from jwskate import JwkSet, SignedJwt
from requests_oauth2client import DPoPKey, OAuth2Client, PrivateKeyJwt
from requests_oauth2client.dpop import RepeatedDPoPNonce


def opened(callback: str, client: OAuth2Client, http: requests.Session, given: dict[str, Any]) -> str:
    """Return a callback with the parameters that its signed `response` holds, verified."""
    [response] = parse_qs(urlsplit(callback).query)["response"]
    answer = SignedJwt(response)
    answer.validate(
        JwkSet(http.get(client.jwks_uri).json()), algs=["ES256"], issuer=given["issuer"], audience=given["client_id"]
    )
    told = {name: answer.claims[name] for name in ("iss", "code", "state") if name in answer.claims}
    return f"{given['redirect_uri']}?{urlencode(told)}"


def main() -> None:
    """Go all the way, and say what was found."""
    given: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    issuer = given["issuer"]
    http = requests.Session()
    client = OAuth2Client.from_discovery_endpoint(
        url=f"{issuer}/.well-known/oauth-authorization-server",
        issuer=issuer,
        auth=PrivateKeyJwt(given["client_id"], given["jwk"], alg="ES256", aud=issuer),
        redirect_uri=given["redirect_uri"],
        dpop_bound_access_tokens=True,
        session=http,
    )
    key = DPoPKey.generate("ES256")
    asked = client.authorization_request(
        scope=None,
        nonce=None,
        dpop_key=key,
        authorization_details=given["details"],
        response_mode="jwt",
        iss=given["client_id"],  # it takes what it does not know into the request object as it is
        aud=issuer,
        nbf=int(time.time()),
    )
    signed = {"client_id": client.client_id, "request": str(asked.sign_request_jwt(given["jwk"], "ES256", lifetime=60))}
    pushed = http.post(client.pushed_authorization_request_endpoint, data=signed, auth=client.auth)
    sys.stdout.write(f"{client.parse_pushed_authorization_response(pushed, dpop_key=key).uri}\n")
    sys.stdout.flush()
    answer = asked.validate_callback(opened(sys.stdin.readline().strip(), client, http, given))
    tokens = client.authorization_code(answer, validate=False)
    refreshed = client.refresh_token(tokens)
    grant = http.get(f"{issuer}/grant", auth=refreshed)
    before = client.introspect_token(refreshed)
    client.revoke_refresh_token(tokens)
    after = client.introspect_token(refreshed)
    try:
        refused = http.get(f"{issuer}/grant", auth=refreshed).status_code
    except RepeatedDPoPNonce as error:  # it takes any 401 that brings a nonce for a demand of another one
        refused = error.response.status_code
    found = {
        "token_type": tokens.token_type,
        "granted": tokens.authorization_details,
        "grant": grant.json(),
        "rotated": refreshed.refresh_token is not None,
        "before": before,
        "after": after,
        "refused": refused,
    }
    sys.stdout.write(json.dumps(found))


main()
