"""The story, act by act. Each act does what its people would do, over HTTP, and checks that it held."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from gateway.cli.demo.browser import Browser
from gateway.cli.demo.cast import BANK, BR_NUMBER, CARRIER, CARRIER_CODE, OWNER, REDIRECT_URI, Cast
from gateway.cli.demo.stage import Stage, run, write_json
from gateway.cli.demo.telling import Teller
from gateway.cli.faults import CommandError
from gateway.client.bank import Bank
from gateway.client.connection import Connection, Tokens
from gateway.client.errors import ClientError, OAuthError, ProblemError
from gateway.client.provider import Provider

JSON = "application/json"
SHIPMENT, OTHER_SHIPMENT = "OCLNHKG26118", "OCLNHKG26131"
MESSAGES = (
    ("dcsa_ebl", "transport-document-118.json"),
    ("dcsa_ebl", "transport-document-131.json"),
    ("dcsa_track_trace", "events.json"),
)
FIELDS = {"bill_of_lading": ["/document", "/carrier", "/routing", "/cargo", "/equipment"]}
PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Play:
    """What the acts share."""

    teller: Teller
    stage: Stage
    cast: Cast
    folder: Path
    owner: Browser
    carrier: Provider
    bank: Bank
    tokens: Tokens | None = None


@contextmanager
def begin(teller: Teller, stage: Stage, cast: Cast, folder: Path) -> Iterator[Play]:
    """Bring everybody to the gateway, and home at the end."""
    with (
        Browser(stage.issuer) as owner,
        Connection(stage.issuer, cast.carrier) as carrier,
        Connection(stage.issuer, cast.bank) as bank,
    ):
        yield Play(teller, stage, cast, folder, owner, Provider(carrier), Bank(bank))


def participants_register(play: Play) -> None:
    """The operator registers a carrier, a trader and a bank."""
    registered = play.stage.operate("participants", "add", *map(str, play.cast.registrations))
    for line in registered.splitlines():
        play.teller.held(line)


def owner_enrols(play: Play) -> None:
    """The trader enrols a passkey by invitation."""
    link = play.stage.operate("owners", "invite", OWNER, "--name", "Finance desk", "--authority", "Director")
    play.teller.say(f"the operator invites: {link[:52]}...")
    page = play.owner.press(play.owner.open(link), "Make a passkey")
    play.teller.held(f"enrolled; the portal says: {page.text[page.text.find('Who sees') :][:60]}")


def carrier_and_owner_link(play: Play) -> None:
    """The carrier asks to be linked, and the trader confirms: before that it may file nothing in its name."""
    play.carrier.ask_link(OWNER)
    _must_refuse(lambda: _push(play, *MESSAGES[0]), 403, play, "pushed too early, the transport document is refused")
    links = play.owner.open(f"{play.stage.issuer}/portal/links")
    play.owner.press(links, "Yes, we are their customer")
    play.teller.held(f"the trader confirms in the portal to be a customer of {CARRIER}")


def carrier_pushes(play: Play) -> None:
    """The carrier pushes transport documents and events, as DCSA defines them."""
    for connector, name in MESSAGES:
        taken = _push(play, connector, name)
        products = ", ".join(sorted({each["product"] for each in taken}))
        play.teller.held(f"{name}: {len(taken)} sealed ({products})")
    again = _push(play, *MESSAGES[0])
    play.teller.held(f"pushed again, it is the same record: {again[0]['id']}")
    play.teller.held(f"all anchored; the ledger is at height {play.stage.anchored()}")


def bank_asks(play: Play) -> None:
    """The bank asks for consent to two shipments; the trader reads, leaves one out, and signs with the passkey."""
    details = _details()
    write_json(play.folder / "bank" / "request.json", details)
    pushed = play.bank.request(details, redirect_uri=REDIRECT_URI)
    play.teller.say(f"the bank's link for the trader: {pushed.url[:70]}...")
    page = play.owner.open(pushed.url)
    for name, value in page.summary[:4]:
        play.teller.say(f"{name}: {value}")
    review = play.owner.press(page, "Continue", untick=OTHER_SHIPMENT)
    play.teller.held(f"the trader leaves out shipment {OTHER_SHIPMENT}")
    play.owner.press(review, "Approve with passkey")
    play.tokens = play.bank.exchange(pushed, play.owner.left_for)
    granted = play.tokens.details[0]
    _must(SHIPMENT in str(granted) and OTHER_SHIPMENT not in str(granted), "the grant is what the trader signed")
    play.teller.held(f"signed; the bank exchanges its code: consent {play.tokens.grant_id}")


def bank_pulls(play: Play) -> None:
    """The bank pulls evidence."""
    height = play.stage.anchored()
    page = play.bank.evidence(_tokens(play), patience=PATIENCE_SECONDS)
    (play.folder / "evidence.json").write_bytes(page.data)
    (play.folder / "trust.json").write_bytes((play.stage.data / "trust.json").read_bytes())
    play.teller.held(f"evidence.json: {len(page.data)} bytes, with a consent that is final at height {height}")


def bank_verifies(play: Play) -> None:
    """The bank verifies offline, with a trust file and nothing else."""
    arguments = ("verify", str(play.folder / "evidence.json"), "--trust", str(play.folder / "trust.json"))
    done = run(*arguments, "--audience", BANK, "--explain")
    _must(done.returncode == 0, f"tidegate verify ended with {done.returncode}: {done.stderr.strip()}")
    shown = [line for line in done.stdout.splitlines() if line.strip()]
    _must(OTHER_SHIPMENT not in done.stdout, "nothing of the shipment left out is in the verdict")
    play.teller.held(shown[0])
    for line in shown[1:]:
        play.teller.say(line)
    other = run(*arguments, "--audience", "another-bank")
    _must(other.returncode == 1, f"for another bank, verify ended with {other.returncode}, expected 1")
    play.teller.held(f"shown by another bank as its own, it fails: {other.stderr.strip()}")


def forgery_is_found(play: Play) -> None:
    """Somebody changes one character of the evidence."""
    data = bytearray((play.folder / "evidence.json").read_bytes())
    place = data.find(b'"signature":"') + len(b'"signature":"')
    data[place] = ord("A") if data[place] != ord("A") else ord("B")
    forged = play.folder / "bank" / "forged.json"
    forged.write_bytes(data)
    done = run("verify", str(forged), "--trust", str(play.folder / "trust.json"))
    _must(done.returncode == 1, f"of a forged file, verify ended with {done.returncode}, expected 1")
    play.teller.held(done.stderr.strip())


def owner_revokes(play: Play) -> None:
    """The trader sees in the portal who looked, and stops sharing."""
    listed = play.owner.open(f"{play.stage.issuer}/portal/consents")
    _must("Last viewed: Never" not in listed.text, "the portal shows that the bank has looked")
    play.teller.say(listed.text[listed.text.find("Harbour Bank") :][:160])
    confirm = play.owner.open(listed.links["Stop sharing"])
    play.owner.press(confirm, "Stop sharing")
    play.teller.held("revoked, in two clicks; in force from this moment")


def bank_is_refused(play: Play) -> None:
    """The bank pulls again, and is refused."""
    _must_refuse(lambda: play.bank.evidence(_tokens(play)), 401, play, "the pull is refused")
    refresh_token = _tokens(play).refresh_token
    _must(refresh_token is not None, "the bank was given a refresh token")
    try:
        play.bank.refresh(str(refresh_token))
    except OAuthError as error:
        play.teller.held(f"and so is a new token: {error}")
    else:
        raise CommandError("after the revocation the bank was given a new token")


ACTS: tuple[Callable[[Play], None], ...] = (
    participants_register,
    owner_enrols,
    carrier_and_owner_link,
    carrier_pushes,
    bank_asks,
    bank_pulls,
    bank_verifies,
    forgery_is_found,
    owner_revokes,
    bank_is_refused,
)
"""The acts in their order; the first line of each one's docstring is its title."""


