"""Steps 7 and 8: who signed, with which key, and whether that key was valid there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger import smt
from ledger.blocks.forms import members, whole
from ledger.bodies import public_key
from ledger.codec import b64u, canonical, unb64u
from ledger.consent_record import credential_commitment
from ledger.errors import VerificationError
from ledger.signatories import signatures
from ledger.state.signers import key_holds
from ledger.verify.case import Case, OnLedger

KEY = ("compromised_since", "from", "public_key", "until", "usage")
CREDENTIAL = ("from", "org", "until")


class Signer(NamedTuple):
    """A key of the state that signed something: for which usage, and at which height it must have been valid."""

    key: str
    usage: str
    height: int
    anchored: bool = False
    """What it signed was on the ledger before its compromise was known, and counts nevertheless."""


def keys_were_valid(case: Case) -> None:
    """Step 7: every key that signed something is in the state under header A, valid at the height where it signed."""
    check_signers(case, (*of_entries(case), *_signers(case)))


def check_signers(case: OnLedger, signers: Iterable[Signer]) -> None:
    """Raise `VerificationError` unless every signer is proved and was valid, and nothing else is proved."""
    for anchor in case.anchors:
        if anchor.block.header.height >= case.header_a.height:
            raise VerificationError(
                f"entry {anchor.entry.id} is in block {anchor.block.header.height}, expected one before header A,"
                f" which is {case.header_a.height}: the state there does not know what came later"
            )
    for proof in case.keys.values():
        smt.verify_member(key=proof.key, value=canonical(proof.value), proof=proof.proof, root=case.header_a.app_hash)
    needed = set()
    for signer in signers:
        needed.add(signer.key)
        value = case.keys[signer.key].value if signer.key in case.keys else None
        if value is None:
            raise VerificationError(f"{signer.key} signed something, but its state is not proved")
        if reason := _fault(value, signer):
            raise VerificationError(f"{signer.key} {reason}")
    if idle := sorted(case.keys.keys() - needed):
        raise VerificationError(f"{idle[0]} is proved, but signed nothing")


def entries_are_signed(case: OnLedger) -> None:
    """Step 8: the signatures of each entry verify by the keys in the state."""
    for anchor in case.anchors:
        for signature in anchor.entry.signatures:
            key = case.key_of(signature.org, signature.kid)
            if key is None or key["public_key"]["crv"] != "Ed25519":
                raise VerificationError(f"entry {anchor.entry.id} is signed by a key that is no Ed25519 key")
            try:
                Ed25519PublicKey.from_public_bytes(unb64u(key["public_key"]["x"])).verify(
                    signature.sig, anchor.entry.signed
                )
            except InvalidSignature:
                raise VerificationError(
                    f"entry {anchor.entry.id}: signature of {signature.org} does not verify"
                ) from None


def of_entries(case: OnLedger, *, anchored: bool = False) -> Iterator[Signer]:
    """Yield what signed the entries, each judged at its block, as `Signer.anchored` says."""
    for anchor in case.anchors:
        for signature in anchor.entry.signatures:
            yield Signer(f"key/{signature.org}/{signature.kid}", "entries", anchor.block.header.height, anchored)


def _signers(case: Case) -> Iterator[Signer]:
    """Yield what signed the contents of an evidence; a record is judged where it is anchored."""
    for record in case.records:
        key = f"key/{record.shown.issuer}/{record.shown.jws.kid}"
        yield Signer(key, "sealing", record.anchor.block.header.height)
    yield Signer(f"key/{case.receipt.iss}/{case.receipt_jws.kid}", "receipts", case.header_a.height)
    for key in credentials_of(case.consent):
        yield Signer(key, "credential", case.consent_anchor.block.header.height)


def credentials_of(consent: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the state's keys of the passkeys that a consent record (in form) says signed it: one, or two."""
    owner = consent["parties"]["owner"]["id"]
    return tuple(_credential(owner, signature["credential"]) for signature in signatures(consent))


def _credential(owner: str, credential: Mapping[str, Any]) -> str:
    public_key, salt = unb64u(credential["public_key"]), unb64u(credential["salt"], size=32)
    return f"credential/{b64u(credential_commitment(owner=owner, public_key=public_key, salt=salt))}"


def _fault(value: Mapping[str, Any], signer: Signer) -> str | None:
    if signer.usage == "credential":
        members(value, CREDENTIAL, "credential")
        begin, end = whole(value["from"], "from"), whole(value["until"], "until")
        valid = begin <= signer.height and (not end or signer.height < end)
        return None if valid else f"was not valid at height {signer.height}"
    members(value, KEY, "key")
    public_key(value["public_key"])
    for name in ("compromised_since", "from", "until"):
        whole(value[name], name)
    judged = {**value, "compromised_since": 0} if signer.anchored else value
    return key_holds(judged, usage=signer.usage, height=signer.height)
