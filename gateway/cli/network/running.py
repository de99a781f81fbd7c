"""A network is brought up, looked at and taken down: nodes first, then gateways; and the other way round."""

import os
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import psutil

from gateway.cli.faults import CommandError
from gateway.cli.ledger_status import observed, rpc_address
from gateway.cli.network import founding
from gateway.cli.network.place import GATEWAYS, MEMBERS, PATIENCE_SECONDS, Member, Place
from gateway.cli.network.processes import Ended, Processes
from ledger.backends.cometbft import engine
from ledger.backends.cometbft.rpc import Connection
from ledger.errors import LedgerError

POLL_SECONDS = 0.1
SAID_CHARACTERS = 2000
Told = Callable[[str], object]


def up(place: Place, told: Told) -> None:
    """Found the network if it is not there, start what does not run, and wait until all of it serves.

    What was started is ended again if it does not come up. Raises `CommandError`, `LedgerError`.
    """
    engine.find()
    if not place.network.is_file():
        founding.found(place)
        told(f"founded in {place.root}")
    try:
        _start_nodes(place)
        if not place.trust.is_file():
            founding.attest(place)
            told("every founder has signed the trust file")
        _start_gateways(place)
    except BaseException:
        down(place)
        raise


def down(place: Place) -> Ended:
    """End the gateways, then the nodes, each in order; return what still lives."""
    processes = Processes(place.processes)
    gateways = processes.end([_gateway(member) for member in GATEWAYS])
    nodes = processes.end([_node(member) for member in MEMBERS])
    left = {*gateways.left, *nodes.left, *(pid for member in GATEWAYS if (pid := _postmaster(place, member)))}
    return Ended({**gateways.alive, **nodes.alive}, sorted(left))


def is_up(place: Place) -> bool:
    """Say whether any process of the network runs."""
    processes = Processes(place.processes)
    names = [*map(_node, MEMBERS), *map(_gateway, GATEWAYS)]
    return any(processes.running(name) for name in names)


def look(place: Place) -> dict[str, Any]:
    """Return how nodes and gateways are.

    `agree`: at the newest height that every node has, all have the same app hash; None while one cannot be asked.
    """
    nodes = {member.org: _look_at_node(place, member) for member in MEMBERS}
    gateways = {member.org: _look_at_gateway(place, member) for member in GATEWAYS}
    heights = [found["height"] for found in nodes.values() if "height" in found]
    agree = None
    if len(heights) == len(MEMBERS):
        agree = len({_app_hash(place, member, min(heights)) for member in MEMBERS}) == 1
    well = agree is True and all(each["state"] == "well" for each in nodes.values())
    return {
        "state": "well" if well and all(each["state"] == "ready" for each in gateways.values()) else "unwell",
        "agree": agree,
        "nodes": nodes,
        "gateways": gateways,
    }


def _start_nodes(place: Place) -> None:
    processes = Processes(place.processes)
    for member in MEMBERS:
        command = ("ledger", "node", "--home", str(place.home(member).root))
        processes.start(_node(member), command, log=place.node_log(member), environment=os.environ)
    deadline = time.monotonic() + PATIENCE_SECONDS
    for member in MEMBERS:
        while _height(place, member) < 1:
            if time.monotonic() > deadline or not processes.running(_node(member)):
                said = place.node_log(member).read_text(errors="replace")[-SAID_CHARACTERS:]
                raise CommandError(f"the node of {member.org} did not come up; its log says:\n{said}")
            time.sleep(POLL_SECONDS)


def _start_gateways(place: Place) -> None:
    processes = Processes(place.processes)
    for member in GATEWAYS:
        place.write_environment(member)
        gateway = place.gateway(member)
        processes.start(_gateway(member), ("serve",), log=gateway.log, environment=gateway.environment)
        gateway.close()
    for member in GATEWAYS:
        with closing(place.gateway(member)) as gateway:
            gateway.ready()


def _look_at_node(place: Place, member: Member) -> dict[str, Any]:
    try:
        found = observed(place.home(member))
    except LedgerError as error:
        return {"state": "down", "why": str(error)}
    return {name: found[name] for name in ("state", "height", "block_age", "peers", "app_hash")}


def _look_at_gateway(place: Place, member: Member) -> dict[str, Any]:
    with closing(place.gateway(member)) as gateway:
        state = gateway.state()
        if state is None:
            return {"state": "down", "url": gateway.issuer}
        anchoring = state["anchoring"]
        return {
            "state": "unwell" if state["warnings"] else state["status"],
            "url": gateway.issuer,
            "waiting": anchoring["leaves"] + anchoring["entries"],
            "last_height": anchoring["last_height"] or 0,
            "warnings": state["warnings"],
        }


def _height(place: Place, member: Member) -> int:
    try:
        return int(_ask(place, member, "status")["sync_info"]["latest_block_height"])
    except LedgerError:
        return 0


def _app_hash(place: Place, member: Member, height: int) -> str | None:
    try:
        return str(_ask(place, member, "commit", height=str(height))["signed_header"]["header"]["app_hash"])
    except LedgerError:
        return None


def _ask(place: Place, member: Member, method: str, **parameters: str) -> Any:  # noqa: ANN401 - whatever it answers
    with closing(Connection(rpc_address(place.home(member)))) as node:
        return node.call(method, **parameters)


def _postmaster(place: Place, member: Member) -> int | None:
    """Return the process id of a gateway's PostgreSQL if it runs."""
    file = place.folder(member) / "data" / "postgresql" / "postmaster.pid"
    if not file.is_file():
        return None
    pid = int(file.read_text().splitlines()[0])
    return pid if psutil.pid_exists(pid) else None


def _node(member: Member) -> str:
    return f"node {member.org}"


def _gateway(member: Member) -> str:
    return f"gateway {member.org}"
