"""`tidegate ledger`: a node of the replicated ledger, from its keys to the trust file; and who governs the ledger."""

import json
import logging
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import governance
from gateway.cli.lazy import commands, examples
from ledger.backends.cometbft.layout import Home

app = commands("Run a node of the replicated ledger, and govern it: propose, sign, submit.")
HomeOption = Annotated[Path, typer.Option("--home", metavar="DIR", help="The node's folder.")]


@app.command(epilog=examples("tidegate ledger engine"))
def engine() -> None:
    """Get CometBFT, the ledger's engine, if it is not there; check it, and print where it is.

    Go builds it from its source, whose checksum is pinned. TIDEGATE_COMETBFT names one that is kept elsewhere.
    """
    from ledger.backends.cometbft import engine as program  # noqa: PLC0415 - as each command imports what it needs

    typer.echo(program.get())


@app.command(
    epilog=examples(
        "tidegate ledger init --home node --org harbour-bank --address ledger.harbour-bank.example:26656",
        "tidegate ledger init --home node --org tidegate --address ledger.gateway.example:26656 --keys keys",
    )
)
def init(
    home: HomeOption,
    org: Annotated[str, typer.Option(metavar="ID", help="The organisation's id on the ledger.")],
    address: Annotated[str, typer.Option(metavar="HOST:PORT", help="Where other nodes reach this one.")],
    keys: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="The keys of a gateway, to register; else a key for entries is made."),
    ] = None,
) -> None:
    """Make a node's keys, and its card for the other organisations.

    Nothing in card.json is secret. Back up what is in config: the validator's key must never run in two places.
    """
    from gateway.cli.ledger_setup import make_node  # noqa: PLC0415 - as above

    typer.echo(make_node(Home(home), org, address, keys))


@app.command(epilog=examples("tidegate ledger found a.json b.json c.json d.json --chain trade --governance 3"))
def found(
    cards: Annotated[list[Path], typer.Argument(metavar="CARD.json...", help="The founders' cards.")],
    chain: Annotated[str, typer.Option(metavar="ID", help="The new chain's id.")],
    governance: Annotated[
        int, typer.Option(metavar="K", help="How many founders must sign what changes organisations and validators.")
    ],
    begins: Annotated[
        str | None,
        typer.Option(metavar="INSTANT", help="Genesis time, such as 2026-11-24T09:00:00Z. Default: now."),
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The file to write.")] = Path("network.json"),
) -> None:
    """Put the cards of all founders together into one network, and print its fingerprint.

    One of them does it and hands the file round; all compare the fingerprint by another way. With the same --begins,
    everybody can make the very same file.
    """
    from ledger.backends.cometbft import network  # noqa: PLC0415 - as above

    made = network.found(
        [network.read(card) for card in cards],
        chain=chain,
        governance=governance,
        genesis_time=begins or network.now_text(time.time_ns()),
    )
    network.write(out, made)
    typer.echo(f"network      {out}\nfingerprint  {network.fingerprint(made)}")


@app.command(
    epilog=examples(
        "tidegate ledger join network.json --home node",
        "tidegate ledger join network.json --home node --trust 120000:5F9A... --rpc-server http://10.0.0.2:26657 "
        "--rpc-server http://10.0.0.3:26657",
    )
)
def join(
    network_file: Annotated[Path, typer.Argument(metavar="NETWORK.json", help="The network's file.")],
    home: HomeOption,
    listen: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help="Where other nodes connect; on loopback they may share a host."),
    ] = "0.0.0.0:26656",
    rpc: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Address for gateways: on loopback, it has no authentication.")
    ] = "127.0.0.1:26657",
    trust: Annotated[
        str | None,
        typer.Option(metavar="HEIGHT:HASH", help="Begin with a snapshot, trusting this block, not with genesis."),
    ] = None,
    rpc_server: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="With --trust: two nodes that the snapshot is checked by.")
    ] = None,
) -> None:
    """Configure the node for a network, and print the network's fingerprint to compare."""
    from gateway.cli.ledger_setup import state_sync  # noqa: PLC0415 - as above
    from ledger.backends.cometbft import network  # noqa: PLC0415 - as above
    from ledger.backends.cometbft.config import Listening  # noqa: PLC0415 - as above

    given = network.read(network_file)
    network.join(
        Home(home),
        given,
        listening=Listening(p2p=listen, rpc=rpc),
        loopback=listen.startswith(("127.", "localhost:", "[::1]:")),
        state_sync=state_sync(trust, rpc_server or []),
    )
    typer.echo(f"chain        {given['genesis']['chain']}\nfingerprint  {network.fingerprint(given)}")


@app.command(epilog=examples("tidegate ledger admit 6f2c...@ledger.new-bank.example:26656 --home node"))
def admit(
    node: Annotated[str, typer.Argument(metavar="ID@HOST:PORT", help="Node and address, as on its card.")],
    home: HomeOption,
) -> None:
    """Let a node that came later connect to this one. Takes effect at once."""
    from ledger.backends.cometbft import network  # noqa: PLC0415 - as above

    node_id, _, address = node.partition("@")
    network.admit(Home(home), node_id, address)


@app.command(epilog=examples("tidegate ledger node --home node"))
def node(
    home: HomeOption,
    snapshots_every: Annotated[
        int, typer.Option(metavar="BLOCKS", min=1, help="How often to take a snapshot for nodes that join.")
    ] = 1000,
) -> None:
    """Run a node: the engine and the application behind it, each started again if it dies.

    Ends in order on SIGTERM and SIGINT, and with exit code 78 before a block whose rules this software does not know.
    """
    from ledger.backends.cometbft import supervisor  # noqa: PLC0415 - as above

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    raise typer.Exit(supervisor.run(Home(home), snapshots_every=snapshots_every))


@app.command(epilog=examples("tidegate ledger status --home node"))
def status(home: HomeOption, *, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say how a node is: height, age of the last block, peers, validators, which of them signed twice, and its rules.

    Exit code 1 if it cannot be reached or stands still.
    """
    from gateway.cli.ledger_status import lines, observed  # noqa: PLC0415 - as above

    found = observed(Home(home))
    typer.echo(json.dumps(found, indent=2) if as_json else "\n".join(lines(found)))
    if found["state"] != "well":
        raise typer.Exit(1)


@app.command(epilog=examples("tidegate ledger export-trust trust.json --home node"))
def export_trust(
    file: Annotated[Path, typer.Argument(metavar="TRUST.json", help="To begin, or to sign as it came from others.")],
    home: HomeOption,
    key: Annotated[
        Path | None,
        typer.Option(metavar="KEY.pem", help="The organisation's key for entries; default: organisation.pem in DIR."),
    ] = None,
) -> None:
    """Sign what this node's ledger states of the chain, for verifiers.

    The file goes from founder to founder: each runs this, which compares what stands in it with its own ledger and adds
    its signature. Prints who has not signed yet, and at the end the fingerprint to publish.
    """
    from gateway.cli.ledger_setup import sign_trust  # noqa: PLC0415 - as above

    for line in sign_trust(Home(home), file, key):
        typer.echo(line)


governance.add_to(app)
