"""`tidegate network`: four organisations' nodes and two gateways, on this machine, with the processes that they run."""

import json
import signal
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.demo import folder
from gateway.cli.demo.telling import Teller
from gateway.cli.faults import FAILED, CommandError
from gateway.cli.lazy import commands, examples
from gateway.cli.network import running, story
from gateway.cli.network.place import DEFAULT_HOME, GATEWAYS, MEMBERS, Place
from gateway.cli.output import console
from ledger.trust import fingerprint

app = commands("Run four organisations' nodes and two gateways on this machine.")
HomeOption = Annotated[Path, typer.Option("--home", metavar="DIR", help="The network's folder.")]
MADE = ("nodes", "gateways", "story", "network.json", "trust.json", "addresses.json", "processes.json")


@app.command(epilog=examples("tidegate network up", "tidegate network up --home build/network"))
def up(home: HomeOption = DEFAULT_HOME) -> None:
    """Bring the network up: four validators and two gateways, each with its own PostgreSQL and worker.

    They run in the background until `tidegate network down`. What is there already is kept: a network that was taken
    down goes on. Says where everything is, and how to use it.
    """
    place, teller = Place(home), Teller(console())
    running.up(place, teller.say)
    _tell(teller, place)


@app.command(epilog=examples("tidegate network status", "tidegate network status --json"))
def status(
    home: HomeOption = DEFAULT_HOME,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say how the network is: heights, peers and app hashes of the nodes, readiness of the gateways.

    Exit code 1 unless everything is well.
    """
    found = running.look(_founded(home))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
    else:
        for line in _lines(found):
            typer.echo(line)
    if found["state"] != "well":
        raise typer.Exit(FAILED)


@app.command(epilog=examples("tidegate network down"))
def down(home: HomeOption = DEFAULT_HOME) -> None:
    """Take the network down in order: gateways first, then nodes. What still lives after that is told.

    Everything stays in the folder; `up` goes on with it. Exit code 1 if something still lives.
    """
    ended = running.down(_founded(home))
    for name, pid in ended.alive.items():
        typer.echo(f"still alive: {name}, process {pid}", err=True)
    for pid in ended.left:
        typer.echo(f"still alive: process {pid}, which one of them started", err=True)
    if ended.alive or ended.left:
        raise typer.Exit(FAILED)
    typer.echo("the network is down")


@app.command(epilog=examples("tidegate network demo", "tidegate network demo --home build/network"))
def demo(home: HomeOption = DEFAULT_HOME) -> None:
    """Bring a new network up, tell the demo's story at both gateways, and take it down.

    Evidence of both is verified offline with the one trust file that the four founders signed. Removes only what an
    earlier demo made in DIR. Exit code 0 only if every act held and everything ended.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # takes the network down too, as Ctrl-C does
    place, teller = Place(home), Teller(console())
    if running.is_up(place):
        raise CommandError(f"the network in {place.root} is up: take it down, or choose another with --home")
    folder.prepare(place.root, made=MADE, option="--home")
    running.up(place, teller.say)
    try:
        _tell(teller, place)
        story.tell(teller, place)
    finally:
        ended = running.down(place)
    if ended.alive or ended.left:
        raise CommandError(f"still alive: {', '.join(map(str, [*ended.alive.values(), *ended.left]))}")
    files = [*story.evidence(place), place.trust]
    teller.list("Files", [(str(file.relative_to(place.root)), f"in {place.root}") for file in files])
    teller.end("Every act held, at both gateways; the network is down.")


def _founded(home: Path) -> Place:
    place = Place(home)
    if not place.network.is_file():
        raise CommandError(f"there is no network in {place.root}: tidegate network up makes one")
    return place


def _tell(teller: Teller, place: Place) -> None:
    for member in GATEWAYS:
        gateway = place.gateway(member)
        gateway.close()
        variables = place.folder(member) / "gateway.env"
        rows = [
            ("address", f"{gateway.issuer}, portal {gateway.issuer}/portal"),
            ("operate it", f"(set -a; . {variables}; tidegate participants list)"),
            ("log", str(gateway.log)),
        ]
        teller.list(f"{member.name} ({member.org})", rows)
    nodes = [(member.org, f"http://{place.listening(member).rpc}, log {place.node_log(member)}") for member in MEMBERS]
    teller.list("Nodes", nodes)
    rows = [
        ("trust file", f"{place.trust}, fingerprint {fingerprint(place.trust.read_bytes())}"),
        ("how it is", f"tidegate network status --home {place.root}"),
        ("end it", f"tidegate network down --home {place.root}"),
    ]
    teller.list("The network", rows)


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{'node':22} {'state':12} {'height':>8} {'block age':>10} {'peers':>6}  app hash"]
    for org, node in found["nodes"].items():
        if "height" in node:
            numbers = f"{node['height']:8} {node['block_age']:>10} {node['peers']:6}"
            lines.append(f"{org:22} {node['state']:12} {numbers}  {node['app_hash'][:16]}...")
        else:
            lines.append(f"{org:22} {node['state']:12} {node['why']}")
    lines.append(f"\n{'gateway':22} {'state':12} {'height':>8} {'waiting':>10}  address")
    for org, gateway in found["gateways"].items():
        numbers = f"{gateway.get('last_height', '-'):>8} {gateway.get('waiting', '-'):>10}"
        lines.append(f"{org:22} {gateway['state']:12} {numbers}  {gateway['url']}")
        lines += [f"{'':22} {warning}" for warning in gateway.get("warnings", ())]
    agree = {True: "the same app hash", False: "DIFFERENT app hashes", None: "not every node can be asked"}
    return [*lines, f"\nat one height: {agree[found['agree']]}"]
