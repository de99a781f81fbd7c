// Steps 7 to 12: who signed with which key, records, consent, receipt.

async function keysWereValid(found) {
  const heightOfA = found.headerA.height;
  for (const { block, entry } of found.anchors) {
    if (block.header.height >= heightOfA) {
      refuse(`entry ${entry.id} is in block ${block.header.height}, expected one before header A, which is ${heightOfA}`);
    }
  }
  for (const [key, { value, siblings }] of found.proofs) await checkState(key, value, siblings, found.headerA.app_hash);
  const needed = new Set();
  for (const [key, usage, height] of await signers(found)) {
    needed.add(key);
    if (!found.proofs.has(key)) refuse(`${key} signed something, but its state is not proved`);
    within(key, () => checkKey(found.proofs.get(key).value, usage, height));
  }
  for (const key of found.proofs.keys()) {
    if (!needed.has(key)) refuse(`${key} is proved, but signed nothing`);
  }
}

/** The state's key, usage and height of everything signed; a record is judged where it is anchored. */
async function signers(found) {
  found.credentials = await credentialKeys(found.consent);
  return [
    ...found.anchors.flatMap(({ block, entry }) => (
      entry.signatures.map(({ org, kid }) => [`key/${org}/${kid}`, "entries", block.header.height])
    )),
    ...found.records.map(({ issuer, jws, anchor }) => [`key/${issuer}/${jws.kid}`, "sealing", anchor.block.header.height]),
    [`key/${found.receipt.iss}/${found.receipt.jws.kid}`, "receipts", found.headerA.height],
    ...found.credentials.map((key) => [key, "credential", found.consentAnchor.block.header.height]),
  ];
}

function checkKey(value, usage, height) {
  const isKey = usage !== "credential";
  members(value, isKey ? ["compromised_since", "from", "public_key", "until", "usage"] : ["from", "org", "until"], "value");
  if (isKey) {
    publicKey(value.public_key);
    if (value.usage !== usage) refuse(`is for ${show(value.usage)}, expected ${usage}`);
  }
  const from = whole(value.from);
  const ends = [whole(value.until), isKey ? whole(value.compromised_since) : 0].filter((end) => end > 0);
  if (height < from || ends.some((end) => height >= end)) {
    refuse(`was not valid at height ${height}, but from ${from}${ends.length ? ` until ${Math.min(...ends)}` : ""}`);
  }
}

function keyOf(found, org, kid) {
  return found.proofs.get(`key/${org}/${kid}`).value.public_key;
}

async function entriesAreSigned(found) {
  for (const { entry } of found.anchors) {
    for (const { org, kid, sig } of entry.signatures) {
      const key = keyOf(found, org, kid);
      if (key.crv !== "Ed25519") refuse(`entry ${entry.id} is signed by a key that is no Ed25519 key`);
      if (!(await holdsEd25519(unb64u(key.x), unb64u(sig), entry.signed))) {
        refuse(`entry ${entry.id}: signature of ${org} does not verify`);
      }
    }
  }
}

async function leavesAreInTheirBatches(found) {
  for (const [number, { anchor, index, path: siblings, jwt }] of found.records.entries()) {
    const { type, body } = anchor.entry;
    if (type !== "batch.anchor" || body.stream !== "records") {
      refuse(`record ${number} is anchored by ${type}, expected a batch of records`);
    }
    if (index >= body.size) refuse(`record ${number}: leaf ${index} lies outside a tree of ${body.size}`);
    const leaf = await leafHash(await sha256(utf8(jwt)));
    const root = await rootBySides(leaf, sidesOf(index, body.size), siblings);
    if (b64u(root) !== body.root) refuse(`record ${number}: its path leads to root ${b64u(root)}, expected ${body.root}`);
  }
}

async function recordsAreSealed(found) {
  const gateway = found.consent.parties.gateway.id;
  for (const [number, { issuer, provider, jws }] of found.records.entries()) {
    if (issuer !== provider && issuer !== gateway) {
      refuse(`record ${number} is sealed by ${issuer}, expected ${provider} or ${gateway}`);
    }
    await checkJws(jws, keyOf(found, issuer, jws.kid));
  }
}

async function consentIsTheOwners(found) {
  const { consent, consentAnchor: { entry } } = found;
  if (entry.type !== "consent.granted" && entry.type !== "consent.amended") {
    refuse(`consent is anchored by ${entry.type}, expected consent.granted or consent.amended`);
  }
  if (entry.body.consent !== consent.consent || entry.body.version !== consent.version) {
    refuse("the entry is about another consent or version than the record");
  }
  const opened = b64u(await commitment("consent", found.salt, consent));
  if (entry.body.commitment !== opened) {
    refuse(`the entry commits to ${entry.body.commitment}, the record opens ${opened}`);
  }
  if (entry.body.expires_at !== consent.limits.expires_at) refuse("the entry's expiry is not the record's");
  const gateway = consent.parties.gateway.id;
  const enrolled = found.credentials.map((key) => found.proofs.get(key).value.org);
  if ([...entry.signatures.map(({ org }) => org), ...enrolled].some((org) => org !== gateway)) {
    refuse(`the consent was activated, or a passkey enrolled, by another than ${gateway}`);
  }
  await checkAssertions(consent);
  found.records.forEach((record, number) => within(`record ${number}`, () => checkWithin(record, consent.data)));
}

async function receiptBindsItAll(found) {
  const { receipt, consent, headerA, consentAnchor: { entry: { body } } } = found;
  await checkJws(receipt.jws, keyOf(found, receipt.iss, receipt.jws.kid));
  const cited = { id: body.consent, version: body.version, commitment: body.commitment };
  if (canonical(receipt.consent) !== canonical(cited)) {
    refuse(`the receipt cites consent ${canonical(receipt.consent)}, expected ${canonical(cited)}`);
  }
  if (receipt.iss !== consent.parties.gateway.id || receipt.aud !== consent.parties.bank.id) {
    refuse("the receipt is by another gateway or for another bank than the consent");
  }
  if (found.audience !== null && receipt.aud !== found.audience) {
    refuse(`the receipt is for ${show(receipt.aud)}, expected ${show(found.audience)}`);
  }
  if (receipt.keys_at !== headerA.height) {
    refuse(`the receipt names header ${receipt.keys_at}, the keys are at ${headerA.height}`);
  }
  const [start, end] = [time(consent.limits.start), time(consent.limits.expires_at)];
  const pulled = BigInt(receipt.iat) * NANO;
  if (pulled < start || pulled >= end || headerA.time >= end) {
    refuse(`pulled at ${receipt.iat}, the consent is from ${consent.limits.start} to ${consent.limits.expires_at}`);
  }
  const given = await each(found.records, async (record) => b64u(await sha256(utf8(record.presentation))));
  if (canonical(receipt.records) !== canonical(given)) {
    refuse(`the receipt is over ${receipt.records.length} records, other than the ${given.length} here`);
  }
}
