// Bytes and their texts; every refusal of this file is a Refusal that says what was got and expected.

class Refusal extends Error {}

function refuse(message) {
  throw new Refusal(message);
}

function show(value) {
  const text = typeof value === "string" ? `'${value}'` : canonicalOrType(value);
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}

const ASCII = /^[\x00-\x7f]*$/;
const BASE64URL = /^[A-Za-z0-9_-]*$/;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const VALUES = new Map([...ALPHABET].map((letter, value) => [letter, value]));

function utf8(text) {
  return new TextEncoder().encode(text);
}

function concat(...parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let place = 0;
  for (const part of parts) {
    all.set(part, place);
    place += part.length;
  }
  return all;
}

function same(first, second) {
  return first.length === second.length && first.every((byte, place) => byte === second[place]);
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Base64url without padding (RFC 4648 section 5). */
function b64u(bytes) {
  let text = "";
  for (let place = 0; place < bytes.length; place += 3) {
    const left = bytes.length - place;
    const group = (bytes[place] << 16) | ((bytes[place + 1] || 0) << 8) | (bytes[place + 2] || 0);
    for (let letter = 0; letter < Math.min(left, 3) + 1; letter += 1) {
      text += ALPHABET[(group >> (18 - 6 * letter)) & 63];
    }
  }
  return text;
}

/** The bytes of base64url: no padding, no other alphabet, no idle bits; of `size` if that is given. */
function unb64u(text, size) {
  if (typeof text !== "string" || !BASE64URL.test(text) || text.length % 4 === 1) {
    refuse(`got ${show(text)}, expected base64url without padding`);
  }
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let place = 0;
  for (const letter of text) {
    held = ((held << 6) | VALUES.get(letter)) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[place] = (held >> bits) & 0xff;
      place += 1;
    }
  }
  if (held & ((1 << bits) - 1)) {
    refuse("base64url with unused bits that are not zero");
  }
  if (size !== undefined && bytes.length !== size) {
    refuse(`${bytes.length} bytes, expected ${size}`);
  }
  return bytes;
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", parts.length === 1 ? parts[0] : concat(...parts)));
}

/** What separates the things hashed or signed for one purpose from all others. */
function domain(kind) {
  return utf8(`tidegate/${kind}/1\0`);
}

async function commitment(kind, salt, value) {
  return sha256(domain(kind), salt, utf8(canonical(value)));
}
