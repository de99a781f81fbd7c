// Sealed records: SD-JWT (RFC 9901) opened strictly, and the receipt.

const VISIBLE = { iss: organisation, iat: (value) => whole(value), vct: product, provider: organisation };
const VCT = /^urn:tidegate:([a-z0-9_]+):([1-9][0-9]{0,8})$/;
const MOST_CLAIMS_DEPTH = 64;
const MOST_DISCLOSURES = 30000;

function product(value) {
  const match = typeof value === "string" ? VCT.exec(value) : null;
  if (!match) refuse(`got ${show(value)}, expected urn:tidegate:<product>:<version>`);
  return { name: match[1], version: Number(match[2]) };
}

/** Read a record as presented; its signature is not verified here. */
async function readRecord(presentation) {
  if (presentation.length > MOST_TEXT) refuse(`record of ${presentation.length} characters`);
  const [jwt, ...disclosures] = presentation.split("~");
  if (disclosures.pop() !== "") refuse("an SD-JWT without key binding ends in a tilde");
  if (disclosures.length > MOST_DISCLOSURES) refuse(`${disclosures.length} disclosures`);
  const jws = readJws(jwt, "dc+sd-jwt");
  const payload = members(jws.payload, [...Object.keys(VISIBLE), "_sd", "_sd_alg"], "record");
  oneOf("sha-256")(payload._sd_alg);
  const opening = new Opening();
  for (const disclosure of disclosures) await opening.add(disclosure);
  delete payload._sd_alg;
  const claims = opening.members(payload, 0);
  if (opening.unused.size) refuse(`${opening.unused.size} disclosures belong to no digest`);
  const visible = Object.create(null);
  for (const name of Object.keys(VISIBLE)) {
    visible[name] = claims[name];
    delete claims[name];
  }
  checkMembers(visible, VISIBLE, "record");
  return {
    jws, jwt, claims, presentation, withheld: opening.withheld, issuer: visible.iss, provider: visible.provider,
    product: product(visible.vct), level: visible.iss === visible.provider ? "provider_sealed" : "gateway_attested",
  };
}

/** Puts what disclosures say in the place of their digests; each digest and each disclosure once. */
class Opening {
  constructor() {
    this.unused = new Map();
    this.seen = new Set();
    this.withheld = 0;
  }

  async add(disclosure) {
    const own = b64u(await sha256(utf8(disclosure)));
    if (this.unused.has(own)) refuse("a disclosure stands twice");
    const parts = parse(unb64u(disclosure), MOST_TEXT);
    if (!Array.isArray(parts) || ![2, 3].includes(parts.length) || typeof parts[0] !== "string") {
      refuse("a disclosure is no list of salt, name and value, or of salt and value");
    }
    this.unused.set(own, parts);
  }

  members(given, depth) {
    const shown = Object.create(null);
    for (const name of Object.keys(given)) {
      if (name === "...") refuse("an object has a member named '...'");
      if (name !== "_sd") shown[name] = this.value(given[name], depth);
    }
    const digests = "_sd" in given ? given._sd : [];
    if (!Array.isArray(digests)) refuse("_sd is no list");
    for (const text of digests) {
      const parts = this.take(text, 3);
      if (!parts) continue;
      const [, name, value] = parts;
      if (typeof name !== "string" || name === "_sd" || name === "..." || name in shown) {
        refuse(`a disclosure has the claim name ${show(name)}, which is reserved or already there`);
      }
      shown[name] = this.value(value, depth);
    }
    return shown;
  }

  value(value, depth) {
    if (depth > MOST_CLAIMS_DEPTH) refuse(`claims nested deeper than ${MOST_CLAIMS_DEPTH}`);
    if (Array.isArray(value)) return value.flatMap((element) => this.element(element, depth + 1));
    return isObject(value) ? this.members(value, depth + 1) : value;
  }

  /** What stands in the place of a list's element: nothing if it is withheld. */
  element(element, depth) {
    if (!isObject(element) || !("..." in element) || Object.keys(element).length !== 1) {
      return [this.value(element, depth)];
    }
    const parts = this.take(element["..."], 2);
    return parts ? [this.value(parts[1], depth)] : [];
  }

  take(text, size) {
    if (typeof text !== "string" || this.seen.has(text)) refuse("a digest is no string, or stands twice");
    this.seen.add(text);
    const parts = this.unused.get(text);
    this.unused.delete(text);
    if (!parts) this.withheld += 1;
    else if (parts.length !== size) refuse(`a disclosure has ${parts.length} elements, expected ${size}`);
    return parts;
  }
}

/** Read a receipt; its signature is not verified here. */
function readReceipt(compact) {
  const jws = readJws(compact, "tidegate-receipt+jwt");
  const omission = { product: string, reason: string, count: (value) => whole(value, 1) };
  const cited = { id: digest, version: (value) => whole(value, 1), commitment: digest };
  const receipt = checkMembers(jws.payload, {
    iss: string,
    aud: string,
    cnf: (value) => checkMembers(value, { jkt: digest }, "cnf"),
    iat: (value) => whole(value),
    jti: (value) => unb64u(value, 16),
    request: digest,
    keys_at: (value) => whole(value, 1),
    consent: (value) => checkMembers(value, cited, "consent"),
    records: (value) => list(value, Infinity).forEach(digest),
    omitted: (value) => list(value, Infinity).forEach((each) => checkMembers(each, omission, "omission")),
  }, "receipt");
  return { ...receipt, jws };
}
