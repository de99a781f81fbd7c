"""The flow of a bank, by `requests_oauth2client` as it comes: SETTINGS.json, the owner's part by standard input."""

import json
import sys
from pathlib import Path
from typing import Any

import requests
from requests_oauth2client import DPoPKey, OAuth2Client, PrivateKeyJwt
from requests_oauth2client.dpop import RepeatedDPoPNonce


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
    asked = client.authorization_request(
        scope=None, nonce=None, dpop_key=DPoPKey.generate("ES256"), authorization_details=json.dumps(given["details"])
    )
    sys.stdout.write(f"{client.pushed_authorization_request(asked).uri}\n")
    sys.stdout.flush()
    answer = asked.validate_callback(sys.stdin.readline().strip())
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
