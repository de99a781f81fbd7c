"""What the ledger package reads: JSON, entries, headers and commits, records, receipts, evidence and trust files."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from json import dumps
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import (
    access_log,
    attestation,
    consent_receipts,
    consent_record,
    disclosures,
    entries,
    history,
    jws,
    receipt,
    record,
    sdjwt,
    trust,
    verify,
)
from ledger.blocks.commits import Commit, verify_commit
from ledger.blocks.headers import Header
from ledger.blocks.validators import read_validators
from ledger.codec import b64u, canonical, parse, parse_canonical, unb64u
from ledger.errors import CodecError, VerificationError
from ledger.verify.parse import MOST_BYTES
from schemas.strict_json import StrictJsonError
from schemas.strict_json import parse as parse_json
from tests.fuzz.target import Target

VECTORS = Path(__file__).parents[1] / "vectors" / "evidence"
TRUST = (VECTORS / "trust.json").read_bytes()
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
REFUSED = (CodecError, VerificationError)


def targets() -> Iterator[Target]:
    """Yield the targets."""
    yield Target("strict_json", partial(parse_json, max_bytes=MOST_BYTES), (StrictJsonError,), _examples, 1_048_576)
    canonical_form = partial(parse_canonical, max_bytes=MOST_BYTES)
    yield Target("canonical_json", canonical_form, (CodecError,), _examples, 1_048_576)
    yield Target(
        "base64url", _base64url, (CodecError,), lambda: [b"", b"AA", b"_-8", b64u(bytes(32)).encode()], 1_048_576
    )
    yield Target("entry", entries.decode, (CodecError,), _entries, entries.MOST_BYTES)
    yield Target("block", _block, REFUSED, lambda: _of("blocks"), 1_048_576)
    yield Target("validators", _validators, (CodecError,), lambda: _of("validators"), 1_048_576)
    yield Target("jws", _jws, REFUSED, _receipts, receipt.MOST_BYTES)
    yield Target("receipt", _receipt, (CodecError,), _receipts, receipt.MOST_BYTES)
    yield Target("access_log", _statement, (CodecError,), _statements, access_log.MOST_STATEMENT_BYTES)
    most = consent_receipts.MOST_RECEIPT_BYTES
    yield Target("consent_receipt", _consent_receipt, (CodecError,), _consent_receipts, most)
    yield Target("attestation", _attestation, REFUSED, _attestations, attestation.MOST_BYTES)
    yield Target("acknowledgement", _acknowledgement, REFUSED, _acknowledgements, attestation.MOST_BYTES)
    yield Target("record", _record, REFUSED, _records, record.MOST_BYTES)
    yield Target("disclosures", _disclosures, REFUSED, _records, record.MOST_BYTES)
    yield Target("consent_record", _consent, REFUSED, _consents, 1_048_576)
    yield Target("consent_history", history.verify, (VerificationError,), _histories, 1_048_576)
    yield Target("trust", trust.read, REFUSED, lambda: [TRUST], trust.MOST_BYTES)
    yield Target("evidence", _evidence, (VerificationError, verify.NotEnough), _whole, 4_194_304)


@cache
def _whole() -> Sequence[bytes]:
    names = ("valid.json", "valid-provider-sealed.json", "valid-of-all-kinds.json", "valid-hand-over.json")
    return [(VECTORS / name).read_bytes() for name in names]


@cache
def _values() -> list[Any]:
    return [parse(each, max_bytes=MOST_BYTES) for each in _whole()]


def _of(member: str) -> Sequence[bytes]:
    return [canonical(each) for value in _values() for each in value[member]]


def _entries() -> Sequence[bytes]:
    return [canonical(anchor["entry"]) for value in _values() for anchor in value["anchors"]]


def _receipts() -> Sequence[bytes]:
    return [value["receipt"].encode() for value in _values()]


def _records() -> Sequence[bytes]:
    return [each["sd_jwt"].encode() for value in _values() for each in value["records"]]


def _statements() -> Sequence[bytes]:
    consents = sorted(value["consent"]["record"]["consent"] for value in _values()[:1])
    said = access_log.Statement("tidegate", "harbour-trading", 3, 1, 2, consents, access_log.receipts_digest(["x"]))
    return [access_log.sign(said, key=KEY, kid="x").encode()]


@cache
def _attestations() -> Sequence[bytes]:
    kept = {"law": "Cap. 615", "until": "2032-01-01T00:00:00Z"}
    common = {"iss": "eastbank", "aud": "https://gateway.example", "iat": 1, "jti": b64u(bytes(16)), "version": 1}
    common |= {"consent": b64u(bytes(32)), "pulled_until": "2026-11-24T09:00:00Z"}
    said = ({**common, "deleted_at": "2026-11-24T10:00:00Z"}, {**common, "retained_under": kept})
    signed = [jws.sign(canonical(each), typ=attestation.TYP, kid="x", key=KEY).encode() for each in said]
    head = b64u(canonical({"alg": "PS256", "kid": "x", "typ": attestation.TYP})).encode()
    return [*signed, head + signed[0][signed[0].index(b".") :]]


def _acknowledgements() -> Sequence[bytes]:
    keys = ({"kty": "OKP", "crv": "Ed25519", "x": b64u(bytes(32))}, {"kty": "RSA", "n": b64u(b"1" * 256), "e": "AQAB"})
    made = (
        attestation.Acknowledgement(
            "tidegate", "harbour-trading", "eastbank", 1, "2026-11-24T10:00:00Z", b64u(bytes(32)), b64u(bytes(32)), key
        )
        for key in keys
    )
    return [attestation.acknowledge(each, key=KEY, kid="x").encode() for each in made]


def _consent_receipts() -> Sequence[bytes]:
    digest = b64u(bytes(32))
    said = consent_receipts.Receipt(
        *("tidegate", "harbour-trading", "eastbank", 3, digest, 1, "given", "active", "2026-11-24T09:00:00Z"),
        *(digest, digest, b64u(bytes(16))),
    )
    refused = replace(said, version=0, event="refused", state="refused", record=None, commitment=None, entry=None)
    return [consent_receipts.sign(each, key=KEY, kid="x").encode() for each in (said, refused)]


def _consents() -> Sequence[bytes]:
    return [canonical(value["consent"]["record"]) for value in _values()]


def _histories() -> Sequence[bytes]:
    asked = {"event": "requested", "at": "2026-11-24T08:00:00Z", "actor": "eastbank", "channel": "oauth"}
    found = [value["consent"] for value in _values()]
    whole = [({**each["record"], "events": [asked, *each["record"]["events"]]}, each["salt"]) for each in found]
    return [history.write(record["consent"], [(record, unb64u(salt))]) for record, salt in whole]


def _examples() -> Sequence[bytes]:
    return [canonical(value["keys"]) for value in _values()] + [
        dumps(_values()[0]["consent"]).encode(),
        b'{"a":[1,-2.5e3,null,true,"\\u00e9\\n\\ud83c\\udf0a"]}',
        b'[{"":{}},[],"a/b~c",1e10]',
    ]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _json(data: bytes) -> Any:
    return parse(data, max_bytes=MOST_BYTES)


def _base64url(data: bytes) -> None:
    assert b64u(unb64u(_text(data))) == _text(data)


def _block(data: bytes) -> None:
    value = _json(data)
    given = value if isinstance(value, dict) else {}
    headers = [Header.read(given.get(name)) for name in ("header", "next")]
    commit = Commit.read(given.get("commit"))
    for header in headers:
        header.hash()
        assert Header.read(header.json()) == header
    assert Commit.read(commit.json()) == commit
    verify_commit(commit, chain=headers[0].chain, validators=read_validators(_values()[0]["validators"][0]))


def _validators(data: bytes) -> None:
    read_validators(_json(data))


def _signed(read: Callable[[str], jws.Jws], data: bytes) -> None:
    signed = read(_text(data))
    jws.payload(signed, max_bytes=MOST_BYTES)
    for curve in ("Ed25519", "P-256"):
        with suppress(VerificationError):
            jws.verify(signed, {"crv": curve, "x": signed.kid, "y": signed.kid})


_jws = partial(_signed, partial(jws.read, typ=receipt.TYP, max_bytes=receipt.MOST_BYTES))


def _receipt(data: bytes) -> None:
    receipt.read(_text(data))


def _statement(data: bytes) -> None:
    access_log.read(_text(data))


def _attestation(data: bytes) -> None:
    attestation.read(_text(data))


def _acknowledgement(data: bytes) -> None:
    """Read it, and verify something by the key that it names."""
    _, said = attestation.read_acknowledgement(_text(data))
    for each in _attestations():
        with suppress(VerificationError):
            jws.verify(attestation.read(each.decode())[0], said.key)


def _consent_receipt(data: bytes) -> None:
    consent_receipts.read(_text(data))


def _record(data: bytes) -> None:
    record.read(_text(data))


def _disclosures(data: bytes) -> None:
    """Arrange the disclosures as a gateway does with what a provider sealed."""
    jwt, encoded = sdjwt.split(_text(data))
    payload = jws.payload(jws.read(jwt, typ=record.TYP, max_bytes=record.MOST_BYTES), max_bytes=record.MOST_BYTES)
    disclosures.arrange(payload, encoded)


def _consent(data: bytes) -> None:
    value = _json(data)
    consent_record.verify_assertion(value if isinstance(value, dict) else {})


def _evidence(data: bytes) -> None:
    verify.verify(data, TRUST, now=NOW)
