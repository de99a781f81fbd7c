"""The story, act by act. Each act does what its people would do, over HTTP, and checks that it held."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors import registry
from connectors.base import Received
from gateway.cli.demo.cast import BANK, CARRIER_CODE, OWNER
from gateway.cli.demo.operated import run, write_json
from gateway.cli.demo.play import MESSAGES, OTHER_SHIPMENT, SHIPMENT, Message, Play, ask, details, must, must_refuse
from gateway.cli.faults import CommandError
from gateway.client import sealing
from gateway.client.attesting import Pulled, RetainedUnder
from gateway.client.errors import ClientError, OAuthError

PATIENCE_SECONDS = 30.0
LAW, FIVE_YEARS = "Cap. 615, Schedule 2, section 20", timedelta(days=5 * 365)
Act = Callable[[Play], None]


def participants_register(play: Play) -> None:
    """The operator registers three providers, a trader and a bank."""
    registered = play.stage.operate("participants", "add", *map(str, play.cast.registrations))
    for line in registered.splitlines():
        play.teller.held(line)


def owner_enrols(play: Play) -> None:
    """The trader enrols a passkey by invitation."""
    link = play.stage.operate("owners", "invite", OWNER, "--name", "Finance desk", "--authority", "Director")
    play.teller.say(f"the operator invites: {link[:52]}...")
    page = play.owner.press(play.owner.open(link), "Make a passkey")
    play.teller.held(f"enrolled; the portal says: {page.text[page.text.find('Who sees') :][:60]}")


def providers_and_owner_link(play: Play) -> None:
    """The providers ask to be linked, and the trader confirms: before that they may file nothing in its name."""
    must_refuse(lambda: push(play, MESSAGES[0]), 403, play, "pushed too early, the consignment note is refused")
    for name, provider in play.providers.items():
        provider.ask_link(OWNER)
        links = play.owner.open(f"{play.stage.issuer}/portal/links")
        play.owner.press(links, "Yes, we are their customer")
        play.teller.held(f"the trader confirms in the portal to be a customer of {name}")


def providers_push(play: Play) -> None:
    """By truck, by sea and by air: each provider pushes what its standard defines."""
    for each in MESSAGES:
        taken = push(play, each)
        products = ", ".join(sorted({record["product"] for record in taken}))
        sealer = "by the provider itself" if each.sealed else "by the gateway"
        play.teller.held(f"{each.provider} pushes {each.name}: {len(taken)} sealed {sealer} ({products})")
    again = push(play, MESSAGES[0])
    play.teller.held(f"pushed again, it is the same record: {again[0]['id']}")
    play.teller.held(f"all anchored; the ledger is at height {play.stage.anchored()}")


def bank_asks(play: Play) -> None:
    """The bank asks for consent to the shipments; the trader reads, leaves one out, and signs with the passkey."""
    write_json(play.folder / "bank" / "request.json", details())
    pushed = ask(play)
    play.teller.say(f"the bank's link for the trader: {pushed.url[:70]}...")
    page = play.owner.open(pushed.url)
    for name, value in page.summary[:4]:
        play.teller.say(f"{name}: {value}")
    review = play.owner.press(page, "Continue", untick=OTHER_SHIPMENT)
    play.teller.held(f"the trader leaves out shipment {OTHER_SHIPMENT}")
    play.owner.press(review, "Approve with passkey")
    play.tokens = play.bank.exchange(pushed, play.owner.left_for)
    granted = play.tokens.details[0]
    must(SHIPMENT in str(granted) and OTHER_SHIPMENT not in str(granted), "the grant is what the trader signed")
    play.teller.held(f"signed; the bank exchanges its code: consent {play.tokens.grant_id}")


def bank_pulls(play: Play) -> None:
    """The bank pulls evidence."""
    height = play.stage.anchored()
    page = play.bank.evidence(play.granted, patience=PATIENCE_SECONDS)
    (play.folder / "evidence.json").write_bytes(page.data)
    (play.folder / "trust.json").write_bytes(play.stage.trust.read_bytes())
    play.teller.held(f"evidence.json: {len(page.data)} bytes, with a consent that is final at height {height}")


def bank_verifies(play: Play) -> None:
    """The bank verifies offline, with a trust file and nothing else."""
    arguments = ("verify", str(play.folder / "evidence.json"), "--trust", str(play.folder / "trust.json"))
    done = run(*arguments, "--audience", BANK, "--explain", *play.required)
    must(done.returncode == 0, f"tidegate verify ended with {done.returncode}: {done.stderr.strip()}")
    shown = [line for line in done.stdout.splitlines() if line.strip()]
    must(OTHER_SHIPMENT not in done.stdout, "nothing of the shipment left out is in the verdict")
    play.teller.held(shown[0])
    for line in shown[1:]:
        play.teller.say(line)
    other = run(*arguments, "--audience", "another-bank")
    must(other.returncode == 1, f"for another bank, verify ended with {other.returncode}, expected 1")
    play.teller.held(f"shown by another bank as its own, it fails: {other.stderr.strip()}")


def forgery_is_found(play: Play) -> None:
    """Somebody changes one character of the evidence."""
    data = bytearray((play.folder / "evidence.json").read_bytes())
    place = data.find(b'"signature":"') + len(b'"signature":"')
    data[place] = ord("A") if data[place] != ord("A") else ord("B")
    forged = play.folder / "bank" / "forged.json"
    forged.write_bytes(data)
    done = run("verify", str(forged), "--trust", str(play.folder / "trust.json"))
    must(done.returncode == 1, f"of a forged file, verify ended with {done.returncode}, expected 1")
    play.teller.held(done.stderr.strip())


def owner_revokes(play: Play) -> None:
    """The trader sees in the portal who looked, and stops sharing."""
    listed = play.owner.open(f"{play.stage.issuer}/portal/consents")
    must("Last viewed: Never" not in listed.text, "the portal shows that the bank has looked")
    play.teller.say(listed.text[listed.text.find("Harbour Bank") :][:160])
    _log_is_kept(play)
    confirm = play.owner.open(listed.links["Stop sharing"])
    play.owner.press(confirm, "Stop sharing")
    play.teller.held("revoked, in two clicks; in force from this moment")


def _log_is_kept(play: Play) -> None:
    """The trader keeps the access log, and verifies it: the pull that the bank has a copy of stands there."""
    play.stage.anchored()
    log, copy, trust = (play.folder / name for name in ("pulls.json", "evidence.json", "trust.json"))
    log.write_bytes(play.owner.save(f"{play.stage.issuer}/portal/pulls/log"))
    done = run("audit", "mine", str(log), "--trust", str(trust), "--receipt", str(copy))
    must(done.returncode == 0, f"the access log holds and has the bank's pull: {done.stdout}{done.stderr}")
    first, *_, last = done.stdout.splitlines()
    play.teller.held(f"the access log, verified offline: {first}")
    play.teller.held(last.partition(": ")[2])


def bank_is_refused(play: Play) -> None:
    """The bank pulls again, and is refused."""
    must_refuse(lambda: play.bank.evidence(play.granted), 401, play, "the pull is refused")
    refresh_token = play.granted.refresh_token
    must(refresh_token is not None, "the bank was given a refresh token")
    try:
        play.bank.refresh(str(refresh_token))
    except OAuthError as error:
        play.teller.held(f"and so is a new token: {error}")
    else:
        raise CommandError("after the revocation the bank was given a new token")


def bank_attests(play: Play) -> None:
    """The bank must delete what it pulled in 90 days: it says, signed, which law makes it keep that longer."""
    now = datetime.now(UTC)
    consent = str(play.granted.grant_id)
    kept = play.bank.attest(Pulled(consent, 1, now), RetainedUnder(LAW, now + FIVE_YEARS))
    play.teller.held(f"the gateway acknowledges attestation {kept['id']}")
    page = play.owner.open(f"{play.stage.issuer}/portal/consents/{consent}")
    must("Kept under a law" in page.text and LAW in page.text, "the portal shows the trader what the bank keeps")
    play.stage.anchored()
    file, trust = play.folder / "attestations.json", play.folder / "trust.json"
    file.write_bytes(play.bank.attestations(consent))
    done = run("verify", str(file), "--trust", str(trust))
    must(done.returncode == 0, f"of attestations, verify ended with {done.returncode}: {done.stderr.strip()}")
    for line in done.stdout.splitlines():
        play.teller.held(line.strip())


ACTS: tuple[Act, ...] = (
    participants_register,
    owner_enrols,
    providers_and_owner_link,
    providers_push,
    bank_asks,
    bank_pulls,
    bank_verifies,
    forgery_is_found,
    owner_revokes,
    bank_is_refused,
    bank_attests,
)
"""The acts in their order; the first line of each one's docstring is its title."""


def perform(play: Play, acts: Sequence[Act] = ACTS) -> None:
    """Play every act. Raises `CommandError` naming the act that did not hold."""
    for act in acts:
        title = str(act.__doc__).splitlines()[0].rstrip(".")
        play.teller.act(title)
        try:
            act(play)
        except (ClientError, CommandError) as error:
            raise CommandError(f"the story broke where {title[0].lower()}{title[1:]}: {error}") from error


def push(play: Play, message: Message, *, owner: str = OWNER) -> list[dict[str, Any]]:
    """Push a message as its provider does; return what became of it. Raises `ProblemError`."""
    body, media_type = message.content, message.media_type
    if message.sealed:
        received = Received("push", body, carrier_code=CARRIER_CODE)
        found = registry.get(message.connector)
        now = datetime.now(UTC)
        body = sealing.seal(found, received, media_type=media_type, sealer=play.cast.sealer, issued_at=now)
        media_type = sealing.MEDIA_TYPE
    named = owner if message.owned else None
    provider = play.providers[message.provider]
    taken: list[dict[str, Any]] = provider.push(message.connector, body, content_type=media_type, owner=named)[
        "records"
    ]
    return taken
