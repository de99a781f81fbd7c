// JSON read strictly, and its canonical form (RFC 8785). What two readers could understand differently is refused.

const MOST_NUMBER = 400;
const DEPTH = 64;
const MOST_MARKS = 500000;
const MARKS = new Set([0x2c, 0x5b, 0x7b]);
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const PLAIN = /[^"\\\x00-\x1f]*/y;
const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const HEX = /^[0-9a-fA-F]{4}$/;

/** A number written with a fraction or an exponent: never an integer here, whatever its value. */
class Real {
  constructor(value) {
    this.value = value;
  }
}

function isObject(value) {
  return value !== null && typeof value === "object" && !Array.isArray(value) && !(value instanceof Real);
}

/** The value of a JSON text of at most `most` bytes; objects have no prototype. */
function parse(bytes, most, depth = DEPTH) {
  if (bytes.length > most) {
    refuse(`${bytes.length} bytes, expected at most ${most}`);
  }
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    refuse("byte order mark, expected UTF-8 without one");
  }
  if (bytes.reduce((count, byte) => (MARKS.has(byte) ? count + 1 : count), 0) > MOST_MARKS) {
    refuse(`more than ${MOST_MARKS} commas and opening brackets`);
  }
  return new Reader(decode(bytes), depth).whole();
}

/** The value of a JSON text that must be in canonical form, byte for byte. */
function parseCanonical(bytes, most, depth = DEPTH) {
  const value = parse(bytes, most, depth);
  if (canonical(value) !== decode(bytes)) {
    refuse("not canonical JSON (RFC 8785)");
  }
  return value;
}

function decode(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("not UTF-8");
  }
}

class Reader {
  constructor(text, depth) {
    this.text = text;
    this.depth = depth;
    this.place = 0;
  }

  whole() {
    const value = this.value(1);
    this.space();
    if (this.place !== this.text.length) {
      this.refuse("something after the value");
    }
    return value;
  }

  refuse(message) {
    refuse(`not JSON: ${message} at character ${this.place}`);
  }

  space() {
    while (" \t\n\r".includes(this.text[this.place] || "x")) {
      this.place += 1;
    }
  }

  /** Go past a character if it comes next. */
  past(character) {
    this.space();
    const found = this.text[this.place] === character;
    this.place += found ? 1 : 0;
    return found;
  }

  value(depth) {
    this.space();
    const first = this.text[this.place];
    if ((first === "{" || first === "[") && depth > this.depth) {
      this.refuse(`nested deeper than ${this.depth}`);
    }
    if (first === "{") return this.object(depth);
    if (first === "[") return this.list(depth);
    if (first === '"') return this.string();
    for (const [word, meaning] of [["null", null], ["true", true], ["false", false]]) {
      if (this.text.startsWith(word, this.place)) {
        this.place += word.length;
        return meaning;
      }
    }
    return this.number();
  }

  object(depth) {
    const found = Object.create(null);
    this.place += 1;
    if (this.past("}")) return found;
    do {
      this.space();
      const name = this.string();
      if (name in found) this.refuse(`duplicate member name ${show(name)}`);
      if (!this.past(":")) this.refuse("expected a colon");
      found[name] = this.value(depth + 1);
    } while (this.past(","));
    if (!this.past("}")) this.refuse("expected the end of an object");
    return found;
  }

  list(depth) {
    const found = [];
    this.place += 1;
    if (this.past("]")) return found;
    do {
      found.push(this.value(depth + 1));
    } while (this.past(","));
    if (!this.past("]")) this.refuse("expected the end of a list");
    return found;
  }

  string() {
    if (this.text[this.place] !== '"') this.refuse("expected a string");
    let found = "";
    this.place += 1;
    for (;;) {
      PLAIN.lastIndex = this.place;
      found += PLAIN.exec(this.text)[0];
      this.place = PLAIN.lastIndex;
      const next = this.text[this.place];
      this.place += 1;
      if (next === '"') break;
      if (next !== "\\") this.refuse("a string does not end, or holds a control character");
      found += this.escape();
    }
    if (found.includes("\0") || !found.isWellFormed()) this.refuse("NUL or a lone surrogate in a string");
    return found;
  }

  escape() {
    const letter = this.text[this.place];
    this.place += 1;
    if (letter !== "u") {
      return Object.hasOwn(ESCAPES, letter) ? ESCAPES[letter] : this.refuse("an unknown escape");
    }
    const digits = this.text.slice(this.place, this.place + 4);
    if (!HEX.test(digits)) this.refuse("an unknown escape");
    this.place += 4;
    return String.fromCharCode(parseInt(digits, 16));
  }

  number() {
    NUMBER.lastIndex = this.place;
    const match = NUMBER.exec(this.text);
    if (!match) this.refuse("expected a value");
    this.place = NUMBER.lastIndex;
    if (match[0].length > MOST_NUMBER) this.refuse("number too long");
    const value = Number(match[0]);
    if (match[1] !== undefined || match[2] !== undefined) {
      return Number.isFinite(value) ? new Real(value) : this.refuse("number out of range");
    }
    return Number.isSafeInteger(value) ? value + 0 : BigInt(match[0]);
  }
}

/** The RFC 8785 form of a value that was read. */
function canonical(value) {
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") return String(value);
  if (typeof value === "bigint") return refuse(`no canonical form: ${value} is beyond 2^53 - 1`);
  if (value instanceof Real) return String(value.value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const members = Object.keys(value).sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

function canonicalOrType(value) {
  return isObject(value) ? "an object" : typeof value === "bigint" ? String(value) : canonical(value ?? null);
}
