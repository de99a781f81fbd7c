"""A sealed record: a data product's document as an SD-JWT (`typ: dc+sd-jwt`), sealed alike wherever it is sealed.

Always visible: `iss` (who sealed), `iat`, `vct` (`urn:tidegate:<product>:<version>`) and `provider` (whose word it is).
Everything else is a disclosure of its own. What is not known to every sealer, or changes later, is never sealed.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from typing import Any

from ledger import jws, merkle, sdjwt
from ledger.blocks.forms import whole
from ledger.blocks.times import from_datetime
from ledger.bodies import check_members, name
from ledger.codec import canonical, sha256
from ledger.errors import CodecError
from ledger.pointers import covered
from ledger.sdjwt import Disclosure

TYP = "dc+sd-jwt"
VISIBLE = ("iss", "iat", "vct", "provider")
ORIGINAL = "original"
"""The claim that holds the digest of the provider's bytes, and their signature: shown with the whole record only."""
MOST_BYTES = 1_048_576
PREFIX = "urn:tidegate:"
VCT = re.compile(f"{PREFIX}([a-z0-9_]+):([1-9][0-9]{{0,8}})")


@dataclass(frozen=True, slots=True)
class Sealer:
    """Who seals: organisation, and its sealing key."""

    issuer: str
    kid: str
    key: jws.PrivateKey


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """The issuer-signed JWT, and every disclosure with its pointer and parent."""

    jwt: str
    disclosures: tuple[Disclosure, ...]


def seal(
    document: Mapping[str, Any],
    *,
    product: str,
    version: int,
    sealer: Sealer,
    provider: str,
    issued_at: datetime,
    original: Mapping[str, str],
    salt: Callable[[int], bytes] = token_bytes,
) -> SealedRecord:
    """Seal a document as a record. `original` is `{"digest": base64url of SHA-256, "signature"?: the standard's}`.

    `salt` gives fresh random bytes.
    Raises `CodecError` if the document has a member with a reserved name.
    """
    reserved = {*VISIBLE, ORIGINAL, "_sd_alg"} & document.keys()
    if reserved:
        raise CodecError(f"the document has members with the reserved names {sorted(reserved)}")
    digests, disclosures = sdjwt.conceal({**document, ORIGINAL: dict(original)}, salt=salt)
    payload = {
        "_sd": digests,
        "_sd_alg": sdjwt.ALG,
        "iat": from_datetime(issued_at) // 10**9,
        "iss": sealer.issuer,
        "provider": provider,
        "vct": f"{PREFIX}{product}:{version}",
    }
    return SealedRecord(jws.sign(canonical(payload), typ=TYP, kid=sealer.kid, key=sealer.key), tuple(disclosures))


def leaf(jwt: str) -> bytes:
    """Return the leaf hash that a batch anchors for a compact JWS: of SHA-256 of its ASCII text."""
    return merkle.leaf_hash(sha256(jwt.encode("ascii")))


def cut(
    disclosures: Sequence[Disclosure],
    *,
    fields: Sequence[str] | None,
    personal: Sequence[str],
    personal_fields: Sequence[str],
    withheld: Collection[int] = (),
) -> list[int]:
    """Return the numbers of the disclosures to hand out.

    `fields` are the pointers permitted (None: all), `personal` those permitted among `personal_fields`, the pointers
    of the product that name a person. A permitted place brings its parents, which show nothing but digests beside it.
    The original's digest goes with the whole record only. `withheld` are numbers of what is not handed out for its own
    sake, whatever is permitted.
    """
    wanted: set[int] = set()
    for number, disclosure in enumerate(disclosures):
        if number not in withheld and permitted(disclosure.pointer, fields, personal, personal_fields):
            _with_parents(number, disclosures, wanted)
    originals = [n for n, each in enumerate(disclosures) if covered([f"/{ORIGINAL}"], each.pointer)]
    if len(wanted) + len(originals) == len(disclosures):
        wanted.update(originals)
    return sorted(wanted)


def permitted(
    place: str, fields: Sequence[str] | None, personal: Sequence[str], personal_fields: Sequence[str]
) -> bool:
    """Say whether what stands at a place may be handed out for its own sake; the members are those of `cut`."""
    if covered([f"/{ORIGINAL}"], place):
        return False
    if covered(personal_fields, place):
        return covered(personal, place)
    return fields is None or covered(fields, place)


def _with_parents(number: int | None, disclosures: Sequence[Disclosure], wanted: set[int]) -> None:
    while number is not None and number not in wanted:
        wanted.add(number)
        number = disclosures[number].parent


@dataclass(frozen=True, slots=True)
class Shown:
    """A record as shown: its JWS, always visible claims, and the rest of what was disclosed."""

    jws: jws.Jws
    jwt: str
    issuer: str
    provider: str
    issued_at: int
    product: str
    version: int
    claims: dict[str, Any]
    withheld: int
    """How many digests have no disclosure here."""

    @property
    def level(self) -> str:
        """`provider_sealed` if the provider itself sealed it, else `gateway_attested`."""
        return "provider_sealed" if self.issuer == self.provider else "gateway_attested"


def read(presentation: str) -> Shown:
    """Read a presented record without verifying its signature. Raises `CodecError`, `VerificationError`."""
    if len(presentation) > MOST_BYTES:
        raise CodecError(f"record of {len(presentation)} characters, expected at most {MOST_BYTES}")
    jwt, disclosures = sdjwt.split(presentation)
    signed = jws.read(jwt, typ=TYP, max_bytes=MOST_BYTES)
    payload = jws.payload(signed, max_bytes=MOST_BYTES)
    if set(payload) != {*VISIBLE, "_sd", "_sd_alg"}:
        raise CodecError(f"record shows {sorted(payload)}, expected exactly {sorted({*VISIBLE, '_sd', '_sd_alg'})}")
    claims, withheld = sdjwt.opened(payload, disclosures)
    form = {"iss": name, "iat": lambda value: whole(value, "time"), "vct": _product, "provider": name}
    visible = check_members({each: claims.pop(each) for each in VISIBLE}, form, "record")
    product, version = _product(visible["vct"])
    return Shown(
        jws=signed,
        jwt=jwt,
        issuer=visible["iss"],
        provider=visible["provider"],
        issued_at=visible["iat"],
        product=product,
        version=version,
        claims=claims,
        withheld=withheld,
    )


def _product(vct: object) -> tuple[str, int]:
    match = VCT.fullmatch(vct) if isinstance(vct, str) else None
    if not match:
        raise CodecError(f"got {vct!r}, expected {PREFIX}<product>:<version>")
    return match[1], int(match[2])
