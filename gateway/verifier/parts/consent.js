// The consent record: its form, the passkey's signature under it, and what it covers.

const SIGNED = [
  "schema_version", "consent", "version", "previous", "nonce", "parties", "notice", "purpose", "data", "limits",
];
const RP_ID = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;
const ORIGIN = /^(https?):\/\/([a-z0-9.-]+)(?::[0-9]{1,5})?$/;
const USER_PRESENT_AND_VERIFIED = 0x05;
const READ = {
  "schema_version": oneOf("tidegate-consent/1"),
  "consent": digest,
  "version": (value) => whole(value, 1),
  "parties/owner/id": organisation,
  "parties/bank/id": organisation,
  "parties/gateway/id": organisation,
  "parties/gateway/rp_id": (value) => RP_ID.test(string(value)) || refuse("expected a domain name in lower case"),
  "data/products": strings,
  "data/fields": stringsByName,
  "data/personal": stringsByName,
  "data/identifiers": (value) => list(value, Infinity),
  "data/period": (value) => value === null || isObject(value) || refuse("expected an object or null"),
  "limits/start": instant,
  "limits/expires_at": instant,
  "proof": proof,
};

function strings(value) {
  list(value, Infinity).forEach(string);
}

function stringsByName(value) {
  if (!isObject(value)) refuse("expected an object");
  Object.keys(value).forEach((name) => strings(value[name]));
}

function text(value) {
  return string(value) || refuse("expected text");
}

function proof(value) {
  const hasChecker = isObject(value) && "checker" in value;
  members(value, ["digest", "credential", "assertion", ...(hasChecker ? ["checker"] : [])], "proof");
  digest(value.digest);
  passkeySignature(value);
  if (!hasChecker) return;
  members(value.checker, ["person", "credential", "assertion"], "checker");
  checkMembers(value.checker.person, { id: text, authority: text, method: text }, "person");
  passkeySignature(value.checker);
}

function passkeySignature({ credential, assertion }) {
  const bytes = (given) => unb64u(given);
  checkMembers(credential, { public_key: bytes, salt: digest }, "credential");
  const form = { credential_id: bytes, authenticator_data: bytes, client_data_json: bytes, signature: bytes };
  checkMembers(assertion, form, "assertion");
}

/** What a record says of how many must sign: 2, with the one who signed first, or nothing. */
function requiredPeople(parties) {
  if (!("people_required" in parties)) return;
  oneOf(2)(parties.people_required);
  const people = list(parties.people, 1, 1);
  text(isObject(people[0]) ? people[0].id : null);
}

function checkConsentForm(record) {
  members(record, [...SIGNED, "status", "events", "proof"], "consent record");
  for (const [place, check] of Object.entries(READ)) {
    within(`consent record: ${place}`, () => check(place.split("/").reduce((value, step) => (
      isObject(value) && step in value ? value[step] : refuse("expected to be there")
    ), record)));
  }
  within("consent record: parties", () => requiredPeople(record.parties));
  return record;
}

/** Each signature under a record, the first person's first. */
function consentSignatures({ proof: given }) {
  return "checker" in given ? [given, given.checker] : [given];
}

/** The keys of the state under which the passkeys of a consent record stand. */
function credentialKeys(record) {
  return Promise.all(consentSignatures(record).map(async ({ credential }) => {
    const value = { owner: record.parties.owner.id, public_key: credential.public_key };
    return `credential/${b64u(await commitment("credential", unb64u(credential.salt), value))}`;
  }));
}

/** Refuse unless each person who must signed the record by passkey, verified, on a page of the gateway's domain. */
async function checkAssertions(record) {
  const signed = Object.fromEntries(SIGNED.map((name) => [name, record[name]]));
  const challenge = b64u(await sha256(utf8(canonical(signed))));
  if (record.proof.digest !== challenge) {
    refuse(`the record's digest is ${challenge}, its proof says ${record.proof.digest}`);
  }
  checkPeople(record);
  for (const each of consentSignatures(record)) await checkSignature(each, challenge, record.parties.gateway.rp_id);
}

function checkPeople(record) {
  const [first, second] = consentSignatures(record);
  const got = second ? 2 : 1;
  const expected = record.parties.people_required ?? 1;
  if (got !== expected) refuse(`${got} signed, expected ${expected}: the record says how many must`);
  if (!second) return;
  if (second.person.id === record.parties.people[0].id) refuse(`the same person signed twice: ${second.person.id}`);
  if (first.credential.public_key === second.credential.public_key) refuse("the same passkey signed twice");
}

async function checkSignature({ credential, assertion }, challenge, rpId) {
  const client = unb64u(assertion.client_data_json);
  const authenticator = unb64u(assertion.authenticator_data);
  checkClientData(parse(client, 4096), challenge, rpId);
  await checkAuthenticatorData(authenticator, rpId);
  const data = concat(authenticator, await sha256(client));
  await checkCose(unb64u(credential.public_key), unb64u(assertion.signature), data);
}

function checkClientData(data, challenge, rpId) {
  if (!isObject(data) || data.type !== "webauthn.get") refuse("the passkey's client data is not of type webauthn.get");
  if (data.challenge !== challenge) {
    refuse(`the passkey signed challenge ${show(data.challenge)}, expected ${show(challenge)}`);
  }
  const match = typeof data.origin === "string" ? ORIGIN.exec(data.origin) : null;
  const own = match && below(match[2], rpId) && (match[1] === "https" || below(match[2], "localhost"));
  if (!own || data.crossOrigin === true) {
    refuse(`the passkey signed at ${show(data.origin)}, expected an origin of ${show(rpId)}`);
  }
}

function below(host, domainName) {
  return host === domainName || host.endsWith(`.${domainName}`);
}

async function checkAuthenticatorData(data, rpId) {
  if (data.length < 37) refuse(`authenticator data of ${data.length} bytes, expected 37 or more`);
  if (!same(data.slice(0, 32), await sha256(utf8(rpId)))) refuse(`the passkey is of another domain than ${show(rpId)}`);
  if ((data[32] & USER_PRESENT_AND_VERIFIED) !== USER_PRESENT_AND_VERIFIED) {
    refuse("the passkey signed without verifying its user");
  }
}

/** Refuse unless what a record shows lies within the owner's data terms. */
function checkWithin(record, data) {
  const { name, version } = record.product;
  if (!data.products.includes(name)) refuse(`it is a ${name}, the consent covers ${data.products.join(", ")}`);
  if ("original" in record.claims && record.withheld) {
    refuse("it shows its original's digest though not all of it is shown");
  }
  const personal = PERSONAL[`${name}:${version}`];
  if (!personal) refuse(`${name} ${version} is not known here; known: ${Object.keys(PERSONAL).join(", ")}`);
  const named = name in data.personal ? data.personal[name] : [];
  const wide = name in data.fields ? [...data.fields[name], ...named] : [""];
  for (const place of places(record.claims, "")) {
    const granted = personal.some((pointer) => covers(pointer, place)) ? named : wide;
    const allowed = granted.some((pointer) => covers(pointer, place) || covers(place, pointer));
    if (!allowed && !covers("/original", place)) refuse(`it shows ${place}, which the consent does not cover`);
  }
}

function covers(pointer, place) {
  return place === pointer || place.startsWith(`${pointer}/`);
}

function places(value, pointer) {
  if (Array.isArray(value)) return value.flatMap((element) => places(element, pointer));
  if (!isObject(value)) return [];
  return Object.keys(value).flatMap((name) => {
    const place = `${pointer}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
    return [place, ...places(value[name], place)];
  });
}
