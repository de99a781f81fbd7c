"""Selective disclosure (RFC 9901), by its own examples and by other people's readers."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws as jose
from joserfc.jwk import ECKey
from jwcrypto.jwk import JWK
from openvc.proof.sd_jwt import SdJwtVcProofSuite
from sd_jwt.verifier import SDJWTVerifier

from ledger import jws, record, sdjwt
from ledger.codec import b64u, canonical, unb64u
from ledger.errors import CodecError, VerificationError
from ledger.pointers import covered, covers, places
from tests.support.ledger import START, Key

RFC = json.loads((Path(__file__).parents[1] / "vectors" / "rfc9901_sdjwt.json").read_text())
PAYLOAD = json.loads(unb64u(RFC["jwt"].split(".")[1]))
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)
NAMES = st.sampled_from(["a", "b", "c/d", "e~f"])
JSON = st.recursive(
    TEXT | st.integers(-1000, 1000) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(NAMES, JSON, min_size=1, max_size=4)
KEY = Key()


def revealed(*names: str) -> dict[str, Any]:
    return sdjwt.reveal(PAYLOAD, [RFC["disclosures"][name] for name in names])


@pytest.mark.parametrize(("disclosure", "digest"), RFC["digests"].items())
def test_digests_are_the_rfcs(disclosure: str, digest: str) -> None:
    assert sdjwt.digest(disclosure) == digest


def test_the_rfcs_jwt_is_signed_by_its_issuer() -> None:
    key = ECKey.import_key(RFC["issuer_key"])
    assert json.loads(jose.deserialize_compact(RFC["jwt"], key, algorithms=["ES256"]).payload) == PAYLOAD


def test_all_disclosures_reveal_all_claims_of_the_rfc() -> None:
    claims = revealed(*RFC["disclosures"])
    assert {name: claims[name] for name in RFC["claims"]} == RFC["claims"]
    assert claims["nationalities"] == ["US", "DE"]
    assert {name: claims[name] for name in RFC["always"]} == RFC["always"]
    assert not {"_sd", "_sd_alg"} & claims.keys()


def test_some_disclosures_reveal_those_claims_alone() -> None:
    claims = revealed("family_name", "address", "given_name", "US")
    assert set(claims) == {*RFC["always"], "cnf", "nationalities", "family_name", "address", "given_name"}
    assert claims["nationalities"] == ["US"]


def test_no_disclosures_reveal_nothing() -> None:
    assert set(revealed()) == {*RFC["always"], "cnf", "nationalities"}
    assert revealed()["nationalities"] == []


def encoded(*parts: Any) -> str:
    return b64u(json.dumps(parts).encode())


SALTED = encoded("c2FsdA", "name", 1)


@pytest.mark.parametrize(
    ("payload", "disclosures", "message"),
    [
        ({"_sd": []}, [SALTED], r"^1 disclosures belong to no digest$"),
        ({"_sd": [sdjwt.digest(SALTED)]}, [SALTED, SALTED], r"^a disclosure stands twice$"),
        ({"_sd": ["A", "A"]}, [], r"^a digest is no string, or stands twice$"),
        ({"_sd": [1]}, [], r"^a digest is no string, or stands twice$"),
        ({"_sd": {}}, [], r"^_sd is no list$"),
        ({"_sd": [], "_sd_alg": "sha-1"}, [], r"^_sd_alg is 'sha-1', expected 'sha-256'$"),
        (
            {"name": 2, "_sd": [sdjwt.digest(SALTED)]},
            [SALTED],
            r"claim name 'name', which is reserved or already there$",
        ),
        ({"a": [{"...": sdjwt.digest(SALTED)}]}, [SALTED], r"^a disclosure has 3 elements where 2 are expected$"),
        ({"...": "x"}, [], r"^an object has a member named '...'$"),
        (
            {"_sd": [sdjwt.digest(encoded("s", "_sd", []))]},
            [encoded("s", "_sd", [])],
            r"claim name '_sd', which is reserved or already there$",
        ),
        (
            {"_sd": [sdjwt.digest(encoded("s", "x"))]},
            [encoded("s", "x")],
            r"^a disclosure has 2 elements where 3 are expected$",
        ),
    ],
)
def test_what_the_rfc_forbids_is_refused(payload: dict[str, Any], disclosures: list[str], message: str) -> None:
    with pytest.raises(VerificationError, match=message):
        sdjwt.reveal(payload, disclosures)


@pytest.mark.parametrize("disclosure", ["%%%", b64u(b"{}"), encoded("s"), encoded("s", "n", 1, 2), encoded(1, "n", 2)])
def test_a_disclosure_that_is_not_in_form_is_refused(disclosure: str) -> None:
    with pytest.raises(CodecError):
        sdjwt.reveal({"_sd": []}, [disclosure])


@pytest.mark.parametrize("name", ["_sd", "..."])
def test_reserved_names_cannot_be_concealed(name: str) -> None:
    with pytest.raises(CodecError, match="cannot be made disclosable"):
        sdjwt.conceal({"a": {name: 1}})


@given(DOCUMENTS)
def test_what_is_concealed_and_shown_whole_is_the_same(document: dict[str, Any]) -> None:
    digests, disclosures = sdjwt.conceal(document)
    assert sdjwt.reveal({"_sd": digests}, [each.encoded for each in disclosures]) == document


@given(DOCUMENTS, st.lists(st.sampled_from(["/a", "/b", "/a/b", "/c~1d", "/e~0f/a"]), max_size=3))
def test_a_cut_shows_what_is_permitted_and_nothing_else(document: dict[str, Any], fields: list[str]) -> None:
    _, disclosures = sdjwt.conceal(document)
    digests = sorted(sdjwt.digest(each.encoded) for each in disclosures if each.parent is None)
    chosen = record.cut(disclosures, fields=fields, personal=(), personal_fields=())
    shown = sdjwt.reveal({"_sd": digests}, [disclosures[number].encoded for number in chosen])
    permitted = {place for place in places(document) if covered(fields, place)}
    above = {place for place in places(document) if any(covers(place, each) for each in permitted)}
    assert permitted <= set(places(shown)) <= permitted | above


DOCUMENT: dict[str, Any] = {
    "parties": [{"role": "shipper", "name": "Harbour Trading", "contacts": [{"email": "desk@trader.example"}]}],
    "cargo": {"weight": 12500.5, "hs_codes": ["660110", "420211"]},
}
PERSONAL = ("/parties/contacts",)


def sealed() -> record.SealedRecord:
    return record.seal(
        DOCUMENT,
        product="bill_of_lading",
        version=1,
        sealer=record.Sealer("tidegate", KEY.kid, KEY.private),
        provider="oceanline",
        issued_at=START,
        original={"digest": "AA"},
    )


def shown(fields: tuple[str, ...] | None, personal: tuple[str, ...] = ()) -> tuple[str, record.Shown]:
    made = sealed()
    chosen = record.cut(made.disclosures, fields=fields, personal=personal, personal_fields=PERSONAL)
    presentation = sdjwt.combine(made.jwt, [made.disclosures[number].encoded for number in chosen])
    return presentation, record.read(presentation)


def test_a_record_shows_who_says_so_and_what_was_chosen() -> None:
    _, found = shown(("/cargo/weight",))
    assert (found.issuer, found.provider, found.product, found.version) == (
        "tidegate",
        "oceanline",
        "bill_of_lading",
        1,
    )
    assert (found.level, found.issued_at) == ("gateway_attested", int(START.timestamp()))
    assert found.claims == {"cargo": {"weight": 12500.5}}


def test_persons_are_shown_only_where_named() -> None:
    assert shown(None)[1].claims["parties"] == [{"role": "shipper", "name": "Harbour Trading"}]
    assert shown(("/parties",), ("/parties/contacts",))[1].claims == {"parties": DOCUMENT["parties"]}


def test_the_originals_digest_goes_with_the_whole_record_alone() -> None:
    assert "original" not in shown(None)[1].claims
    assert shown(None, PERSONAL)[1].claims == {**DOCUMENT, "original": {"digest": "AA"}}


def test_salts_are_128_bits_and_never_the_same() -> None:
    salts = [json.loads(unb64u(each.encoded))[0] for made in (sealed(), sealed()) for each in made.disclosures]
    assert len(set(salts)) == len(salts)
    assert {len(unb64u(salt)) for salt in salts} == {16}


def test_a_document_with_a_reserved_member_is_not_sealed() -> None:
    with pytest.raises(CodecError, match=r"reserved names \['provider'\]$"):
        record.seal(
            {"provider": "x"},
            product="p",
            version=1,
            sealer=record.Sealer("tidegate", KEY.kid, KEY.private),
            provider="oceanline",
            issued_at=START,
            original={},
        )


@pytest.mark.parametrize("fields", [None, ("/cargo",), ("/cargo/hs_codes", "/parties/name")])
def test_other_readers_read_our_records(fields: tuple[str, ...] | None) -> None:
    presentation, found = shown(fields)
    reader = SDJWTVerifier(presentation, lambda _issuer, _header: JWK(**KEY.public))
    theirs = reader.get_verified_payload()
    assert {name: value for name, value in theirs.items() if name not in record.VISIBLE} == found.claims
    verified = SdJwtVcProofSuite().verify(presentation, public_key_jwk=KEY.public, check_temporal=False)
    assert {name: value for name, value in verified.claims.items() if name not in record.VISIBLE} == found.claims


def test_a_record_with_more_visible_claims_is_refused() -> None:
    payload = {
        "_sd": [],
        "_sd_alg": "sha-256",
        "iss": "a",
        "iat": 1,
        "vct": "urn:tidegate:p:1",
        "provider": "b",
        "x": 1,
    }
    jwt = jws.sign(canonical(payload), typ=record.TYP, kid=KEY.kid, key=KEY.private)
    with pytest.raises(CodecError, match=r"^record shows "):
        record.read(f"{jwt}~")
