"""The offline verification: each step holds, and fails alone."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger import sdjwt
from ledger.codec import b64u, canonical, unb64u
from ledger.errors import VerificationError
from ledger.verify import NotEnough, Verdict, verify
from tests.support.evidence import NOW, Maker, edited
from tests.support.ledger import Key, random_digest

Change = Callable[[dict[str, Any]], Any]


def check(maker: Maker, data: bytes, **demands: Any) -> Verdict:
    return verify(data, maker.trust(), **{"audience": maker.bank, "now": NOW, **demands})


def failure(maker: Maker, data: bytes, **demands: Any) -> tuple[int | None, str]:
    with pytest.raises(VerificationError) as error:
        check(maker, data, **demands)
    return error.value.step, error.value.message


def test_a_whole_evidence_verifies_and_says_what_it_proved(maker: Maker) -> None:
    verdict = check(maker, maker.make())
    assert verdict.summary == (
        f"OK: 2 records of harbour-trading, given to eastbank under consent {maker.consent}"
        " (embedded ledger: one operator's word)"
    )
    assert [record.claims["document"]["number"] for record in verdict.records] == ["OCLN0", "OCLN2"]
    assert verdict.caveats == (
        "That the passkey is the owner's rests on the word of tidegate, which enrolled it.",
        "Whether the consent was revoked since cannot be seen in a file.",
        "2 of 2 records are gateway_attested: tidegate sealed what was pushed to it.",
        "The ledger is embedded: its history rests on the word of one operator, tidegate.",
    )


def test_evidence_put_together_from_fragments_is_canonical(maker: Maker) -> None:
    data = maker.make()
    assert canonical(json.loads(data)) == data


def test_every_byte_matters(maker: Maker, pytestconfig: pytest.Config) -> None:
    data, trust = maker.make(), maker.trust()
    seed, apart = pytestconfig.option.seed, pytestconfig.option.bytes_apart
    bits = random.Random(seed)  # noqa: S311 - to be repeated
    for place in range(seed % apart, len(data), apart):
        changed = bytearray(data)
        changed[place] ^= 1 << bits.randrange(8)
        with pytest.raises(VerificationError) as error:
            verify(bytes(changed), trust, audience=maker.bank, now=NOW)
        assert error.value.step in range(1, 13), place


def test_every_byte_of_the_trust_file_matters(maker: Maker) -> None:
    data, trust = maker.make(), maker.trust()
    bits = random.Random(2)  # noqa: S311 - as above
    for place in range(len(trust)):
        changed = bytearray(trust)
        changed[place] ^= 1 << bits.randrange(8)
        with pytest.raises(VerificationError):
            verify(data, bytes(changed), audience=maker.bank, now=NOW)


def _first(value: dict[str, Any], *path: str | int) -> Any:
    for step in path:
        value = value[step]  # type: ignore[index]
    return value


def _swap(name: str, *path: str | int) -> Change:
    def change(value: dict[str, Any]) -> None:
        _first(value, *path)[name] = random_digest()

    return change


def _set(content: Any, name: str | int, *path: str | int) -> Change:
    def change(value: dict[str, Any]) -> None:
        _first(value, *path)[name] = content

    return change


@pytest.mark.parametrize(
    ("change", "step", "message"),
    [
        (_set(1, "extra"), 1, r"^parse strictly: evidence has \[.*'extra'"),
        (_set("tidegate-evidence/2", "format"), 1, r"expected one of tidegate-evidence/1$"),
        (_set(9, "block", "anchors", 0), 1, r"block 9 is named, the file has \d+$"),
        (_set([], "validators"), 1, r"validator set 0 is named, the file has 0$"),
        (_set("AB", "salt", "consent"), 1, r"unused bits"),
        (_set("other-chain", "chain", "blocks", 0, "header"), 2, r"evidence is of chain 'other-chain'"),
        (_swap("validators_hash", "blocks", 0, "next"), 2, r"has a validator set that nothing trusted leads to$"),
        (
            _set([], "signatures", "blocks", 0, "commit"),
            3,
            r"commit carries power 0 of 10, expected more than two thirds$",
        ),
        (_set(b64u(bytes(64)), "signature", "blocks", 0, "commit", "signatures", 0), 3, r"does not verify$"),
        (_set(77, "height", "blocks", 0, "commit"), 3, r"^commit signatures: commit for height 77, expected \d+$"),
        (_swap("app_hash", "blocks", 0, "next"), 4, r"is not the one that was committed$"),
        (_swap("data_hash", "blocks", 0, "header"), 4, r"is not the one before header \d+$"),
        (_set(12345, "not_after_height", "anchors", 0, "entry"), 5, r"is not in block \d+$"),
        (_set(["A" * 43], "result_path", "anchors", 0), 6, r"path has 1 hashes and 0 sides, expected as many$"),
        (_set("keys", "usage", "keys", "proofs", 1, "value"), 7, r"leads to root"),
        (_set(1, "until", "keys", "proofs", 0, "value"), 7, r"leads to root"),
        (_set(1, "index", "records", 0), 9, r"inclusion path leads to root"),
        (_set([], "path", "records", 0), 9, r"inclusion path has 0 hashes, expected 2$"),
    ],
)
def test_a_change_fails_at_its_step(maker: Maker, change: Change, step: int, message: str) -> None:
    got, said = failure(maker, edited(maker.make(), change))
    assert got == step, said
    assert re.search(message, said), said


def test_a_forged_field_fails_as_a_disclosure_that_no_digest_calls_for(maker: Maker) -> None:
    forged = b64u(canonical([b64u(bytes(16)), "weight", 1]))

    def change(value: dict[str, Any]) -> None:
        value["records"][0]["sd_jwt"] += f"{forged}~"

    assert failure(maker, edited(maker.make(), change)) == (
        1,
        "parse strictly: 1 disclosures belong to no digest",
    )


def test_a_withheld_field_cannot_be_replaced_by_another(maker: Maker) -> None:
    data = maker.make()

    def change(value: dict[str, Any]) -> None:
        jwt, disclosures = sdjwt.split(value["records"][0]["sd_jwt"])
        told = json.loads(unb64u(disclosures[-1]))
        told[-1] = "999999"
        value["records"][0]["sd_jwt"] = sdjwt.combine(jwt, [*disclosures[:-1], b64u(canonical(told))])

    step, said = failure(maker, edited(data, change))
    assert (step, said) == (1, "parse strictly: 1 disclosures belong to no digest")


def test_fewer_fields_than_the_receipt_says_fail(maker: Maker) -> None:
    def change(value: dict[str, Any]) -> None:
        jwt, disclosures = sdjwt.split(value["records"][0]["sd_jwt"])
        value["records"][0]["sd_jwt"] = sdjwt.combine(jwt, disclosures[:-1])

    assert failure(maker, edited(maker.make(), change)) == (
        12,
        "receipt: the receipt is over 2 records, other than the 2 here",
    )


def test_a_record_of_another_batch_fails(maker: Maker, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Maker(tmp_path / "other", operator=maker.operator, passkey=maker.passkey)
    foreign = json.loads(other.make())["records"][0]
    other.ledger.close()
    step, said = failure(maker, edited(maker.make(), _set(foreign["sd_jwt"], "sd_jwt", "records", 0)))
    assert step == 9
    assert "inclusion path leads to root" in said


def test_a_rejected_entry_in_a_block_proves_nothing(maker: Maker) -> None:
    ledger = maker.ledger
    original = ledger.submit

    def submit(entry: bytes) -> None:
        """Put the entry into a block although the state machine does not accept it: a second grant of the consent."""
        try:
            original(entry)
        except Exception:  # noqa: BLE001 - a lying application's block
            ledger._produce([entry])
            ledger._produce([])

    original(
        maker.operator.entry(
            "consent.granted",
            {
                "consent": maker.consent,
                "version": 1,
                "commitment": random_digest(),
                "expires_at": "2027-01-31T00:00:00Z",
            },
        )
    )
    ledger.submit = submit  # type: ignore[method-assign]
    step, said = failure(maker, maker.make())
    assert step == 6
    assert said.endswith(f"was not accepted in block {ledger.height() - 3}")


def test_another_chains_trust_file_fails(maker: Maker, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Maker(tmp_path / "other", operator=replace(maker.operator, validator=Key()))
    with pytest.raises(VerificationError, match=r"has a validator set that nothing trusted leads to$") as error:
        verify(maker.make(), other.trust(), audience=None, now=NOW)
    assert error.value.step == 2
    other.ledger.close()


def test_another_banks_audience_fails(maker: Maker) -> None:
    assert failure(maker, maker.make(), audience="westbank") == (
        12,
        "receipt: the receipt is for 'eastbank', expected 'westbank'",
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"aud": "westbank"}, "the receipt is by another gateway or for another bank than the consent"),
        ({"keys_at": 1}, "the receipt names header 1, the keys are at "),
        ({"records": []}, "the receipt is over 0 records, other than the 2 here"),
    ],
)
def test_a_receipt_that_says_something_else_fails(maker: Maker, changes: dict[str, Any], message: str) -> None:
    step, said = failure(maker, maker.make(receipt_changes=changes), audience=None)
    assert step == 12
    assert said.startswith(f"receipt: {message}")


def test_a_key_that_is_not_registered_fails(maker: Maker) -> None:
    maker.operator.receipts = Key()
    step, said = failure(maker, maker.make())
    assert step == 1
    assert said.removeprefix("parse strictly: key proof: ") in (
        "other is for absence, expected an empty list",
        "value is no object",
    )


def test_a_record_under_another_sealing_key_fails(maker: Maker) -> None:
    data = maker.make()
    key = Key()

    def change(value: dict[str, Any]) -> None:
        proof = next(each for each in value["keys"]["proofs"] if maker.operator.sealing.kid in each["key"])
        proof["key"] = f"key/tidegate/{key.kid}"
        value["keys"]["proofs"].sort(key=lambda each: each["key"])

    step, _ = failure(maker, edited(data, change))
    assert step == 7


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"products": ["transport_event"]}, "record 0 is a bill_of_lading, the consent covers transport_event"),
        (
            {"fields": {"bill_of_lading": ["/cargo"]}},
            "record 0 shows /document, which the consent does not cover",
        ),
    ],
)
def test_a_gateway_that_hands_out_more_than_was_consented_is_seen(
    maker: Maker, data: dict[str, Any], message: str
) -> None:
    maker.data |= data
    step, said = failure(maker, maker.make())
    assert step == 11
    assert message in said


def test_names_of_people_beyond_the_consent_are_seen(maker: Maker) -> None:
    maker.data["fields"] = {}
    maker.shown = None
    check(maker, maker.make())


def test_names_of_people_that_were_not_granted_fail(maker: Maker) -> None:
    maker.data["fields"] = {}
    maker.presentation = lambda number: sdjwt.combine(  # type: ignore[method-assign]
        maker.sealed[number].jwt, [each.encoded for each in maker.sealed[number].disclosures]
    )
    step, said = failure(maker, maker.make())
    assert (step, said) == (11, "consent: record 0 shows /parties/contacts, which the consent does not cover")


def test_another_owner_in_the_consent_record_has_no_such_passkey(maker: Maker) -> None:
    step, said = failure(maker, maker.make(changed=_set("another-owner", "id", "parties", "owner")))
    assert step == 7
    assert said.endswith("signed something, but its state is not proved")


def test_terms_changed_after_the_passkey_signed_fail(maker: Maker) -> None:
    step, said = failure(maker, maker.make(changed=_set("2030-01-31T00:00:00Z", "expires_at", "limits")))
    assert step == 11
    assert said.startswith("consent: the record's digest is ")


def test_a_passkey_that_did_not_verify_its_user_fails(maker: Maker) -> None:
    def change(record: dict[str, Any]) -> None:
        assertion = record["proof"]["assertion"]
        data = bytearray(unb64u(assertion["authenticator_data"]))
        data[32] &= ~0x04
        assertion["authenticator_data"] = b64u(bytes(data))

    step, said = failure(maker, maker.make(changed=change))
    assert (step, said) == (11, "consent: the passkey signed without verifying its user")


def test_a_passkey_signature_over_something_else_fails(maker: Maker) -> None:
    def change(record: dict[str, Any]) -> None:
        assertion = record["proof"]["assertion"]
        data = bytearray(unb64u(assertion["authenticator_data"]))
        data[36] ^= 1
        assertion["authenticator_data"] = b64u(bytes(data))

    step, said = failure(maker, maker.make(changed=change))
    assert (step, said) == (11, "consent: the passkey's signature does not verify")


def test_what_is_too_old_or_not_required_is_not_enough(maker: Maker) -> None:
    data = maker.make()
    with pytest.raises(NotEnough, match=r"older than 0:30:00$"):
        check(maker, data, max_age=timedelta(minutes=30))
    with pytest.raises(NotEnough, match=r"^required provider_sealed, record 0 is gateway_attested$"):
        check(maker, data, require=frozenset({"provider_sealed"}))
    with pytest.raises(NotEnough, match=r"^required a cometbft ledger, the trust file's is embedded"):
        check(maker, data, require=frozenset({"cometbft"}))


def test_any_bytes_are_refused_with_a_step(maker: Maker) -> None:
    for data in (b"", b"{}", b"[]", b"null", b"\xff", b'"' * 10, b"[" * 100):
        assert failure(maker, data)[0] == 1
