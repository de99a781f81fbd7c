"""Verify what a bank attested of a consent offline: its signatures, the gateway's, and the places on the ledger."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ledger import attestation, jws
from ledger.attestation import FORMAT, MOST_OF_CONSENT, Acknowledgement, Attestation
from ledger.blocks.forms import members, whole
from ledger.blocks.times import to_text
from ledger.bodies import digest, one_of
from ledger.codec import parse_canonical, unb64u
from ledger.errors import CodecError, VerificationError
from ledger.jws import Jws
from ledger.merkle import verify_inclusion
from ledger.record import leaf
from ledger.verify.case import AnchorCase, OnLedger
from ledger.verify.parse import LEDGER_PARTS, MOST_DEPTH, check_all_named, items, named, read_ledger, read_path, text
from ledger.verify.signers import Signer, check_signers, entries_are_signed, of_entries
from ledger.verify.steps import CHAIN, run, trusted
from ledger.verify.verdict import headline

MOST_BYTES = 16_777_216
TOP = (*LEDGER_PARTS, "attestations", "consent", "format")
MEMBERS = ("acknowledgement", "anchor", "attestation", "index", "path")


@dataclass(frozen=True, slots=True)
class AttestationCase:
    """An attestation with its acknowledgement, and its place in a batch; None if that was not final yet."""

    compact: str
    jws: Jws
    said: Attestation
    acknowledgement_jws: Jws
    acknowledgement: Acknowledgement
    anchor: AnchorCase | None
    index: int
    path: tuple[bytes, ...]


@dataclass(slots=True, kw_only=True)
class AttestationsCase(OnLedger):
    """One verification of a consent's attestations."""

    consent: str = ""
    attestations: list[AttestationCase] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class AttestationVerdict:
    """What a bank attested of what it pulled; `received_at` by the gateway's clock, `anchored_at` the validators'."""

    version: int
    pulled_until: str
    deleted_at: str | None
    law: str | None
    retained_until: str | None
    received_at: str
    key: str
    """The `kid` of the bank's key."""
    height: int | None
    anchored_at: str | None


@dataclass(frozen=True, slots=True)
class AttestationsVerdict:
    """What a bank signed of a consent, in order of arrival. `caveats` in sentences."""

    chain: str
    engine: str
    consent: str
    owner: str
    bank: str
    gateway: str
    attestations: tuple[AttestationVerdict, ...]
    caveats: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The verdict in one line."""
        line = f"OK: {len(self.attestations)} attestations of {self.bank} about data of {self.owner},"
        return headline(f"{line} consent {self.consent}", self.engine)


def verify(data: bytes, trust: bytes) -> AttestationsVerdict:
    """Return what the attestations of a consent prove against a trust file.

    Raises `VerificationError` with the number of the step that failed.
    """
    case = AttestationsCase(data=data, trust=trusted(trust), what="attestations")
    run(STEPS, case)
    return _verdict(case)


def _read(case: AttestationsCase) -> None:
    """Step 1: the file is in its one form, and nothing idle stands in it."""
    value = members(parse_canonical(case.data, max_bytes=MOST_BYTES, max_depth=MOST_DEPTH), TOP, "attestations")
    one_of(FORMAT)(value["format"])
    digest(value["consent"])
    case.consent = value["consent"]
    read_ledger(value, case)
    found = items(value["attestations"], "attestations", most=MOST_OF_CONSENT)
    case.attestations = [_attestation(each, case) for each in found]
    if not case.attestations:
        raise CodecError("expected one attestation at least")
    check_all_named(case, value, [each.anchor for each in case.attestations if each.anchor is not None])


def _attestation(value: object, case: AttestationsCase) -> AttestationCase:
    given = members(value, MEMBERS, "attestation")
    compact = text(given["attestation"], "attestation")
    anchor = None if given["anchor"] is None else named(given["anchor"], case.anchors, "anchor")
    index, path = whole(given["index"], "index"), read_path(given["path"])
    if anchor is None and (index or path):
        raise CodecError("an attestation that is on no batch has a place in one")
    return AttestationCase(
        compact,
        *attestation.read(compact),
        *attestation.read_acknowledgement(text(given["acknowledgement"], "acknowledgement")),
        anchor,
        index,
        path,
    )


def _keys_were_valid(case: AttestationsCase) -> None:
    """Step 7: as that of evidence, for the entries, and for the key of the acknowledgements under header A."""
    at = case.header_a.height
    signed = (
        Signer(f"key/{each.acknowledgement.iss}/{each.acknowledgement_jws.kid}", "receipts", at)
        for each in case.attestations
    )
    check_signers(case, (*of_entries(case, anchored=True), *signed))


def _leaves_are_in_their_batches(case: AttestationsCase) -> None:
    """Step 9: each attestation's leaf is in its batch, which the gateway anchored."""
    for each in case.attestations:
        if each.anchor is None:
            continue
        entry, gateway = each.anchor.entry, each.acknowledgement.iss
        if entry.type != "batch.anchor" or entry.body["stream"] != "attestations":
            raise VerificationError(f"an attestation is anchored by {entry.type}, expected a batch of attestations")
        if [signature.org for signature in entry.signatures] != [gateway]:
            raise VerificationError(f"a batch of attestations is not anchored by {gateway}")
        verify_inclusion(
            leaf=leaf(each.compact),
            index=each.index,
            size=entry.body["size"],
            path=each.path,
            expected=unb64u(entry.body["root"]),
        )


