"""The trust file: what a verifier takes for granted of a chain, signed by its founding organisations.

`{format, chain, engine, validators, former, pinned, organisations, signatures}` in canonical JSON. `pinned` is the
first block that is trusted of the present `validators`; `former` lists earlier sets with their first heights, rising.
Each set is trusted from its first height up to the next one's. The file's fingerprint is compared out of band with two
of the founders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.blocks.forms import whole
from ledger.blocks.headers import Header
from ledger.blocks.validators import Validator, read_validators
from ledger.bodies import check_members, digest, keys, name, one_of
from ledger.codec import b64u, canonical, domain, parse_canonical, sha256, unb64u
from ledger.errors import CodecError, VerificationError

FORMAT = "tidegate-trust/1"
ENGINES = ("embedded", "cometbft")
DOMAIN = domain("trust")
MOST_BYTES = 1_048_576
MOST_FORMER = 1000


@dataclass(frozen=True, slots=True)
class Trust:
    """A trust file as read: validator sets with their first heights rise, the present one is the last."""

    chain: str
    engine: str
    validator_sets: tuple[tuple[int, tuple[Validator, ...]], ...]
    pinned_height: int
    pinned_hash: bytes
    fingerprint: str


def stated(
    *, chain: str, engine: str, sets: Sequence[tuple[int, Sequence[Validator]]], pinned: Header
) -> dict[str, Any]:
    """Return what a trust file states of a chain, without founders and signatures.

    `sets`: each validator set with the first height at which it serves (`ledger.blocks.handovers.serving_sets`);
    the last is the present one. `pinned`: the header of the last one's first block.
    """
    *former, (_, present) = sets
    return {
        "chain": chain,
        "engine": engine,
        "former": [
            {"first_height": first, "validators": [each.json() for each in validators]} for first, validators in former
        ],
        "pinned": {"block_hash": b64u(pinned.hash()), "height": pinned.height},
        "validators": [each.json() for each in present],
    }


def sign(
    statement: Mapping[str, Any],
    organisations: Sequence[Mapping[str, Any]],
    *signers: tuple[str, str, Ed25519PrivateKey],
) -> bytes:
    """Return a trust file: what a backend states of its chain, the founders' keys, and their signatures.

    `organisations` are `{org, keys: [{kid, usage, public_key}]}`; `signers` are (organisation, kid, key).
    """
    unsigned = {"format": FORMAT, **statement, "organisations": [dict(each) for each in organisations]}
    signed = DOMAIN + canonical(unsigned)
    signatures = [{"org": org, "kid": kid, "sig": b64u(key.sign(signed))} for org, kid, key in signers]
    signatures.sort(key=lambda each: (each["org"], each["kid"]))
    return canonical({**unsigned, "signatures": signatures})


def countersign(
    data: bytes | None,
    statement: Mapping[str, Any],
    organisations: Sequence[Mapping[str, Any]],
    signer: tuple[str, str, Ed25519PrivateKey],
) -> bytes:
    """Return a trust file with one more founder's signature: `data` as it came from the others, None to begin one.

    Raises `VerificationError` if what the others signed is not what this founder's own ledger states.
    """
    own = sign(statement, organisations, signer)
    if data is None:
        return own
    given, made = _object(data), _object(own)
    if {**given, "signatures": []} != {**made, "signatures": []}:
        raise VerificationError("the trust file states something else than this ledger: do not sign it")
    signatures = {(each["org"], each["kid"]): each for each in [*given["signatures"], *made["signatures"]]}
    return canonical({**made, "signatures": [signatures[place] for place in sorted(signatures)]})


def lacking(data: bytes) -> list[str]:
    """Return the founders that have not signed a trust file yet."""
    given = _object(data)
    signed = {each["org"] for each in given["signatures"]}
    return sorted({each["org"] for each in given["organisations"]} - signed)


def read(data: bytes) -> Trust:
    """Read a trust file. Raises `CodecError` for its form, `VerificationError` unless every founder signed it."""
    form = {
        "format": one_of(FORMAT),
        "chain": _text,
        "engine": one_of(*ENGINES),
        "validators": read_validators,
        "former": _former,
        "pinned": lambda value: check_members(
            value, {"height": lambda height: whole(height, "height", least=1), "block_hash": digest}, "pinned"
        ),
        "organisations": _organisations,
        "signatures": _signatures,
    }
    given = check_members(parse_canonical(data, max_bytes=MOST_BYTES), form, "trust")
    _verify_founders(given)
    former = [(each["first_height"], read_validators(each["validators"])) for each in given["former"]]
    sets = (*former, (given["pinned"]["height"], read_validators(given["validators"])))
    if any(first >= second for (first, _), (second, _) in pairwise(sets)):
        raise CodecError("trust: former sets are not in order of their first heights, all before the pinned block's")
    return Trust(
        chain=given["chain"],
        engine=given["engine"],
        validator_sets=sets,
        pinned_height=given["pinned"]["height"],
        pinned_hash=unb64u(given["pinned"]["block_hash"]),
        fingerprint=fingerprint(data),
    )


def fingerprint(data: bytes) -> str:
    """Return the SHA-256 of a trust file in hexadecimal, in groups of four, for people to compare."""
    text = sha256(data).hex()
    return " ".join(text[place : place + 4] for place in range(0, len(text), 4))


def _object(data: bytes) -> dict[str, Any]:
    value = parse_canonical(data, max_bytes=MOST_BYTES)
    if not isinstance(value, dict):
        raise CodecError("trust: expected an object")
    _signatures(value.get("signatures"))
    return value


def _verify_founders(given: Mapping[str, Any]) -> None:
    signed = DOMAIN + canonical({member: value for member, value in given.items() if member != "signatures"})
    known = {(each["org"], key["kid"]): key["public_key"] for each in given["organisations"] for key in each["keys"]}
    missing = {each["org"] for each in given["organisations"]}
    for signature in given["signatures"]:
        key = known.get((signature["org"], signature["kid"]))
        if key is None or key["crv"] != "Ed25519":
            raise VerificationError(f"trust file signed by an unknown key of {signature['org']}")
        try:
            Ed25519PublicKey.from_public_bytes(unb64u(key["x"])).verify(unb64u(signature["sig"], size=64), signed)
        except InvalidSignature:
            raise VerificationError(f"trust file: signature of {signature['org']} does not verify") from None
        missing.discard(signature["org"])
    if missing:
        raise VerificationError(f"trust file lacks the signatures of {', '.join(sorted(missing))}")


def _text(value: object) -> None:
    if not isinstance(value, str):
        raise CodecError("expected a string")


def _former(value: object) -> None:
    if not isinstance(value, list) or len(value) > MOST_FORMER:
        raise CodecError(f"expected a list of at most {MOST_FORMER} former validator sets")
    for each in value:
        form = {"first_height": lambda height: whole(height, "first_height", least=1), "validators": read_validators}
        check_members(each, form, "former set")


def _organisations(value: object) -> None:
    if not isinstance(value, list) or not value:
        raise CodecError("expected a list of organisations")
    for each in value:
        check_members(each, {"org": name, "keys": keys}, "organisation")


def _signatures(value: object) -> None:
    if not isinstance(value, list):
        raise CodecError("expected a list of signatures")
    for each in value:
        check_members(each, {"org": name, "kid": digest, "sig": lambda sig: unb64u(sig, size=64)}, "signature")
    order = [(each["org"], each["kid"]) for each in value]
    if any(first >= second for first, second in pairwise(order)):
        raise CodecError("signatures are not sorted by org and kid, each once")
