"""Cut a page of records to what a permit lets be seen, and say what is left out and why."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import schemas
from gateway.access import parties
from gateway.access.parties import Agreed, Concern, Other
from gateway.access.rules import Cut, Permit
from gateway.anchoring.reads import AnchoredLeaf
from gateway.pull.rows import Candidate
from gateway.records import crypto
from gateway.records.holders import unwrap
from gateway.records.store import disclosures
from ledger import record
from ledger.codec import unb64u
from ledger.evidence import Anchor, RecordPart, record_part
from ledger.sdjwt import Disclosure, combine, sd_hash


@dataclass(frozen=True, slots=True)
class Page:
    """The records handed out, what their receipt says of them, and what they need of the ledger."""

    parts: tuple[RecordPart, ...]
    hashes: tuple[str, ...]
    omitted: tuple[dict[str, Any], ...]
    anchors: Mapping[str, Anchor]
    keys: frozenset[str]
    """The state's keys of their sealers."""
    relied: frozenset[tuple[str, int]]
    """Consents of other parties, and their versions, without which the records would show less."""


def cut(
    candidates: Sequence[Candidate],
    permit: Permit,
    leaves: Mapping[str, AnchoredLeaf],
    *,
    master: bytes,
    gateway_id: str,
    agreed: Sequence[Agreed] = (),
) -> Page:
    """Return the page. A record that is not final yet is `pending`, one whose key was deleted is `erased`.

    `agreed`: what other parties that the records name permit the same bank.
    """
    parts, hashes, keys, relied = [], [], set(), set[tuple[str, int]]()
    anchors: dict[str, Anchor] = {}
    omitted: Counter[tuple[str, str]] = Counter()
    for each in candidates:
        if not permit.covers(product=each.product, identifiers=each.identifiers, day=each.day):
            continue
        leaf = leaves.get(each.id)
        shown = None if leaf is None else _presentation(each, permit.products[each.product], master, agreed)
        if leaf is None or shown is None:
            omitted[each.product, "pending" if leaf is None else "erased"] += 1
            continue
        anchors[leaf.entry.entry_id] = leaf.entry.anchor
        parts.append(record_part(entry_id=leaf.entry.entry_id, leaf=leaf.leaf, presentation=shown.text))
        hashes.append(sd_hash(shown.text))
        omitted.update((each.product, concern.reason) for concern in shown.lacking)
        relied |= shown.relied
        issuer = each.provider_id if each.level == "provider_sealed" else gateway_id
        keys.add(f"key/{issuer}/{_kid(each.jwt.partition('.')[0])}")
    told = tuple(
        {"product": product, "reason": reason, "count": omitted[product, reason]} for product, reason in sorted(omitted)
    )
    return Page(tuple(parts), tuple(hashes), told, anchors, frozenset(keys), frozenset(relied))


@dataclass(frozen=True, slots=True)
class _Shown:
    """A record as it is handed out, whom concerns what it lacks for want of a consent, and the consents relied upon."""

    text: str
    lacking: frozenset[Concern] = frozenset()
    relied: frozenset[tuple[str, int]] = frozenset()


def _presentation(each: Candidate, cut: Cut, master: bytes, agreed: Sequence[Agreed]) -> _Shown | None:
    if each.holder_key is None or each.wrapped_key is None or each.disclosures is None:
        return None
    envelope = crypto.Envelope(each.wrapped_key, each.disclosures)
    all_of_it = disclosures(unwrap(master, each.holder, each.holder_key), each.id, envelope)
    shape = tuple([(pointer, parent) for pointer, parent, _ in all_of_it])
    personal = schemas.personal(each.product, each.version)
    if not each.parties:
        return _Shown(combine(each.jwt, [all_of_it[number][2] for number in _chosen(shape, cut, personal)]))
    owner = each.holder.removeprefix("owner/")
    among, relied = parties.others(
        each.parties, owner, agreed, product=each.product, identifiers=each.identifiers, day=each.day
    )
    found = [Disclosure(*part) for part in all_of_it]
    concerns = parties.concerned(found, schemas.concerns(each.product, each.version))
    chosen, lacking = _chosen_among(shape, cut, personal, concerns, among)
    return _Shown(combine(each.jwt, [all_of_it[number][2] for number in chosen]), lacking, relied)


@lru_cache(maxsize=2048)
def _chosen(shape: tuple[tuple[str, int | None], ...], cut: Cut, personal_fields: tuple[str, ...]) -> tuple[int, ...]:
    """Return the numbers of the disclosures to hand out: records of one shape (pointers and parents) are cut alike."""
    found = [Disclosure(pointer, parent, "") for pointer, parent in shape]
    return tuple(record.cut(found, fields=cut.fields, personal=cut.personal, personal_fields=personal_fields))


@lru_cache(maxsize=2048)
def _chosen_among(
    shape: tuple[tuple[str, int | None], ...],
    cut: Cut,
    personal_fields: tuple[str, ...],
    concerns: tuple[Concern | None, ...],
    among: tuple[Other, ...],
) -> tuple[tuple[int, ...], frozenset[Concern]]:
    """Return what to hand out of a record that names other parties, and whom concerns what it lacks for that."""
    found = [Disclosure(pointer, parent, "") for pointer, parent in shape]
    withheld = parties.withheld(found, concerns, among, personal_fields)
    chosen = record.cut(
        found, fields=cut.fields, personal=cut.personal, personal_fields=personal_fields, withheld=withheld
    )
    lost = (set(_chosen(shape, cut, personal_fields)) & withheld.keys()) - set(chosen)
    return tuple(chosen), frozenset(withheld[number] for number in lost)


@lru_cache(maxsize=256)
def _kid(head: str) -> str:
    return str(json.loads(unb64u(head))["kid"])


@lru_cache(maxsize=4096)
def signers(rest: bytes) -> tuple[str, ...]:
    """Return the state's keys that signed the entry in an anchor's fragment."""
    entry = json.loads(b'{"block":0' + rest)["entry"]
    return tuple(f"key/{each['org']}/{each['kid']}" for each in entry["signatures"])
