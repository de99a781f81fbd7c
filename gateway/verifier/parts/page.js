// The page: takes the files, shows the outcome. Texts are set as text, never as HTML.

const form = document.getElementById("files");
const outcome = document.getElementById("outcome");
const inputs = { evidence: form.elements.evidence, trust: form.elements.trust };
const held = { evidence: null, trust: null };
const TRUST_MARK = '"format":"tidegate-trust/';
const TOO_OLD = "This browser lacks what the check needs (Ed25519 in WebCrypto). A newer Chrome, Edge, Firefox or Safari has it.";
const NOT_SECURE = "This page must come over https, from this computer's own localhost, or from a file on its disk.";

const STANDS_ON_TRUST = "All of this stands on the trust file. Compare its fingerprint with two of its founders, not by the way the file came:";

/** An element with classes, text and children. */
function make(tag, { className = "", text = "", id = "" } = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  if (id) element.id = id;
  element.append(...children);
  return element;
}

function facts(rows) {
  const pairs = rows.map(([name, value]) => make("div", {}, make("dt", { text: name }), make("dd", { text: value })));
  return make("dl", { className: "summary" }, ...pairs);
}

function card(title, ...children) {
  return make("section", { className: "card" }, make("h2", { text: title }), ...children);
}

function readable(instantText) {
  return instantText.replace("T", " ").replace("Z", " UTC");
}

function stepsCard(list, failed) {
  const items = list.map(([name], place) => {
    const number = place + 1;
    const state = failed === null || number < failed ? "passed" : number === failed ? "failed" : "not reached";
    const mark = make("span", { className: `mark ${state.replace(" ", "-")}`, text: state });
    return make("li", {}, make("span", { text: name }), mark);
  });
  return card(`The ${list === STEPS ? "twelve" : "five"} steps`, make("ol", { className: "checks" }, ...items));
}

function recordCard(record, number) {
  const level = record.level === "provider_sealed" ? "sealed by its provider" : "attested by the gateway";
  return card(
    `Record ${number + 1}: ${record.product.replaceAll("_", " ")}`,
    make("p", {}, make("span", { className: `tag ${record.level}`, text: level })),
    facts([
      ["Whose word it is", record.provider],
      ["Form", `${record.product}, version ${record.version}`],
      ["Anchored", `at height ${record.anchored_height}, ${readable(record.anchored_at)}`],
    ]),
    make("details", {}, make("summary", { text: "What it shows" }), make("pre", { text: pretty(record.claims, "") })),
  );
}