def _acknowledgements_are_the_gateways(case: AttestationsCase) -> None:
    """Step 10: each is acknowledged by one gateway, as of one owner and bank, and of this consent."""
    first = case.attestations[0].acknowledgement
    for each in case.attestations:
        said = each.acknowledgement
        if (said.iss, said.sub, said.aud, said.consent) != (first.iss, first.sub, first.aud, case.consent):
            raise VerificationError("the acknowledgements are not of one gateway, owner, bank and consent")
        if said.attestation != attestation.hash_of(each.compact):
            raise VerificationError(f"an acknowledgement is of {said.attestation}, which stands elsewhere")
        key = case.key_of(said.iss, each.acknowledgement_jws.kid)
        if key is None:
            raise VerificationError(f"no receipts key of {said.iss} is proved")
        jws.verify(each.acknowledgement_jws, key["public_key"])


def _the_bank_signed(case: AttestationsCase) -> None:
    """Step 11: each attestation is by that bank, of this consent, and signed by the key that was acknowledged."""
    for each in case.attestations:
        if (each.said.iss, each.said.consent) != (each.acknowledgement.aud, case.consent):
            raise VerificationError(f"an attestation is of {each.said.iss} about {each.said.consent}")
        jws.verify(each.jws, each.acknowledgement.key)


STEPS: tuple[tuple[str, Callable[[Any], None]], ...] = (
    ("parse strictly", _read),
    *CHAIN,
    ("keys in the state", _keys_were_valid),
    ("entry signatures", entries_are_signed),
    ("attestations in their batches", _leaves_are_in_their_batches),
    ("the gateway's acknowledgements", _acknowledgements_are_the_gateways),
    ("the bank's signatures", _the_bank_signed),
)
"""The steps in their order; a step is known by its number, counted from 1."""


def _verdict(case: AttestationsCase) -> AttestationsVerdict:
    first = case.attestations[0].acknowledgement
    return AttestationsVerdict(
        chain=case.trust.chain,
        engine=case.trust.engine,
        consent=case.consent,
        owner=first.sub,
        bank=first.aud,
        gateway=first.iss,
        attestations=tuple(_attested(each) for each in case.attestations),
        caveats=tuple(_caveats(case)),
    )


def _attested(each: AttestationCase) -> AttestationVerdict:
    said, block = each.said, each.anchor.block if each.anchor else None
    return AttestationVerdict(
        version=said.version,
        pulled_until=said.pulled_until,
        deleted_at=said.deleted_at,
        law=said.law,
        retained_until=said.retained_until,
        received_at=each.acknowledgement.received_at,
        key=each.jws.kid,
        height=block.header.height if block else None,
        anchored_at=to_text(block.next.time) if block else None,
    )


def _caveats(case: AttestationsCase) -> Iterator[str]:
    said = case.attestations[0].acknowledgement
    yield f"That it is so rests on the word of {said.aud}: nobody sees what another has deleted."
    yield f"That the keys are {said.aud}'s rests on the word of {said.iss}, where it registered them; compare them."
    yield f"Whose consent it is, and that nothing else was attested, rests on the word of {said.iss} as well."
    if case.trust.engine == "embedded":
        yield f"The ledger is embedded: its history rests on the word of one operator, {said.iss}."
