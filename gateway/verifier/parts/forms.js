// The forms of small things: members, integers, ids, times, keys.

const ORGANISATION = /^[a-z0-9][a-z0-9-]{1,62}$/;
const TIME = /^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,9}))?Z$/;
const USAGES = ["entries", "sealing", "receipts", "attestations"];
const CURVES = new Map([["Ed25519", ["OKP", ["crv", "kty", "x"]]], ["P-256", ["EC", ["crv", "kty", "x", "y"]]]]);

/** The value, if it is an object with exactly these members. */
function members(value, names, what) {
  const got = isObject(value) ? Object.keys(value).sort() : [];
  const expected = [...names].sort();
  if (!isObject(value) || got.length !== expected.length || got.some((name, place) => name !== expected[place])) {
    refuse(`${what} has ${show(got)}, expected exactly ${canonical(expected)}`);
  }
  return value;
}

/** The value, if it has exactly the members of `form`, each as its check says. */
function checkMembers(value, form, what) {
  members(value, Object.keys(form), what);
  for (const [name, check] of Object.entries(form)) {
    within(`${what}: ${name}`, () => check(value[name]));
  }
  return value;
}

/** Do something; a refusal of it says where. */
function within(where, action) {
  try {
    return action();
  } catch (error) {
    throw error instanceof Refusal ? new Refusal(`${where}: ${error.message}`) : error;
  }
}

function whole(value, least = 0, most = Number.MAX_SAFE_INTEGER) {
  if (typeof value !== "number" || value < least || value > most) {
    refuse(`got ${show(value)}, expected an integer from ${least} to ${most}`);
  }
  return value;
}

function string(value) {
  return typeof value === "string" ? value : refuse(`got ${show(value)}, expected a string`);
}

function ascii(value) {
  return ASCII.test(string(value)) ? value : refuse("expected ASCII text");
}

function list(value, most = 100000, least = 0) {
  if (!Array.isArray(value) || value.length < least || value.length > most) {
    refuse(`got ${show(value)}, expected a list of ${least} to ${most}`);
  }
  return value;
}

function oneOf(...known) {
  return (value) => (known.includes(value) ? value : refuse(`got ${show(value)}, expected ${known.join(" or ")}`));
}

function digest(value) {
  return unb64u(value, 32);
}

function organisation(value) {
  if (typeof value !== "string" || !ORGANISATION.test(value)) {
    refuse(`got ${show(value)}, expected an organisation id`);
  }
  return value;
}

/** Nanoseconds since 1970 of a block time, as a BigInt. */
function time(value) {
  const match = typeof value === "string" ? TIME.exec(value) : null;
  const milliseconds = match ? Date.parse(`${match[1]}Z`) : NaN;
  if (!(milliseconds >= 0) || new Date(milliseconds).toISOString().slice(0, 19) !== match[1] || /0$/.test(match[2] ?? "")) {
    refuse(`got ${show(value)}, expected a time such as 2026-11-24T09:00:00.5Z`);
  }
  return BigInt(milliseconds) * 1000000n + BigInt((match[2] ?? "").padEnd(9, "0"));
}

function instant(value) {
  const found = time(value);
  return value.length === 20 ? found : refuse(`got ${show(value)}, expected whole seconds`);
}

function publicKey(value) {
  const curve = isObject(value) && typeof value.crv === "string" ? CURVES.get(value.crv) : undefined;
  if (!curve) refuse("expected a public JWK on Ed25519 or P-256");
  const [kty, names] = curve;
  members(value, names, "public key");
  oneOf(kty)(value.kty);
  names.slice(2).forEach((coordinate) => unb64u(value[coordinate], 32));
}

function keys(value) {
  const form = { kid: digest, usage: oneOf(...USAGES), public_key: publicKey };
  list(value, 20).forEach((key) => checkMembers(key, form, "key"));
  if (new Set(value.map((key) => key.kid)).size !== value.length) refuse("a kid is listed twice");
}

function rising(values, what) {
  if (values.some((value, place) => place > 0 && !(values[place - 1] < value))) {
    refuse(`${what} are not in rising order, each once`);
  }
}
