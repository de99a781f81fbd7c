"""What a verifier reads is in one form, and nothing that a stranger writes makes it stumble."""

from typing import Any

import pytest

from ledger import jws, record, sdjwt
from ledger.blocks import times
from ledger.bodies import instant, public_key
from ledger.codec import b64u, canonical
from ledger.consent_record import check_form, verify_cose
from ledger.errors import CodecError, VerificationError
from tests.support.evidence import Maker
from tests.support.ledger import Key

KEY = Key()
VISIBLE: dict[str, Any] = {"iss": "tidegate", "iat": 1, "vct": "urn:tidegate:bill_of_lading:1", "provider": "oceanline"}


def presented(disclosures: tuple[str, ...] = (), **members: Any) -> str:
    payload = {"_sd": [sdjwt.digest(each) for each in disclosures], "_sd_alg": "sha-256", **VISIBLE, **members}
    jwt = jws.sign(canonical(payload), typ=record.TYP, kid=KEY.kid, key=KEY.private)
    return sdjwt.combine(jwt, disclosures)


@pytest.mark.parametrize("version", ["0", "01", "\u0661", "1" * 5000, "-1", "1.0", "", "1:1"])
def test_a_products_version_is_written_in_one_way(version: str) -> None:
    with pytest.raises(CodecError, match=r"^record: vct: got 'urn:tidegate:.*, expected urn:tidegate:<product>:<vers"):
        record.read(presented(vct=f"urn:tidegate:bill_of_lading:{version}"))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"iss": "Tidegate"}, r"^record: iss: expected an organisation id"),
        ({"iss": "tidegate/key"}, r"^record: iss: expected an organisation id"),
        ({"provider": ["oceanline"]}, r"^record: provider: expected an organisation id"),
        ({"iat": True}, r"^record: iat: time is True, expected an integer of at least 0$"),
        ({"iat": 1.5}, r"^record: iat: time is 1\.5, expected an integer of at least 0$"),
    ],
)
def test_what_is_always_visible_has_its_form(members: dict[str, Any], message: str) -> None:
    with pytest.raises(CodecError, match=message):
        record.read(presented(**members))


@pytest.mark.parametrize("name", [["x"], {}, 1, None])
def test_a_claim_name_that_is_no_string_is_refused(name: Any) -> None:
    with pytest.raises(VerificationError, match=r"^a disclosure has the claim name "):
        record.read(presented((b64u(canonical(["salt", name, 1])),)))


def test_a_reader_says_how_much_was_withheld() -> None:
    shown, hidden = (b64u(canonical(["salt", name, 1])) for name in ("shown", "hidden"))
    jwt, _ = sdjwt.split(presented((shown, hidden)))
    assert record.read(sdjwt.combine(jwt, [shown, hidden])).withheld == 0
    assert record.read(sdjwt.combine(jwt, [shown])).withheld == 1


@pytest.mark.parametrize("curve", [[], {}, None, 1, "P-384"])
def test_a_curve_that_is_none_is_refused(curve: Any) -> None:
    with pytest.raises(CodecError, match=r"^expected a public JWK on Ed25519 or P-256$"):
        public_key({"crv": curve, "kty": "OKP", "x": "A" * 43})


@pytest.mark.parametrize("text", ["2027-02-30T00:00:00Z", "\u0662027-01-01T00:00:00Z", "2027-01-01T24:00:00Z", 5])
def test_an_instant_is_a_real_one(text: Any) -> None:
    with pytest.raises(CodecError):
        instant(text)


def test_an_instant_has_whole_seconds_and_a_block_time_lies_after_1970() -> None:
    with pytest.raises(CodecError, match=r"^expected a time such as 2026-11-24T09:00:00Z$"):
        instant("2027-01-01T00:00:00.5Z")
    with pytest.raises(CodecError, match=r"^time 1969-12-31T23:59:59Z is not written as "):
        times.from_text("1969-12-31T23:59:59Z")


@pytest.mark.parametrize(
    "spoilt",
    [
        lambda key: key + b"\0",
        lambda key: b"\xa6" + key[1:] + b"\x04\x01",
        lambda key: key[:-1],
        lambda key: key.replace(b"\x03\x26", b"\x03\x39\x01\x00"),
        lambda _: b"\xa0",
        lambda _: b"",
    ],
)
def test_a_passkeys_public_key_has_one_form(maker: Maker, spoilt: Any) -> None:
    with pytest.raises(CodecError, match=r"^the passkey's public key is no COSE key of ES256 or EdDSA in canonical C"):
        verify_cose(spoilt(maker.public_key), b"", b"")


def test_a_passkeys_public_key_is_a_point_of_its_curve(maker: Maker) -> None:
    with pytest.raises(CodecError, match=r"^the passkey's public key is no point on its curve$"):
        verify_cose(maker.public_key[:-1] + bytes([maker.public_key[-1] ^ 1]), b"", b"")


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("data", "products"), "bill_of_lading", "data/products: expected a list of strings"),
        (("data", "products"), [1], "data/products: expected a list of strings"),
        (("data", "fields"), [], "data/fields: expected an object"),
        (("data", "personal"), {"bill_of_lading": "/"}, "data/personal: expected a list of strings"),
        (("data", "identifiers"), None, "data/identifiers: expected a list"),
        (("data", "period"), "2026", "data/period: expected an object or null"),
        (("limits", "start"), 0, "limits/start: expected a time such as 2026-11-24T09:00:00.5Z"),
        (("parties", "gateway"), "tidegate", "parties/gateway/id: expected to be there"),
        (("parties", "gateway", "rp_id"), "", "parties/gateway/rp_id: expected a domain name in lower case"),
        (("parties", "owner", "id"), "", "parties/owner/id: expected an organisation id: lower-case letters, digits"),
        (("proof", "assertion"), {}, "proof: assertion has [], expected exactly "),
        (("proof", "digest"), "AA", "proof: 1 bytes, expected 32"),
        (("version",), 0, "version: number is 0, expected an integer of at least 1"),
        (("schema_version",), "2", "schema_version: got '2', expected one of tidegate-consent/1"),
    ],
)
def test_a_consent_record_has_its_form(maker: Maker, place: tuple[str, ...], value: Any, message: str) -> None:
    given = maker.consent_record()
    inner: Any = given
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    with pytest.raises(CodecError) as error:
        check_form(given)
    assert str(error.value).startswith(f"consent record: {message}")
