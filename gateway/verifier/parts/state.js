// State proofs: what the ledger's state says of some keys as of one header (docs/evidence.md section 11), in five steps.

const MOST_STATE = 1048576;
const STATE_FORMAT = "tidegate-state-proof/1";
const STATE_TOP = ["commit", "format", "handovers", "header", "proofs", "validators"];
const STATE_STEPS = [
  ["parse strictly", readStateProof],
  ["chain and validator sets against trust", stateValidatorsAreTrusted],
  ["commit signatures", stateValidatorsSigned],
  ["header hash", stateHeaderIsWhatWasCommitted],
  ["keys in the state", keysAreInTheState],
];

/** Whether a file says that it is a state proof; whether it is a true one, the steps find out. */
function isStateProof(bytes) {
  if (bytes.length > MOST_STATE) return false;
  try {
    const value = parse(bytes, MOST_STATE);
    return isObject(value) && value.format === STATE_FORMAT;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** Verify a state proof against a trust file, both as bytes. Resolves as `verifyEvidence` does. */
async function verifyStateProof(bytes, trustBytes) {
  return walk(STATE_STEPS, { bytes }, trustBytes, stateVerdict);
}

async function readStateProof(found) {
  const file = members(parseCanonical(found.bytes, MOST_STATE, 16), STATE_TOP, "state proof");
  oneOf(STATE_FORMAT)(file.format);
  found.header = readHeader(file.header);
  found.commit = readCommit(file.commit);
  found.validators = await readValidators(file.validators);
  found.handovers = await each(list(file.handovers, 1000), readHandover);
  checkHandovers(found.handovers, [found.header.height]);
  found.proofs = list(file.proofs, 1000, 1).map(readStateOf);
  rising(found.proofs.map(({ key }) => key), "proofs");
}

function readStateOf(value) {
  const given = members(value, ["key", "other", "siblings", "value"], "proof");
  if (given.value !== null && !isObject(given.value)) refuse("proof: expected an object, or null for absence");
  const other = list(given.other, given.value === null ? 2 : 0).map(digest);
  if (other.length === 1) refuse("proof: other: expected nothing, or path and hash of another leaf");
  return { key: ascii(given.key), value: given.value, other, siblings: path(given.siblings, 256) };
}

async function stateValidatorsAreTrusted(found) {
  await checkHeaders([found.header, ...found.handovers.map(({ header }) => header)], found.trust, "state proof");
  await checkSet(await trustedSets(found), found.header, found.validators);
}

async function stateValidatorsSigned({ commit, header, trust, validators }) {
  if (commit.height !== header.height) refuse(`commit for height ${commit.height}, expected ${header.height}`);
  await checkCommit(commit, trust.chain, validators);
}

async function stateHeaderIsWhatWasCommitted({ commit, header }) {
  if (!same(commit.blockId.hash, header.hash)) refuse(`header ${header.height} is not the one that was committed`);
}

async function keysAreInTheState(found) {
  found.statements = [];
  for (const { key, value, other, siblings } of found.proofs) {
    if (value === null) await checkAbsent(key, other, siblings, found.header.app_hash);
    else await checkState(key, value, siblings, found.header.app_hash);
    found.statements.push({ key, value, says: says(key, value, found.header) });
  }
}

const CONSENT_STATES = ["active", "paused", "revoked", "expired", "exhausted", "title"];
const KINDS = new Map(Object.entries({
  claim: {
    name: "fingerprint",
    form: { claim: digest, height: (value) => whole(value, 1), org: organisation, state: oneOf("claimed", "released") },
    absent: "unclaimed, it never was claimed",
    tell: ({ height, org, state }) => (
      state === "released" ? `: unclaimed, released at height ${height}` : `: claimed through ${org} at height ${height}`
    ),
  },
  consent: {
    name: "consent",
    form: {
      commitment: digest,
      expires_at: instant,
      height: (value) => whole(value, 1),
      org: organisation,
      state: oneOf(...CONSENT_STATES),
      version: (value) => whole(value, 1),
    },
    absent: "absent, it was never granted",
    tell: tellConsent,
  },
  credential: {
    name: "passkey",
    form: { from: whole, org: organisation, until: whole },
    absent: "absent, it was never enrolled",
    tell: ({ from, org, until }) => `: enrolled by ${org} at height ${from}${until ? `, removed at height ${until}` : ""}`,
  },
  key: {
    name: "key",
    form: { compromised_since: whole, from: whole, public_key: publicKey, until: whole, usage: oneOf(...USAGES) },
    absent: "absent, it was never registered",
    tell: tellKey,
  },
  org: {
    name: "organisation",
    form: { suspended: whole },
    absent: "absent, it was never registered",
    tell: ({ suspended }) => (suspended ? `: suspended at height ${suspended}` : ": registered"),
  },
}));

/** What the state under a header says of a key, in one sentence; a value of another form than its kind's is refused. */
function says(key, value, header) {
  const cut = key.indexOf("/");
  const [family, rest] = cut < 0 ? [key, ""] : [key.slice(0, cut), key.slice(cut + 1)];
  const kind = KINDS.get(family);
  if (!kind || !rest) return `${key}: ${value === null ? "absent" : canonical(value)}`;
  const named = `${kind.name} ${family === "key" ? keyName(rest) : rest}`;
  if (value === null) return `${named}: ${kind.absent}`;
  checkMembers(value, kind.form, key);
  return named + kind.tell(value, header);
}

function keyName(rest) {
  const cut = rest.indexOf("/");
  return cut < 0 ? ` of ${rest}` : `${rest.slice(cut + 1)} of ${rest.slice(0, cut)}`;
}

function tellConsent({ expires_at: expires, height, org, state, version }, header) {
  const place = `version ${version}, through ${org}`;
  if (state !== "active" && state !== "paused") return `: ${state} at height ${height}, ${place}`;
  if (time(expires) <= header.time) return `: expired at ${expires}, ${place}`;
  return `: ${state} since height ${height}, until ${expires}, ${place}`;
}

function tellKey({ compromised_since: since, from, until, usage }, { height }) {
  const told = [
    `from height ${from}`,
    until && `ended at height ${until}`,
    since && `compromised since height ${since}`,
  ].filter(Boolean);
  const holds = from <= height && !(until && height >= until) && !(since && height >= since);
  return `, for ${usage}: ${holds ? "valid" : "not valid"} at height ${height}, ${told.join(", ")}`;
}

function stateVerdict({ header, statements, trust }) {
  return {
    chain: trust.chain,
    engine: trust.engine,
    height: header.height,
    at: second(header.time),
    statements,
    caveats: [
      "What became of it after that height cannot be seen in a file.",
      trust.engine === "embedded" && "The ledger is embedded: its history rests on the word of one operator.",
    ].filter(Boolean),
  };
}
