// The twelve steps, in their order (docs/evidence.md section 9). Each fills in, or refuses.

const STEPS = [
  ["parse strictly", readEvidence],
  ["chain and validator sets against trust", validatorsAreTrusted],
  ["commit signatures", validatorsSigned],
  ["header hashes", headersAreWhatWasCommitted],
  ["entries in their blocks", entriesAreInTheirBlocks],
  ["entries accepted", entriesWereAccepted],
  ["keys in the state", keysWereValid],
  ["entry signatures", entriesAreSigned],
  ["leaves in their batches", leavesAreInTheirBatches],
  ["record signatures and disclosures", recordsAreSealed],
  ["consent", consentIsTheOwners],
  ["receipt", receiptBindsItAll],
];

/**
 * Verify evidence against a trust file, both as bytes; `audience` is the bank that must have pulled it, or null.
 * Resolves to `{step: null, verdict}`, or to `{step, name, message}` of the step that failed.
 */
async function verifyEvidence(bytes, trustBytes, audience) {
  return walk(STEPS, { bytes, audience }, trustBytes, verdict);
}

/** Take the steps of a list in their order; `conclude` says what they found. */
async function walk(steps, found, trustBytes, conclude) {
  let number = 2;
  try {
    found.trust = await readTrust(trustBytes);
    for (number = 1; number <= steps.length; number += 1) await steps[number - 1][1](found);
    return { step: null, verdict: conclude(found) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { step: number, name: steps[number - 1][0], message: `${found.trust ? "" : "trust file: "}${error.message}` };
  }
}

function* headers(found) {
  for (const block of found.blocks) {
    yield block.header;
    yield block.next;
  }
  for (const handover of found.handovers) yield handover.header;
}

async function validatorsAreTrusted(found) {
  await checkHeaders(headers(found), found.trust, "evidence");
  const sets = await trustedSets(found);
  for (const { next, validators } of found.blocks) await checkSet(sets, next, validators);
}

/** Refuse headers of another chain, and another one where one is pinned; each gets its hash. */
async function checkHeaders(given, { chain, pinned }, what) {
  for (const header of given) {
    if (header.chain !== chain) refuse(`${what} is of chain ${show(header.chain)}, the trust file of ${show(chain)}`);
    header.hash = await headerHash(header);
    if (header.height === pinned.height && b64u(header.hash) !== pinned.block_hash) {
      refuse(`block ${header.height} has hash ${b64u(header.hash)}, ${pinned.block_hash} is pinned`);
    }
  }
}

/** The sets of the trust file, and those that they handed over to. */
async function trustedSets({ trust, handovers }) {
  const sets = [...trust.sets];
  for (const handover of handovers) await handOver(sets, handover, trust.chain);
  return sets;
}

async function checkSet(sets, header, validators) {
  if (!same(header.validators_hash, servingAt(sets, header.height).hash)) {
    refuse(`block ${header.height} has a validator set that nothing trusted leads to`);
  }
  if (!same(await validatorsHash(validators), header.validators_hash)) {
    refuse(`block ${header.height}: the set given is not the one in its header`);
  }
}

function servingAt(sets, height) {
  return sets.findLast((set) => set.first <= height)
    ?? refuse(`no validator set is trusted at height ${height}, the first one at ${sets[0].first}`);
}

async function handOver(sets, { header, commit, validators }, chain) {
  const signers = servingAt(sets, header.height);
  const next = await serving(header.height + 1, validators);
  if (!same(header.validators_hash, signers.hash) || !same(header.next_validators_hash, next.hash)) {
    refuse(`hand-over at height ${header.height} is not by a known validator set, or not to this`);
  }
  if (commit.height !== header.height || !same(commit.blockId.hash, header.hash)) {
    refuse(`hand-over at height ${header.height}: the commit is for another block`);
  }
  await checkCommit(commit, chain, signers.validators);
  if (header.height >= sets.at(-1).first) sets.push(next);
  else if (!same(servingAt(sets, next.first).hash, next.hash)) {
    refuse(`hand-over at height ${header.height} is to another set than the trust file's`);
  }
}

async function validatorsSigned(found) {
  for (const { commit, next, validators } of found.blocks) {
    if (commit.height !== next.height) refuse(`commit for height ${commit.height}, expected ${next.height}`);
    await checkCommit(commit, found.trust.chain, validators);
  }
}

async function headersAreWhatWasCommitted(found) {
  for (const { commit, header, next } of found.blocks) {
    if (!same(commit.blockId.hash, next.hash)) refuse(`header ${next.height} is not the one that was committed`);
    if (next.height !== header.height + 1 || !same(next.lastBlockId.hash, header.hash)) {
      refuse(`header ${header.height} is not the one before header ${next.height}`);
    }
  }
  const hashes = new Map();
  for (const header of headers(found)) {
    if (!same(hashes.get(header.height) ?? header.hash, header.hash)) {
      refuse(`two different headers of height ${header.height} were committed`);
    }
    hashes.set(header.height, header.hash);
  }
}

async function entriesAreInTheirBlocks(found) {
  for (const { block, entry, entryPath, sides } of found.anchors) {
    const root = await rootBySides(await leafHash(await sha256(entry.data)), sides, entryPath);
    if (!same(root, block.header.data_hash)) refuse(`entry ${entry.id} is not in block ${block.header.height}`);
  }
}

async function entriesWereAccepted(found) {
  for (const { block, entry, resultPath, sides } of found.anchors) {
    const root = await rootBySides(await leafHash(NOTHING), sides, resultPath);
    if (!same(root, block.next.last_results_hash)) {
      refuse(`entry ${entry.id} was not accepted in block ${block.header.height}`);
    }
  }
}
