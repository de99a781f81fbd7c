// A resource server that checks access token and DPoP proof, both with oauth4webapi, and answers the same bytes always.
// Usage: node resource_server.js SETTINGS, a JSON file: port, issuer, jwks (who signs the tokens), bytes (of the answer).
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import * as oauth from 'oauth4webapi'

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const origin = `http://localhost:${settings.port}`
const answer = Buffer.from(JSON.stringify('x'.repeat(settings.bytes - 2)))
const server = { issuer: settings.issuer, jwks_uri: `${settings.issuer}/oauth/jwks` }
const options = {
  requireDPoP: true,
  signingAlgorithms: ['ES256'],
  [oauth.jwksCache]: { jwks: settings.jwks, uat: Math.floor(Date.now() / 1000) },
}

async function handle(request, response) {
  for await (const _ of request); // the question is read, as it must be, and not looked at
  try {
    const asked = new Request(origin + request.url, { method: request.method, headers: request.headers })
    await oauth.validateJwtAccessToken(server, asked, settings.issuer, options)
  } catch (error) {
    response.writeHead(401, { 'content-type': 'text/plain' }).end(String(error))
    return
  }
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer)
}

createServer(handle).listen(settings.port, '127.0.0.1')
