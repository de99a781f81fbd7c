"""After the story: who would get more from a consent than its owner gave. Each is tried for real, and refused."""

import json
from typing import Any

from gateway.cli.demo.browser import Browser
from gateway.cli.demo.cast import BANK, CARRIER_CODE, OWNER, REDIRECT_URI
from gateway.cli.demo.operated import run, write_json
from gateway.cli.demo.play import SHIPMENT, Play, details, must, must_refuse
from gateway.cli.demo.tampering import log_without
from gateway.cli.faults import CommandError
from gateway.client.connection import Tokens
from gateway.client.errors import OAuthError

OTHER_TRADER, OTHER_BR_NUMBER = "kowloon-imports", "60331172"
PATIENCE_SECONDS = 30.0
MISSING = 1


def bank_asks_wider_on_refresh(play: Play) -> None:
    """Attack: with its refresh token the bank asks for fields that the trader never gave."""
    wider = [{**play.granted.details[0], "fields": {}}]
    form = {"grant_type": "refresh_token", "refresh_token": str(play.granted.refresh_token)}
    try:
        play.bank.connection.tokens({**form, "authorization_details": json.dumps(wider)})
    except OAuthError as error:
        play.teller.held(f"caught by the grant, which is what the trader signed: {error}")
    else:
        raise CommandError("this does not hold: a token for all fields is refused to the bank")


def bank_pulls_while_paused(play: Play) -> None:
    """Attack: the trader pauses, and the bank pulls with a token that has not run out."""
    page = play.owner.open(f"{play.stage.issuer}/portal/consents/{play.granted.grant_id}")
    paused = play.owner.press(page, "Pause")
    must_refuse(lambda: play.bank.evidence(play.granted), 403, play, "caught by the consent's state")
    play.owner.press(paused, "Resume")


def bank_pulls_once_more(play: Play) -> None:
    """Attack: the trader permits one pull, and the bank pulls twice."""
    tokens = _agreed(play, play.owner, maximum_pulls=1)
    play.bank.evidence(tokens, patience=PATIENCE_SECONDS)
    must_refuse(lambda: play.bank.evidence(tokens), 401, play, "caught by the count of pulls")


def another_owner_consents(play: Play) -> None:
    """Attack: another trader consents to the pull of a bill of lading that is not its own."""
    link = play.stage.operate("owners", "invite", OTHER_TRADER, "--name", "Import desk", "--authority", "Director")
    with Browser(play.stage.issuer) as browser:
        browser.press(browser.open(link), "Make a passkey")
        bill = {"scheme": "transport_document", "issuer": CARRIER_CODE, "value": SHIPMENT}
        owner = {"scheme": "br_number", "value": OTHER_BR_NUMBER}
        tokens = _agreed(play, browser, owner=owner, products=["bill_of_lading"], identifiers=[bill], fields={})
    data = play.bank.evidence(tokens, patience=PATIENCE_SECONDS).data
    found = len(json.loads(data)["records"])
    must(found == 0, f"a bill of {OWNER} is not {OTHER_TRADER}'s to give, but {found} records were pulled")
    play.teller.held(f"caught by whose the bill is: evidence under the consent of {OTHER_TRADER} holds no record")


def other_trader_registers(play: Play) -> None:
    """Register the other trader."""
    other = {"id": OTHER_TRADER, "name": "Kowloon Imports Limited", "roles": ["owner"], "br_number": OTHER_BR_NUMBER}
    play.stage.operate("participants", "add", str(write_json(play.folder / "attacks" / f"{OTHER_TRADER}.json", other)))


def receipt_is_withheld(play: Play) -> None:
    """Attack: the operator leaves the bank's pull out of the trader's access log, and signs that it is whole."""
    folder, copy = play.folder / "attacks", play.folder / "evidence.json"
    log = folder / "pulls-without.json"
    log.write_bytes(log_without(play.stage.data, json.loads(copy.read_bytes())["receipt"], owner=OWNER))
    done = run("audit", "mine", str(log), "--trust", str(play.stage.trust), "--receipt", str(copy))
    must(done.returncode == MISSING, f"the pull is found missing: {done.stdout}{done.stderr}")
    must("MISSING" in done.stdout, f"the pull is found missing by the bank's copy: {done.stdout}{done.stderr}")
    play.teller.held(f"caught by the copy of {BANK}: {done.stdout.splitlines()[-1].partition(': ')[2]}")


def _agreed(play: Play, browser: Browser, **members: Any) -> Tokens:  # noqa: ANN401 - any JSON
    """Let the bank ask, with other members, and an owner agree."""
    pushed = play.bank.request({**details(), **members}, redirect_uri=REDIRECT_URI)
    review = browser.press(browser.open(pushed.url), "Continue")
    browser.press(review, "Approve with passkey")
    tokens = play.bank.exchange(pushed, browser.left_for)
    play.stage.anchored()
    return tokens