/** JSON over several lines, members as they came. */
function pretty(value, indent) {
  const deeper = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((element) => deeper + pretty(element, deeper))
    : isObject(value)
      ? Object.keys(value).map((name) => `${deeper}${JSON.stringify(name)}: ${pretty(value[name], deeper)}`)
      : null;
  if (lines === null) return typeof value === "bigint" ? String(value) : canonical(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return lines.length ? `${open}\n${lines.join(",\n")}\n${indent}${close}` : open + close;
}

function verified(found, fingerprint) {
  const embedded = found.engine === "embedded" ? " (embedded ledger: one operator's word)" : "";
  const count = found.records.length === 1 ? "1 record" : `${found.records.length} records`;
  return [
    make("div", { className: "verdict good" },
      make("h2", { text: "Verified" }),
      make("p", { text: `${count} of ${found.owner}, given to ${found.bank} under a consent that the owner signed${embedded}.` })),
    card("What was proved", facts([
      ["Consent", `${found.consent}, version ${found.version}`],
      ["In force since", `height ${found.granted_height}, ${readable(found.granted_at)} by the validators' clock`],
      ["Pulled", `${readable(found.pulled_at)} by the clock of ${found.gateway}`],
      ["Keys as of", `height ${found.keys_height}, ${readable(found.keys_at)}`],
      ["Chain", `${found.chain}, ledger ${found.engine}`],
      ...found.omitted.map(({ count: left, product: name, reason }) => ["Left out", `${left} ${name}, ${reason}`]),
    ])),
    ...found.records.map(recordCard),
    make("section", { className: "warning" },
      make("h2", { text: "What was not proved" }),
      make("ul", {}, ...found.caveats.map((text) => make("li", { text })))),
    card("The trust file",
      make("p", { text: STANDS_ON_TRUST }),
      make("p", { className: "code", text: fingerprint })),
    stepsCard(STEPS, null),
  ];
}

function stateVerified(found, fingerprint) {
  const embedded = found.engine === "embedded" ? " (embedded ledger: one operator's word)" : "";
  return [
    make("div", { className: "verdict good" },
      make("h2", { text: "Verified" }),
      make("p", { text: `What the ledger's state says as of height ${found.height}, ${readable(found.at)} by the validators' clock${embedded}.` })),
    card("What was proved", make("ul", {}, ...found.statements.map(({ says: text }) => make("li", { className: "code", text })))),
    make("section", { className: "warning" },
      make("h2", { text: "What was not proved" }),
      make("ul", {}, ...found.caveats.map((text) => make("li", { text })))),
    card("The trust file",
      make("p", { text: STANDS_ON_TRUST }),
      make("p", { className: "code", text: fingerprint })),
    stepsCard(STATE_STEPS, null),
  ];
}

function failed(list, { step, name, message }) {
  return [
    make("div", { className: "verdict bad" },
      make("h2", { text: "Not valid" }),
      make("p", { text: `Step ${step} of ${list.length} failed, ${name}.` }),
      make("p", { className: "code", text: message })),
    stepsCard(list, step),
  ];
}

function say(...children) {
  outcome.replaceChildren(...children);
  outcome.focus();
}

function trouble(text) {
  say(make("div", { className: "verdict bad" }, make("h2", { text: "Nothing was checked" }), make("p", { text })));
}

async function missing() {
  if (!globalThis.crypto?.subtle) return NOT_SECURE;
  try {
    await crypto.subtle.importKey("raw", new Uint8Array(32), { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return TOO_OLD;
  }
  return "".isWellFormed && Array.prototype.findLast ? null : TOO_OLD;
}

async function run() {
  const [evidence, trust] = [held.evidence, held.trust];
  const bank = form.elements.audience.value.trim();
  const state = isStateProof(evidence);
  const result = await (state ? verifyStateProof(evidence, trust) : verifyEvidence(evidence, trust, bank || null));
  if (result.step !== null) {
    say(...failed(state ? STATE_STEPS : STEPS, result));
    return;
  }
  const fingerprint = hex(await sha256(trust)).match(/.{4}/g).join(" ");
  say(...(state ? stateVerified : verified)(result.verdict, fingerprint));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const lacking = await missing();
    if (lacking) trouble(lacking);
    else if (!held.evidence || !held.trust) trouble("Choose both files: the evidence and the trust file.");
    else await run();
  } catch (error) {
    trouble(`This page stumbled over the file, so nothing is proved: ${error.message}`);
  } finally {
    button.disabled = false;
  }
});

async function take(kind, file) {
  held[kind] = file ? new Uint8Array(await file.arrayBuffer()) : null;
  document.getElementById(`${kind}-name`).textContent = file ? `${file.name}, ${file.size.toLocaleString("en")} bytes` : "";
  outcome.replaceChildren();
}

for (const [kind, input] of Object.entries(inputs)) {
  input.addEventListener("change", () => take(kind, input.files[0]));
}

document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", async (event) => {
  event.preventDefault();
  for (const file of event.dataTransfer.files) {
    const isTrust = (await file.slice(0, MOST_TRUST).text()).includes(TRUST_MARK);
    await take(isTrust ? "trust" : "evidence", file);
  }
});

globalThis.tidegate = { canonical, unb64u, verifyEvidence, verifyStateProof };
