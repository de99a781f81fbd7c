"""Verify a state proof offline, in five steps: the first four are those of evidence, for one header."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ledger import smt
from ledger.blocks.commits import Commit, verify_commit
from ledger.blocks.forms import members
from ledger.blocks.handovers import Handover
from ledger.blocks.headers import Header
from ledger.blocks.times import to_datetime
from ledger.blocks.validators import Validator, read_validators
from ledger.bodies import one_of
from ledger.codec import canonical, parse_canonical, unb64u
from ledger.errors import CodecError, VerificationError
from ledger.state_proof import FORMAT, MEMBERS, MOST_BYTES, MOST_DEPTH, MOST_PROOFS
from ledger.trust import MOST_FORMER, Trust
from ledger.verify.sets import check_handovers, trusted_sets, verify_headers, verify_set
from ledger.verify.steps import run, trusted
from ledger.verify.verdict import NotEnough, headline
from ledger.verify.words import says


@dataclass(frozen=True, slots=True)
class Statement:
    """What is proved of one key of the state: its value (None: it is absent), and that in words."""

    key: str
    value: Mapping[str, Any] | None
    says: str


@dataclass(frozen=True, slots=True)
class StateVerdict:
    """What was proved, as of the header at `height`, whose time is the validators'. `caveats` in sentences."""

    chain: str
    engine: str
    height: int
    at: datetime
    statements: tuple[Statement, ...]
    caveats: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        line = f"OK: as of height {self.height}, {self.at:%Y-%m-%dT%H:%M:%SZ}"
        return headline(line, self.engine)


@dataclass(frozen=True, slots=True)
class _Proved:
    key: str
    value: Mapping[str, Any] | None
    proof: smt.Proof


@dataclass(slots=True)
class _Case:
    data: bytes
    trust: Trust
    header: Header = field(init=False)
    commit: Commit = field(init=False)
    validators: tuple[Validator, ...] = field(init=False)
    handovers: list[Handover] = field(init=False)
    proofs: list[_Proved] = field(init=False)
    statements: list[Statement] = field(init=False)


def verify(
    document: bytes,
    trust: bytes,
    *,
    require: frozenset[str] = frozenset(),
    max_age: timedelta | None = None,
    now: datetime,
) -> StateVerdict:
    """Return what a state proof proves against a trust file.

    `require` may hold `cometbft`. Raises `VerificationError` with the number of the step that failed, or `NotEnough`
    if it holds but its header is older than `max_age`, or the ledger is not what is required.
    """
    case = _Case(document, trusted(trust))
    run(STEPS, case)
    verdict = _verdict(case)
    if "cometbft" in require and verdict.engine != "cometbft":
        raise NotEnough(f"required a cometbft ledger, the trust file's is {verdict.engine}: one operator's word")
    if max_age is not None and now - verdict.at > max_age:
        raise NotEnough(f"the state proof is of {verdict.at:%Y-%m-%dT%H:%M:%SZ}, older than {max_age}")
    return verdict


def _read(case: _Case) -> None:
    """Step 1: the file is in its one form, and nothing idle stands in it."""
    value = members(parse_canonical(case.data, max_bytes=MOST_BYTES, max_depth=MOST_DEPTH), MEMBERS, "state proof")
    one_of(FORMAT)(value["format"])
    case.header, case.commit = Header.read(value["header"]), Commit.read(value["commit"])
    case.validators = read_validators(value["validators"])
    case.handovers = [Handover.read(each) for each in _list(value["handovers"], "handovers", most=MOST_FORMER)]
    check_handovers(case.handovers, [case.header.height])
    case.proofs = [_proof(each) for each in _list(value["proofs"], "proofs", least=1, most=MOST_PROOFS)]
    keys = [each.key for each in case.proofs]
    if keys != sorted(set(keys)):
        raise CodecError("proofs are not sorted by key, each once")


def _proof(value: object) -> _Proved:
    given = members(value, ("key", "other", "siblings", "value"), "proof")
    key, content = given["key"], given["value"]
    if not isinstance(key, str) or not key.isascii():
        raise CodecError("proof: key: expected ASCII text")
    if content is not None and not isinstance(content, dict):
        raise CodecError("proof: value: expected an object, or null for absence")
    other = [unb64u(each, size=32) for each in _list(given["other"], "other", most=0 if content is not None else 2)]
    if len(other) == 1:
        raise CodecError("proof: other: expected nothing, or path and hash of another leaf")
    siblings = tuple(unb64u(each, size=32) for each in _list(given["siblings"], "siblings", most=smt.DEPTH))
    return _Proved(key, content, smt.Proof(siblings, (other[0], other[1]) if other else None))


def _list(value: object, what: str, *, most: int, least: int = 0) -> Sequence[Any]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise CodecError(f"{what}: expected a list of {least} to {most}")
    return value


def _validators_are_trusted(case: _Case) -> None:
    """Step 2: the header is of the trusted chain, and its set a trusted one or handed over to."""
    headers = [case.header, *(each.header for each in case.handovers)]
    verify_headers(case.trust, headers, what="state proof")
    verify_set(trusted_sets(case.trust, case.handovers), case.header, case.validators)


def _validators_signed(case: _Case) -> None:
    """Step 3: the commit is for the header's height, and carries more than two thirds of the set's power."""
    if case.commit.height != case.header.height:
        raise VerificationError(f"commit for height {case.commit.height}, expected {case.header.height}")
    verify_commit(case.commit, chain=case.trust.chain, validators=case.validators)


def _header_is_what_was_committed(case: _Case) -> None:
    """Step 4: the commit is for this very header."""
    if case.commit.block_id.hash != case.header.hash():
        raise VerificationError(f"header {case.header.height} is not the one that was committed")


def _keys_are_in_the_state(case: _Case) -> None:
    """Step 5: each proof leads to the header's app hash, and each value has the form of its kind."""
    root = case.header.app_hash
    case.statements = []
    for each in case.proofs:
        if each.value is None:
            smt.verify_absent(key=each.key, proof=each.proof, root=root)
        else:
            smt.verify_member(key=each.key, value=canonical(each.value), proof=each.proof, root=root)
        case.statements.append(Statement(each.key, each.value, says(each.key, each.value, case.header)))


STEPS: tuple[tuple[str, Callable[[_Case], None]], ...] = (
    ("parse strictly", _read),
    ("chain and validator sets against trust", _validators_are_trusted),
    ("commit signatures", _validators_signed),
    ("header hash", _header_is_what_was_committed),
    ("keys in the state", _keys_are_in_the_state),
)
"""The steps in their order; a step is known by its number, counted from 1."""


def _verdict(case: _Case) -> StateVerdict:
    caveats = ["What became of it after that height cannot be seen in a file."]
    if case.trust.engine == "embedded":
        caveats.append("The ledger is embedded: its history rests on the word of one operator.")
    return StateVerdict(
        chain=case.trust.chain,
        engine=case.trust.engine,
        height=case.header.height,
        at=to_datetime(case.header.time),
        statements=tuple(case.statements),
        caveats=tuple(caveats),
    )
