// Ed25519 and ES256 by WebCrypto; JWS in their one form; the passkey's COSE key and DER signature.

const ALGORITHMS = new Map([["Ed25519", "EdDSA"], ["P-256", "ES256"]]);
const MOST_TEXT = 1048576;
const COSE_ES256 = /^a5010203262001215820([0-9a-f]{64})225820([0-9a-f]{64})$/;
const COSE_EDDSA = /^a4010103272006215820([0-9a-f]{64})$/;

function unhex(text) {
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

async function holdsEd25519(publicKey, signature, signed) {
  const key = await crypto.subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, key, signature, signed);
}

/** Say whether r || s of 32 bytes each is a signature of ES256; `x` and `y` must be a point of P-256. */
async function holdsEs256(x, y, signature, signed) {
  let key;
  try {
    key = await crypto.subtle.importKey(
      "raw", concat(new Uint8Array([4]), x, y), { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"],
    );
  } catch {
    refuse("the public key is no point of P-256");
  }
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, signed);
}

/** Take a compact JWS apart; it must be of type `typ`. */
function readJws(compact, typ) {
  if (compact.length > MOST_TEXT || !ASCII.test(compact)) {
    refuse(`JWS of ${compact.length} characters, expected at most ${MOST_TEXT} of ASCII`);
  }
  const parts = compact.split(".");
  if (parts.length !== 3) refuse(`JWS has ${parts.length} parts, expected 3`);
  const header = members(parse(unb64u(parts[0]), 1024), ["alg", "kid", "typ"], "JWS header");
  oneOf(typ)(header.typ);
  oneOf(...ALGORITHMS.values())(header.alg);
  const payload = parse(unb64u(parts[1]), MOST_TEXT);
  if (!isObject(payload)) refuse("JWS payload is no JSON object");
  const signed = utf8(`${parts[0]}.${parts[1]}`);
  return { alg: header.alg, kid: string(header.kid), payload, signed, signature: unb64u(parts[2], 64) };
}

/** Refuse unless a JWS is signed by the key of a public JWK, in that key's algorithm. */
async function checkJws(jws, key) {
  if (ALGORITHMS.get(key.crv) !== jws.alg) {
    refuse(`JWS signed with ${jws.alg}, expected ${ALGORITHMS.get(key.crv)}, which its key is for`);
  }
  const holds = jws.alg === "EdDSA"
    ? await holdsEd25519(unb64u(key.x), jws.signature, jws.signed)
    : await holdsEs256(unb64u(key.x), unb64u(key.y), jws.signature, jws.signed);
  if (!holds) refuse(`signature by key ${jws.kid} does not verify`);
}

/** Refuse unless a signature is by a COSE key over `signed`. */
async function checkCose(publicKey, signature, signed) {
  const text = hex(publicKey);
  const es256 = COSE_ES256.exec(text);
  const eddsa = COSE_EDDSA.exec(text);
  if (!es256 && !eddsa) refuse("the passkey's public key is no COSE key of ES256 or EdDSA in canonical CBOR");
  const holds = es256
    ? await holdsEs256(unhex(es256[1]), unhex(es256[2]), fromDer(signature), signed)
    : await holdsEd25519(unhex(eddsa[1]), signature, signed);
  if (!holds) refuse("the passkey's signature does not verify");
}

/** r || s of a DER signature (RFC 3279 section 2.2.3) of P-256, with nothing idle. */
function fromDer(bytes) {
  if (bytes[0] !== 0x30 || bytes[1] !== bytes.length - 2 || bytes.length > 72) refuse("no signature in DER");
  const [r, after] = derInteger(bytes, 2);
  const [s, end] = derInteger(bytes, after);
  if (end !== bytes.length) refuse("no signature in DER");
  return concat(r, s);
}

function derInteger(bytes, start) {
  const size = bytes[start + 1];
  const value = bytes.slice(start + 2, start + 2 + size);
  const idle = value[0] === 0 && !(value[1] & 0x80);
  if (bytes[start] !== 2 || !size || value.length !== size || value[0] & 0x80 || (idle && size > 1)) {
    refuse("no integer in DER");
  }
  const digits = value[0] === 0 ? value.slice(1) : value;
  if (digits.length > 32) refuse("an integer of more than 32 bytes");
  return [concat(new Uint8Array(32 - digits.length), digits), start + 2 + size];
}