def perform(play: Play) -> None:
    """Play every act. Raises `CommandError` naming the act that did not hold."""
    for act in ACTS:
        title = str(act.__doc__).splitlines()[0].rstrip(".")
        play.teller.act(title)
        try:
            act(play)
        except (ClientError, CommandError) as error:
            raise CommandError(f"the story broke where {title[0].lower()}{title[1:]}: {error}") from error


def message(name: str) -> bytes:
    """Return one of the demo's messages."""
    return files("gateway.cli.demo").joinpath("messages", name).read_bytes()


def _push(play: Play, connector: str, name: str) -> list[dict[str, Any]]:
    owner = OWNER if connector == "dcsa_ebl" else None  # events inherit it from the transport document they name
    taken: list[dict[str, Any]] = play.carrier.push(connector, message(name), content_type=JSON, owner=owner)["records"]
    return taken


def _details() -> dict[str, Any]:
    ends = datetime.now(UTC) + timedelta(days=90)
    bills = [
        {"scheme": "transport_document", "issuer": CARRIER_CODE, "value": each} for each in (SHIPMENT, OTHER_SHIPMENT)
    ]
    return {
        "type": "trade_data",
        "owner": {"scheme": "br_number", "value": BR_NUMBER},
        "products": ["bill_of_lading", "transport_event"],
        "identifiers": bills,
        "fields": FIELDS,
        "expires_at": ends.strftime("%Y-%m-%dT00:00:00Z"),
        "purpose": {"code": "trade_finance_underwriting", "text": "Pre-shipment loan 2026-118"},
        "frequency": {"max": 24, "per": "P1D"},
        "maximum_pulls": 500,
        "data_life": "P90D",
        "retention": "view",
        "on_title_change": "ask",
        "jurisdictions": ["HK"],
        "transfer_mechanism": None,
        "onward_sharing": False,
    }


def _tokens(play: Play) -> Tokens:
    if play.tokens is None:
        raise CommandError("the bank holds no token")
    return play.tokens


def _must(held: bool, what: str) -> None:  # noqa: FBT001 - the condition itself
    if not held:
        raise CommandError(f"this does not hold: {what}")


def _must_refuse(attempt: Callable[[], object], status: int, play: Play, what: str) -> None:
    try:
        attempt()
    except ProblemError as error:
        _must(error.status == status, f"{what} with {status}, not {error}")
        play.teller.held(f"{what}: {error}")
    else:
        raise CommandError(f"this does not hold: {what}")
