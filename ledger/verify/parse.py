"""Step 1: read the file strictly. Unknown members, loose forms and parts that nothing names are refused."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

from ledger import receipt, record, smt
from ledger.blocks.commits import Commit
from ledger.blocks.forms import members, whole
from ledger.blocks.handovers import Handover
from ledger.blocks.headers import Header
from ledger.blocks.validators import read_validators
from ledger.bodies import one_of
from ledger.codec import canonical, parse, parse_canonical, unb64u
from ledger.consent_record import check_form
from ledger.entries import decode
from ledger.errors import CodecError
from ledger.evidence import FORMAT
from ledger.verify.case import AnchorCase, BlockCase, Case, KeyCase, OnLedger, RecordCase
from ledger.verify.sets import check_handovers

MOST_BYTES = 67_108_864
MOST_PARTS = 100_000
MOST_PATH = 64
MOST_DEPTH = 48
LEDGER_PARTS = ("anchors", "blocks", "handovers", "keys", "validators")
"""Members of every document whose parts stand on the ledger."""
TOP = (*LEDGER_PARTS, "consent", "format", "receipt", "records")
Part = TypeVar("Part")


def format_of(data: bytes) -> str | None:
    """Return what a file says that it is, such as `tidegate-evidence/1`; whether it is that, its verifier finds out."""
    try:
        value = parse(data, max_bytes=MOST_BYTES, max_depth=MOST_DEPTH)
    except CodecError:
        return None
    found = value.get("format") if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def parse_strictly(case: Case) -> None:
    """Fill the case from the file's bytes. Raises `CodecError` saying where."""
    value = members(parse_canonical(case.data, max_bytes=MOST_BYTES, max_depth=MOST_DEPTH), TOP, "evidence")
    one_of(FORMAT)(value["format"])
    read_ledger(value, case)
    case.records = [_record(each, case.anchors) for each in items(value["records"], "records")]
    _consent(value["consent"], case)
    case.receipt_jws, case.receipt = receipt.read(text(value["receipt"], "receipt"))
    check_all_named(case, value, [*(each.anchor for each in case.records), case.consent_anchor])


def read_ledger(value: Mapping[str, Any], case: OnLedger) -> None:
    """Fill the case with what a document has of the ledger (`LEDGER_PARTS`). Raises `CodecError` saying where."""
    sets = [read_validators(each) for each in items(value["validators"], "validators")]
    case.blocks = [_block(each, sets) for each in items(value["blocks"], "blocks")]
    case.anchors = [_anchor(each, case.blocks) for each in items(value["anchors"], "anchors")]
    case.handovers = [Handover.read(each) for each in items(value["handovers"], "handovers")]
    _keys(value["keys"], case)


def _block(value: object, sets: Sequence[Any]) -> BlockCase:
    given = members(value, ("commit", "header", "next", "validators"), "block")
    return BlockCase(
        Header.read(given["header"]),
        Header.read(given["next"]),
        Commit.read(given["commit"]),
        named(given["validators"], sets, "validator set"),
    )


def _anchor(value: object, blocks: Sequence[BlockCase]) -> AnchorCase:
    given = members(value, ("block", "entry", "entry_path", "result_path", "sides"), "anchor")
    return AnchorCase(
        named(given["block"], blocks, "block"),
        decode(canonical(given["entry"])),
        text(given["sides"], "sides"),
        read_path(given["entry_path"]),
        read_path(given["result_path"]),
    )


def _record(value: object, anchors: Sequence[AnchorCase]) -> RecordCase:
    given = members(value, ("anchor", "index", "path", "sd_jwt"), "record")
    presentation = text(given["sd_jwt"], "sd_jwt")
    return RecordCase(
        named(given["anchor"], anchors, "anchor"),
        whole(given["index"], "index"),
        read_path(given["path"]),
        presentation,
        record.read(presentation),
    )


def _keys(value: object, case: OnLedger) -> None:
    given = members(value, ("block", "proofs"), "keys")
    case.keys_block = named(given["block"], case.blocks, "block")
    keys = [_key(each) for each in items(given["proofs"], "proofs")]
    case.keys = {each.key: each for each in keys}
    if [each.key for each in keys] != sorted(case.keys):
        raise CodecError("keys: proofs are not sorted by key, each once")


def _key(value: object) -> KeyCase:
    given = members(value, ("key", "other", "siblings", "value"), "key proof")
    if given["other"] != []:
        raise CodecError("key proof: other is for absence, expected an empty list")
    if not isinstance(given["value"], dict):
        raise CodecError("key proof: value is no object")
    siblings = tuple(unb64u(each, size=32) for each in items(given["siblings"], "siblings", most=smt.DEPTH))
    return KeyCase(text(given["key"], "key"), given["value"], smt.Proof(siblings))


def _consent(value: object, case: Case) -> None:
    given = members(value, ("anchor", "record", "salt"), "consent")
    case.consent_anchor = named(given["anchor"], case.anchors, "anchor")
    case.consent = check_form(given["record"])
    case.consent_salt = unb64u(given["salt"], size=32)


def check_all_named(case: OnLedger, value: Mapping[str, Any], anchors: Iterable[AnchorCase]) -> None:
    """Refuse parts that nothing names: nothing in the file may be idle. `anchors` are those that its contents name."""
    _check_order([each.header.height for each in case.blocks], "blocks")
    if {id(each.block) for each in case.anchors} | {id(case.keys_block)} != {id(each) for each in case.blocks}:
        raise CodecError("a block stands in the file that nothing names")
    if {id(each) for each in anchors} != {id(each) for each in case.anchors}:
        raise CodecError("an anchor stands in the file that nothing names")
    if {each["validators"] for each in value["blocks"]} != set(range(len(value["validators"]))):
        raise CodecError("a validator set stands in the file that nothing names")
    check_handovers(case.handovers, [block.next.height for block in case.blocks])


def _check_order(heights: Sequence[int], what: str) -> None:
    if any(first >= second for first, second in pairwise(heights)):
        raise CodecError(f"{what} are not in order of height, each once")


def named(number: object, parts: Sequence[Part], what: str) -> Part:
    """Return the part of this number. Raises `CodecError` if there is none."""
    place = whole(number, what)
    if place >= len(parts):
        raise CodecError(f"{what} {place} is named, the file has {len(parts)}")
    return parts[place]


def items(value: object, what: str, *, most: int = MOST_PARTS) -> list[Any]:
    """Return a list of the file within its bound. Raises `CodecError`."""
    if not isinstance(value, list) or len(value) > most:
        raise CodecError(f"{what}: expected a list of at most {most}")
    return value


def read_path(value: object) -> tuple[bytes, ...]:
    """Return the hashes of an inclusion path. Raises `CodecError`."""
    return tuple(unb64u(each, size=32) for each in items(value, "path", most=MOST_PATH))


def text(value: object, what: str) -> str:
    """Return a text of ASCII. Raises `CodecError`."""
    if not isinstance(value, str) or not value.isascii():
        raise CodecError(f"{what}: expected ASCII text")
    return value
