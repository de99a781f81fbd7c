// CometBFT 0.38's headers, commits and validator sets: JSON forms, protobuf encodings, hashes.

const HASHES = [
  "last_commit_hash", "data_hash", "validators_hash", "next_validators_hash", "consensus_hash", "app_hash",
  "last_results_hash", "evidence_hash", "proposer_address",
];
const MOST_VALIDATORS = 200;
const NANO = 1000000000n;
const NOTHING = new Uint8Array();

function varint(value) {
  const bytes = [];
  for (let rest = BigInt(value); bytes.length === 0 || rest > 0n; rest >>= 7n) {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
  }
  return new Uint8Array(bytes);
}

/** A field that is an integer; nothing if it is zero. */
function integerField(number, value) {
  return BigInt(value) === 0n ? NOTHING : concat(varint(number << 3), varint(value));
}

/** A field that is eight bytes, little-endian; nothing if it is zero. */
function fixedField(number, value) {
  if (value === 0) return NOTHING;
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setBigInt64(0, BigInt(value), true);
  return concat(varint((number << 3) | 1), new Uint8Array(bytes.buffer));
}

/** A field that holds a message, there even when empty. */
function messageField(number, value) {
  return concat(varint((number << 3) | 2), varint(value.length), value);
}

/** A field that is bytes or a string; nothing if it is empty. */
function bytesField(number, value) {
  return value.length ? messageField(number, value) : NOTHING;
}

function timestamp(nanoseconds) {
  return concat(integerField(1, nanoseconds / NANO), integerField(2, nanoseconds % NANO));
}

function readBlockId(value) {
  const given = members(value, ["hash", "parts", "parts_hash"], "block id");
  const size = whole(given.parts) ? 32 : 0;
  const hash = unb64u(given.hash, size);
  const parts = concat(integerField(1, given.parts), bytesField(2, unb64u(given.parts_hash, size)));
  return { hash, proto: concat(bytesField(1, hash), messageField(2, parts)) };
}

function readHeader(value) {
  const given = members(value, ["chain", "height", "time", "last_block_id", ...HASHES], "header");
  const header = {
    chain: string(given.chain),
    height: within("header: height", () => whole(given.height, 1)),
    time: within("header", () => time(given.time)),
    lastBlockId: readBlockId(given.last_block_id),
  };
  for (const name of HASHES) {
    header[name] = within(`header: ${name}`, () => unb64u(given[name], name === "proposer_address" ? 20 : 32));
  }
  return header;
}

async function headerHash(header) {
  return treeRoot([
    concat(integerField(1, 11), integerField(2, 1)),
    bytesField(1, utf8(header.chain)),
    integerField(1, header.height),
    timestamp(header.time),
    header.lastBlockId.proto,
    ...HASHES.map((name) => bytesField(1, header[name])),
  ]);
}

async function readValidators(value) {
  const validators = [];
  for (const each of list(value, MOST_VALIDATORS, 1)) {
    const given = members(each, ["power", "public_key"], "validator");
    const publicKey = unb64u(given.public_key, 32);
    const address = hex(await sha256(publicKey)).slice(0, 40);
    validators.push({ publicKey, address, power: BigInt(whole(given.power, 1)) });
  }
  validators.forEach((here, place) => {
    const last = validators[place - 1];
    if (last && !(last.power > here.power || (last.power === here.power && last.address < here.address))) {
      refuse("validators are not in order of power and address, each once");
    }
  });
  if (new Set(validators.map((each) => each.address)).size !== validators.length) refuse("a validator stands twice");
  return validators;
}

async function validatorsHash(validators) {
  return treeRoot(validators.map((each) => (
    concat(messageField(1, bytesField(1, each.publicKey)), integerField(2, each.power))
  )));
}

function readCommit(value) {
  const given = members(value, ["height", "round", "block_id", "signatures"], "commit");
  return {
    height: within("commit: height", () => whole(given.height, 1)),
    round: within("commit: round", () => whole(given.round)),
    blockId: readBlockId(given.block_id),
    signatures: list(given.signatures, MOST_VALIDATORS).map((each) => {
      const vote = members(each, ["address", "time", "signature"], "commit signature");
      return {
        address: hex(unb64u(vote.address, 20)),
        time: time(vote.time),
        signature: unb64u(vote.signature, 64),
      };
    }),
  };
}

/** Refuse unless validators with more than two thirds of the power signed, in their order, every signature verifying. */
async function checkCommit(commit, chain, validators) {
  let last = -1;
  let power = 0n;
  for (const vote of commit.signatures) {
    const place = validators.findIndex((each) => each.address === vote.address);
    if (place <= last) refuse(`commit signed by ${vote.address}, expected another validator in the set's order`);
    last = place;
    const signed = concat(
      integerField(1, 2),
      fixedField(2, commit.height),
      fixedField(3, commit.round),
      messageField(4, commit.blockId.proto),
      messageField(5, timestamp(vote.time)),
      bytesField(6, utf8(chain)),
    );
    if (!(await holdsEd25519(validators[place].publicKey, vote.signature, concat(varint(signed.length), signed)))) {
      refuse(`signature of validator ${vote.address} does not verify`);
    }
    power += validators[place].power;
  }
  const total = validators.reduce((sum, each) => sum + each.power, 0n);
  if (power * 3n <= total * 2n) refuse(`commit carries power ${power} of ${total}, expected more than two thirds`);
}
