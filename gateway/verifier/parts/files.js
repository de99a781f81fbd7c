// The two files: the evidence, read strictly with nothing idle in it (step 1), and the trust file.

const MOST_EVIDENCE = 67108864;
const MOST_TRUST = 1048576;
const TOP = ["anchors", "blocks", "consent", "format", "handovers", "keys", "receipt", "records", "validators"];

async function each(values, read) {
  const found = [];
  for (const value of values) found.push(await read(value));
  return found;
}

function named(number, parts, what) {
  whole(number);
  if (number >= parts.length) refuse(`${what} ${number} is named, the file has ${parts.length}`);
  parts[number].named = true;
  return parts[number];
}

function path(value, most = 64) {
  return list(value, most).map(digest);
}

/** Step 1: read the evidence. */
async function readEvidence(found) {
  const file = members(parseCanonical(found.bytes, MOST_EVIDENCE, 48), TOP, "evidence");
  oneOf("tidegate-evidence/1")(file.format);
  const sets = await each(list(file.validators), async (value) => ({ validators: await readValidators(value) }));
  found.blocks = list(file.blocks).map((value) => readBlock(value, sets));
  found.anchors = list(file.anchors).map((value) => readAnchor(value, found.blocks));
  found.records = await each(list(file.records), (value) => readPlacedRecord(value, found.anchors));
  found.handovers = await each(list(file.handovers), readHandover);
  readKeys(file.keys, found);
  const consent = members(file.consent, ["anchor", "record", "salt"], "consent");
  found.consentAnchor = named(consent.anchor, found.anchors, "anchor");
  found.consent = checkConsentForm(consent.record);
  found.salt = digest(consent.salt);
  found.receipt = readReceipt(ascii(file.receipt));
  checkNothingIdle(found, sets);
}

function readBlock(value, sets) {
  const given = members(value, ["commit", "header", "next", "validators"], "block");
  return {
    header: readHeader(given.header),
    next: readHeader(given.next),
    commit: readCommit(given.commit),
    validators: named(given.validators, sets, "validator set").validators,
  };
}

function readAnchor(value, blocks) {
  const given = members(value, ["block", "entry", "entry_path", "result_path", "sides"], "anchor");
  return {
    block: named(given.block, blocks, "block"),
    entry: readEntry(given.entry),
    sides: ascii(given.sides),
    entryPath: path(given.entry_path),
    resultPath: path(given.result_path),
  };
}

async function readPlacedRecord(value, anchors) {
  const given = members(value, ["anchor", "index", "path", "sd_jwt"], "record");
  return {
    ...await readRecord(ascii(given.sd_jwt)),
    anchor: named(given.anchor, anchors, "anchor"),
    index: whole(given.index),
    path: path(given.path),
  };
}

async function readHandover(value) {
  const given = members(value, ["commit", "header", "validators"], "hand-over");
  return {
    header: readHeader(given.header),
    commit: readCommit(given.commit),
    validators: await readValidators(given.validators),
  };
}

function readKeys(value, found) {
  const given = members(value, ["block", "proofs"], "keys");
  found.headerA = named(given.block, found.blocks, "block").next;
  found.proofs = new Map();
  for (const proofGiven of list(given.proofs)) {
    members(proofGiven, ["key", "other", "siblings", "value"], "key proof");
    list(proofGiven.other, 0);
    if (!isObject(proofGiven.value)) refuse("key proof: value is no object");
    found.proofs.set(ascii(proofGiven.key), { value: proofGiven.value, siblings: path(proofGiven.siblings, 256) });
  }
  rising(given.proofs.map((proofGiven) => proofGiven.key), "keys");
}

function checkNothingIdle(found, sets) {
  for (const [parts, what] of [[found.blocks, "block"], [found.anchors, "anchor"], [sets, "validator set"]]) {
    if (!parts.every((part) => part.named)) refuse(`a ${what} stands in the file that nothing names`);
  }
  rising(found.blocks.map((block) => block.header.height), "blocks");
  checkHandovers(found.handovers, found.blocks.map((block) => block.next.height));
}

/** Refuse hand-overs out of order or idle; `signed` are the heights that the sets signed. */
function checkHandovers(handovers, signed) {
  const heights = handovers.map((handover) => handover.header.height);
  rising(heights, "hand-overs");
  if (handovers.some(({ header }) => same(header.validators_hash, header.next_validators_hash))) {
    refuse("a hand-over stands in the file that changes no validator set");
  }
  if (heights.length && signed.every((height) => height <= heights.at(-1))) {
    refuse("a hand-over stands in the file whose validator set signs nothing");
  }
}

/** Read a trust file, signed by every founder. */
async function readTrust(bytes) {
  const file = parseCanonical(bytes, MOST_TRUST);
  const sets = [];
  checkMembers(file, {
    format: oneOf("tidegate-trust/1"),
    chain: string,
    engine: oneOf("embedded", "cometbft"),
    validators: (value) => list(value, MOST_VALIDATORS, 1),
    former: (value) => list(value, 1000).forEach((set) => {
      checkMembers(set, { first_height: (height) => whole(height, 1), validators: () => undefined }, "former set");
    }),
    pinned: (value) => checkMembers(value, { height: (height) => whole(height, 1), block_hash: digest }, "pinned"),
    organisations: (value) => list(value, Infinity, 1).forEach((founder) => {
      checkMembers(founder, { org: organisation, keys }, "organisation");
    }),
    signatures: (value) => signatures(value, Infinity, 0),
  }, "trust");
  for (const { first_height: first, validators } of [...file.former, { first_height: file.pinned.height, validators: file.validators }]) {
    sets.push(await serving(first, await readValidators(validators)));
  }
  rising(sets.map((set) => set.first), "first heights");
  await checkFounders(file);
  return { chain: file.chain, engine: file.engine, pinned: file.pinned, sets };
}

async function serving(first, validators) {
  return { first, validators, hash: await validatorsHash(validators) };
}

async function checkFounders(file) {
  const unsigned = Object.assign(Object.create(null), file);
  delete unsigned.signatures;
  const signed = concat(domain("trust"), utf8(canonical(unsigned)));
  const missing = new Set(file.organisations.map((founder) => founder.org));
  for (const { org, kid, sig } of file.signatures) {
    const own = file.organisations.filter((founder) => founder.org === org).flatMap((founder) => founder.keys);
    const key = own.findLast((known) => known.kid === kid);
    if (!key || key.public_key.crv !== "Ed25519") refuse(`trust file signed by an unknown key of ${org}`);
    if (!(await holdsEd25519(unb64u(key.public_key.x), unb64u(sig), signed))) {
      refuse(`trust file: signature of ${org} does not verify`);
    }
    missing.delete(org);
  }
  if (missing.size) refuse(`trust file lacks the signatures of ${[...missing].sort().join(", ")}`);
}
