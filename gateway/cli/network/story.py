"""The demo's story, told at both gateways of a network: their evidence rests on one ledger and one trust file."""

from contextlib import closing
from pathlib import Path

from gateway.cli.demo import cast, play
from gateway.cli.demo.operated import run
from gateway.cli.demo.play import Play, must
from gateway.cli.demo.story import ACTS, Act, perform
from gateway.cli.demo.telling import Teller
from gateway.cli.network.place import GATEWAYS, GOVERNANCE, MEMBERS, Place
from gateway.cli.network.running import look

REQUIRED = ("--require", "cometbft")
FOLDER = "story"


def tell(teller: Teller, place: Place) -> None:
    """Tell it first in Hong Kong, then in Shanghai. Raises `CommandError` naming the act that did not hold."""
    folder = place.root / FOLDER
    players = cast.gather(folder)
    for number, member in enumerate(GATEWAYS):
        with closing(place.gateway(member)) as gateway:
            teller.say(f"at {member.name}, {gateway.issuer}")
            with play.begin(teller, gateway, players, folder / member.org, required=REQUIRED) as everybody:
                acts = (ACTS[0], _registering(place, players.registrations[0]), *ACTS[1:]) if not number else ACTS
                perform(everybody, acts)
                if member is GATEWAYS[-1]:
                    perform(everybody, (_comparing(place),))


def evidence(place: Place) -> list[Path]:
    """Return the evidence pulled at each gateway."""
    return [place.root / FOLDER / member.org / "evidence.json" for member in GATEWAYS]


def _registering(place: Place, registration: Path) -> Act:
    def founders_register(everybody: Play) -> None:
        """The founders register the carrier's sealing key: no gateway can do so alone."""
        proposal = place.root / FOLDER / "proposal.json"
        everybody.stage.operate("ledger", "propose", "org.register", str(registration), "-o", str(proposal))
        for member in MEMBERS[:GOVERNANCE]:
            key = str(place.organisation_key(member))
            done = run("ledger", "sign", str(proposal), "--org", member.org, "--key", key)
            must(done.returncode == 0, f"{member.org} signs the proposal: {done.stderr.strip()}")
            everybody.teller.say(f"{member.org} has read and signed it")
        everybody.teller.held(everybody.stage.operate("ledger", "submit", str(proposal)).splitlines()[-1])

    return founders_register


def _comparing(place: Place) -> Act:
    def ledgers_and_evidence_agree(everybody: Play) -> None:
        """One trust file verifies the evidence of both gateways, and four nodes have the same state."""
        for file in evidence(place):
            done = run("verify", str(file), "--trust", str(place.trust), "--audience", cast.BANK, *REQUIRED)
            must(done.returncode == 0, f"tidegate verify {file} ended with {done.returncode}: {done.stderr.strip()}")
            everybody.teller.held(f"{file.parent.name}: {done.stdout.splitlines()[0]}")
        found = look(place)
        must(found["agree"] is True, "at one height all nodes have the same app hash")
        heights = ", ".join(f"{org} {node['height']}" for org, node in found["nodes"].items())
        everybody.teller.held(f"the same app hash at every node; heights: {heights}")

    return ledgers_and_evidence_agree
