// Merkle trees (RFC 9162 section 2) with their paths, and the sparse tree of the state.

const ZERO = new Uint8Array([0]);
const ONE = new Uint8Array([1]);

function leafHash(data) {
  return sha256(ZERO, data);
}

function nodeHash(left, right) {
  return sha256(ONE, left, right);
}

/** The root over leaves' data; the last node of an odd level rises as it is. */
async function treeRoot(leaves) {
  let level = await Promise.all(leaves.map(leafHash));
  if (!level.length) return sha256(new Uint8Array());
  while (level.length > 1) {
    const above = [];
    for (let place = 0; place < level.length; place += 2) {
      above.push(place + 1 < level.length ? await nodeHash(level[place], level[place + 1]) : level[place]);
    }
    level = above;
  }
  return level[0];
}

/** Where the siblings of a leaf's path stand, from the leaf upwards. */
function sidesOf(index, size) {
  let sides = "";
  while (size > 1) {
    if (index % 2) sides += "L";
    else if (index + 1 < size) sides += "R";
    index = Math.floor(index / 2);
    size = Math.ceil(size / 2);
  }
  return sides;
}

/** The root that a leaf hash, its path and their sides lead to. */
async function rootBySides(leaf, sides, path) {
  if (sides.length !== path.length) refuse(`path has ${path.length} hashes, expected ${sides.length}`);
  for (const [place, sibling] of path.entries()) {
    oneOf("L", "R")(sides[place]);
    leaf = sides[place] === "L" ? await nodeHash(sibling, leaf) : await nodeHash(leaf, sibling);
  }
  return leaf;
}

/** Refuse unless `key` has `value` in the state's tree with this root. */
async function checkState(key, value, siblings, root) {
  const path = await sha256(utf8(key));
  await checkWay(key, path, await sha256(ZERO, path, await sha256(utf8(canonical(value)))), siblings, root);
}

/** Refuse unless `key` is absent: nothing stands in its place, or `other`, the path and hash of another key's leaf. */
async function checkAbsent(key, other, siblings, root) {
  const path = await sha256(utf8(key));
  if (!other.length) {
    await checkWay(key, path, new Uint8Array(32), siblings, root);
    return;
  }
  const [stranger, value] = other;
  if (same(stranger, path) || siblings.some((_, depth) => bitAt(stranger, depth) !== bitAt(path, depth))) {
    refuse(`the other leaf does not stand where ${show(key)} would be`);
  }
  await checkWay(key, path, await sha256(ZERO, stranger, value), siblings, root);
}

function bitAt(path, depth) {
  return (path[depth >> 3] >> (7 - (depth & 7))) & 1;
}

async function checkWay(key, path, node, siblings, root) {
  for (let depth = siblings.length - 1; depth >= 0; depth -= 1) {
    node = await (bitAt(path, depth) ? nodeHash(siblings[depth], node) : nodeHash(node, siblings[depth]));
  }
  if (!same(node, root)) refuse(`state proof of ${show(key)} leads to root ${hex(node)}, expected ${hex(root)}`);
}
