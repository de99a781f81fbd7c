// Ledger entries: what each type carries.

const CONSENT_BODY = { consent: digest, version: (value) => whole(value, 1), commitment: digest };
const TERMS_BODY = { ...CONSENT_BODY, expires_at: instant };
const TITLE_BODY = { document: digest, holder: digest };
const CLAIM_BODY = { fingerprint: digest, claim: digest };
const BODIES = {
  "org.register": { org: organisation, keys },
  "org.rotate_key": { org: organisation, remove: digest, compromised_since: (value) => whole(value), add: keys },
  "org.suspend": { org: organisation },
  "validator.set": { public_key: digest, power: (value) => whole(value, 0, 1000000) },
  "rules.activate": { version: (value) => whole(value, 2), height: (value) => whole(value) },
  "owner.credential_added": { commitment: digest },
  "owner.credential_removed": { commitment: digest },
  "batch.anchor": {
    stream: oneOf("records", "receipts", "attestations"),
    root: digest,
    size: (value) => whole(value, 1),
    sequence: (value) => whole(value, 1),
    previous: digest,
  },
  "consent.granted": TERMS_BODY,
  "consent.amended": TERMS_BODY,
  "consent.paused": CONSENT_BODY,
  "consent.resumed": CONSENT_BODY,
  "consent.revoked": CONSENT_BODY,
  "consent.ended": { ...CONSENT_BODY, reason: oneOf("expired", "exhausted", "title") },
  "title.issued": TITLE_BODY,
  "title.transferred": TITLE_BODY,
  "title.surrendered": TITLE_BODY,
  "financing.claimed": CLAIM_BODY,
  "financing.released": CLAIM_BODY,
};

/** Read an entry that stands in an evidence; `data` are its canonical bytes, `signed` what its signatures are over. */
function readEntry(value) {
  const data = utf8(canonical(value));
  const given = checkMembers(parseCanonical(data, 65536, 8), {
    v: oneOf(1),
    chain: string,
    id: (id) => unb64u(id, 16),
    not_after_height: (height) => whole(height, 1),
    type: oneOf(...Object.keys(BODIES)),
    body: () => undefined,
    signatures: (value) => signatures(value, 100, 1),
  }, "entry");
  checkMembers(given.body, BODIES[given.type], given.type);
  const unsigned = Object.assign(Object.create(null), given);
  delete unsigned.signatures;
  return { ...given, data, signed: concat(domain("entry"), utf8(canonical(unsigned))) };
}

function signatures(value, most, least) {
  const form = { org: organisation, kid: digest, sig: (signature) => unb64u(signature, 64) };
  list(value, most, least).forEach((each) => checkMembers(each, form, "signature"));
  rising(value.map((each) => `${each.org} ${each.kid}`), "signatures");
}
