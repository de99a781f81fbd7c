"""After the story: what people with bad intentions would do. Each is done for real, and caught; it is said by what."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes
from typing import Any

import httpx2

from gateway.cli.demo.cast import BANK
from gateway.cli.demo.consents import (
    OTHER_TRADER,
    another_owner_consents,
    bank_asks_wider_on_refresh,
    bank_pulls_once_more,
    bank_pulls_while_paused,
    other_trader_registers,
    receipt_is_withheld,
)
from gateway.cli.demo.operated import run
from gateway.cli.demo.play import MESSAGES, Message, Play, ask, must, must_refuse
from gateway.cli.demo.rewriting import rewritten
from gateway.cli.demo.story import Act, bank_is_refused, owner_revokes, push
from gateway.cli.demo.tampering import doubled_weight
from gateway.cli.faults import CommandError
from gateway.client.bank import Bank
from gateway.client.connection import Connection
from gateway.client.errors import error_code
from ledger.codec import b64u, canonical

OTHER_BANK = "peak-bank"
PATIENCE_SECONDS = 30.0
INVALID = 1


def bank_has_consent_again(play: Play) -> None:
    """For what follows the trader consents once more, and the bank pulls."""
    pushed = ask(play)
    review = play.owner.press(play.owner.open(pushed.url), "Continue")
    play.owner.press(review, "Approve with passkey")
    play.tokens = play.bank.exchange(pushed, play.owner.left_for)
    play.stage.anchored()
    data = play.bank.evidence(play.granted, patience=PATIENCE_SECONDS).data
    _folder(play).joinpath("evidence.json").write_bytes(data)
    _verified(play, data, "evidence.json")
    play.teller.held(f"evidence of {len(data)} bytes, valid")


def operator_edits_a_row(play: Play) -> None:
    """Attack: the operator doubles a weight in a stored record, and seals it anew with the gateway's own key."""
    with doubled_weight(play.stage.data):
        data = play.bank.evidence(play.granted).data
    _caught(play, data, "edited-row.json", step=9)


def field_is_forged_in(play: Play) -> None:
    """Attack: somebody adds a field to a record that the trader withheld it from."""
    evidence = _evidence(play)
    forged = b64u(json.dumps([b64u(token_bytes(16)), "parties", []]).encode())
    evidence["records"][0]["sd_jwt"] += f"{forged}~"
    _caught(play, canonical(evidence), "forged-field.json", step=1)


def another_bank_replays(play: Play) -> None:
    """Attack: another bank passes the evidence off as pulled by itself."""
    _caught(play, canonical(_evidence(play)), "evidence.json", step=12, audience=OTHER_BANK)


def stranger_rewrites_history(play: Play) -> None:
    """Attack: a stranger rewrites the ledger without the revocation, signs every block anew, and proves from that."""
    data = rewritten(_evidence(play), play.stage.data, _folder(play))
    _caught(play, data, "rewritten-history.json", step=2)


def token_is_stolen(play: Play) -> None:
    """Attack: a thief pulls with the bank's access token and a key of his own."""
    with Connection(play.stage.issuer, play.cast.carrier) as thief:
        must_refuse(lambda: Bank(thief).evidence(play.granted), 401, play, "caught by the token's binding to its key")


def proof_is_replayed(play: Play) -> None:
    """Attack: somebody on the line sends the bank's own request a second time."""
    url, token = f"{play.stage.issuer}/evidence", play.granted.access_token
    with httpx2.Client(trust_env=False, timeout=PATIENCE_SECONDS) as line:

        def send(proof: str) -> httpx2.Response:
            headers = {"Authorization": f"DPoP {token}", "DPoP": proof, "Content-Type": "application/json"}
            return line.post(url, content=b"{}", headers=headers)

        key = play.bank.connection.proof_key
        nonce = send(key.proof("POST", url, token=token)).headers["DPoP-Nonce"]
        proof = key.proof("POST", url, token=token, nonce=nonce)
        first, second = send(proof), send(proof)
    must(first.status_code == httpx2.codes.OK, f"the bank's own request is answered, not {first.status_code}")
    said = f"{second.status_code} {error_code(second)}: {second.json().get('detail')}"
    must((second.status_code, error_code(second)) == (401, "invalid_dpop_proof"), f"a replay is refused, not {said}")
    play.teller.held(f"caught by the proof's identifier, stored with the first answer: {said}")


def provider_pushes_for_a_stranger(play: Play) -> None:
    """Attack: the carrier files a bill in the name of a trader who is not its customer."""
    other_trader_registers(play)
    bill = next(each for each in MESSAGES if each.connector == "dcsa_ebl" and not each.sealed)
    attempt = _pushed_for(play, bill, OTHER_TRADER)
    must_refuse(attempt, 403, play, "caught by the link that the trader never confirmed")


def bank_pulls_after_revocation(play: Play) -> None:
    """Attack: the trader stops sharing, and the bank pulls with a token that has not run out."""
    owner_revokes(play)
    bank_is_refused(play)


ATTACKS: tuple[Act, ...] = (
    bank_has_consent_again,
    operator_edits_a_row,
    field_is_forged_in,
    another_bank_replays,
    stranger_rewrites_history,
    token_is_stolen,
    proof_is_replayed,
    bank_asks_wider_on_refresh,
    bank_pulls_while_paused,
    provider_pushes_for_a_stranger,
    receipt_is_withheld,
    bank_pulls_after_revocation,
    bank_pulls_once_more,
    another_owner_consents,
)
"""The attacks in their order; the first line of each one's docstring is its title."""


@dataclass(frozen=True, slots=True)
class _Verified:
    code: int
    document: Mapping[str, Any]


def _verified(play: Play, data: bytes, name: str, *, audience: str = BANK) -> _Verified:
    """Write an evidence into the attacks' folder and verify it, in a process of its own."""
    path = _folder(play) / name
    path.write_bytes(data)
    trust = str(play.stage.data / "trust.json")
    done = run("verify", str(path), "--trust", trust, "--audience", audience, "--json")
    try:
        return _Verified(done.returncode, json.loads(done.stdout))
    except ValueError:
        raise CommandError(f"tidegate verify ended with {done.returncode}: {done.stderr.strip()}") from None


def _caught(play: Play, data: bytes, name: str, *, step: int, audience: str = BANK) -> None:
    """See that an evidence fails at this very step; tell by what it is caught."""
    verdict = _verified(play, data, name, audience=audience)
    failed = verdict.document.get("step")
    must((verdict.code, failed) == (INVALID, step), f"{name} fails at step {step}, not {failed} (exit {verdict.code})")
    play.teller.held(f"caught at step {step} of the verification: {verdict.document['reason']}")


def _evidence(play: Play) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_folder(play).joinpath("evidence.json").read_bytes())
    return found


def _folder(play: Play) -> Path:
    folder = play.folder / "attacks"
    folder.mkdir(exist_ok=True)
    return folder


def _pushed_for(play: Play, message: Message, owner: str) -> Callable[[], object]:
    return lambda: push(play, message, owner=owner)
