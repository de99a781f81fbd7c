"""`tidegate demo`: the whole story on one machine, against a real gateway, over HTTP."""

import shutil
import signal
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.demo import attacks, cast, folder, play, story
from gateway.cli.demo.stage import Stage
from gateway.cli.demo.telling import Teller
from gateway.cli.lazy import commands, examples
from gateway.cli.output import console

app = commands()
FILES = (
    ("evidence.json", "what the bank pulled: records, proofs, receipt"),
    ("pulls.json", "the trader's access log"),
    ("attestations.json", "what the bank signed of what it keeps, and why"),
    ("trust.json", "what a verifier takes for granted of the ledger"),
    ("attacks/", "with --attack: what was forged"),
    ("messages/", "what the providers pushed, in their standards' forms"),
    ("bank/", "the bank's key, registration and request; a forged evidence"),
    ("carrier/, haulier/, forwarder/, owner/", "their registrations, and the providers' keys"),
    ("data/", "the gateway's own: database, ledger, keys"),
    ("gateway.log", "what the gateway said"),
)


@app.command(
    epilog=examples(
        "tidegate demo --out build/demo",
        "tidegate demo --out build/demo --attack",
        "tidegate demo --out build/demo --serve",
    )
)
def demo(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="A folder for everything the demo makes.")],
    *,
    attack: Annotated[
        bool, typer.Option("--attack", help="Then attack it in earnest, and see what catches each.")
    ] = False,
    serve: Annotated[bool, typer.Option("--serve", help="Keep the gateway running, to play with.")] = False,
) -> None:
    """Tell the whole story on this machine, from push to revocation.

    Three providers, a trader and a bank are registered at a gateway of their own; one shipment goes by truck and sea
    and one by air, and each provider pushes what its standard defines; the trader consents in the portal with a
    passkey, the bank pulls and verifies offline, the trader revokes, the bank is refused, and says which law makes it
    keep what it has. Takes seconds, needs no network, and removes only what an earlier demo made in DIR. Exit code 0
    only if every act held.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the gateway too, as Ctrl-C does
    out = out.absolute()
    folder.prepare(out)
    teller = Teller(console())
    players = cast.gather(out)
    for message in play.MESSAGES:
        path = out / "messages" / message.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(message.content)
    with Stage(out) as stage:
        teller.say(f"a gateway runs at {stage.issuer}, its data in {stage.data}")
        with play.begin(teller, stage, players, out) as everybody:
            story.perform(everybody)
            if attack:
                story.perform(everybody, attacks.ATTACKS)
        teller.list(f"Files in {out}", list(FILES))
        teller.end("Every act held, and every attack was caught." if attack else "Every act held.")
        if serve:
            _stay(teller, stage, players)


def _stay(teller: Teller, stage: Stage, players: cast.Cast) -> None:
    """Print what to play with, and wait for Ctrl-C."""
    link = stage.operate("owners", "invite", cast.OWNER, "--name", "You", "--authority", "Director")
    gateway = f"--gateway {stage.issuer}"
    who = f"--client {cast.BANK} --key {players.bank_key}"
    tidegate = shutil.which("tidegate") or "tidegate"
    asked = stage.folder / "bank" / "request.json"
    rows = [
        ("enrol your own passkey", link),
        ("the portal", f"{stage.issuer}/portal"),
        ("ask as the bank", f"{tidegate} consent request {gateway} {who} --details {asked} --open"),
        ("its API", f"{stage.issuer}/.well-known/oauth-authorization-server"),
        ("how it is", f"{stage.issuer}/readyz, {stage.issuer}/metrics"),
    ]
    teller.list("To play with, until Ctrl-C", rows)
    try:
        stage.wait_for_end()
    except KeyboardInterrupt:
        teller.say("stopping")
