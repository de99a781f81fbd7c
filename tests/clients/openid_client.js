// The flow of a bank, by openid-client as it comes: node openid_client.js SETTINGS.json, the owner's part by standard input.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import * as client from "openid-client";

const { issuer, client_id, jwk, redirect_uri, details } = JSON.parse(readFileSync(process.argv[2]));
const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
const named = { key, kid: jwk.kid };

const config = await client.discovery(new URL(issuer), client_id, undefined, client.PrivateKeyJwt(named), {
  algorithm: "oauth2",
  execute: [client.useJwtResponseMode],
});
const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair("ES256"));

const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const asked = {
  redirect_uri,
  state: expectedState,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
  authorization_details: JSON.stringify(details),
};
const signed = await client.buildAuthorizationUrlWithJAR(config, asked, named);
const page = await client.buildAuthorizationUrlWithPAR(config, signed.searchParams, { DPoP });
console.log(page.href);

const owner = createInterface({ input: process.stdin });
const answer = new URL(await owner.question(""));
owner.close();

const tokens = await client.authorizationCodeGrant(config, answer, { pkceCodeVerifier, expectedState }, undefined, { DPoP });
const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
const resource = new URL("/grant", issuer);
const call = (token) => client.fetchProtectedResource(config, token, resource, "GET", undefined, undefined, { DPoP });
const grant = await (await call(refreshed.access_token)).json();
const before = await client.tokenIntrospection(config, refreshed.access_token);
await client.tokenRevocation(config, tokens.refresh_token);
const after = await client.tokenIntrospection(config, refreshed.access_token);
const refused = await call(refreshed.access_token).then((it) => it.status, (error) => error.status);

console.log(JSON.stringify({
  token_type: tokens.token_type,
  granted: tokens.authorization_details,
  grant,
  rotated: refreshed.refresh_token !== undefined,
  before,
  after,
  refused,
}));
