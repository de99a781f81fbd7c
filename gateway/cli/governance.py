"""`tidegate ledger propose`, `show`, `sign`, `submit`: k of n people change who takes part, each where they are.

`add_to` puts them into the group.
"""

import secrets
import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.faults import CANNOT_SAY, FAILED, USAGE, CommandError
from gateway.cli.lazy import examples
from gateway.cli.values import duration
from ledger import proposals
from ledger.entries import ID_BYTES
from ledger.errors import CodecError
from ledger.proposals import Proposal

VALID_BLOCKS = 50_000
"""How many blocks a proposal is valid for, unless said otherwise: days, for it goes from hand to hand."""
LOOK_SECONDS = 0.2
FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The proposal.")]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The gateway's folder (TIDEGATE_DATA_DIR; ./tidegate-data)."),
]


def add_to(app: typer.Typer) -> None:
    """Put the commands into a group."""
    app.command(
        epilog=examples(
            "tidegate ledger propose org.register harbour-bank.json -o proposal.json",
            "tidegate ledger propose org.rotate_key --org harbour-bank --remove KID --add entries:new.json -o p.json",
            "tidegate ledger propose org.suspend --org harbour-bank -o proposal.json --chain trade --not-after 90000",
            "tidegate ledger propose rules.activate --version 2 --height 120000 -o proposal.json",
        )
    )(propose)
    app.command(epilog=examples("tidegate ledger show proposal.json"))(show)
    app.command(epilog=examples("tidegate ledger sign proposal.json --org harbour-bank --key organisation.pem"))(sign)
    app.command(epilog=examples("tidegate ledger submit proposal.json"))(submit)


def propose(  # noqa: PLR0913 - one for each option
    entry_type: Annotated[
        str,
        typer.Argument(
            metavar="TYPE", help="org.register, org.rotate_key, org.suspend, validator.set or rules.activate."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="The proposal to write.")],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="BODY.json",
            help="What is proposed, instead of options; for org.register also a participant's registration.",
        ),
    ] = None,
    *,
    org: Annotated[str | None, typer.Option(metavar="ORG", help="The organisation that it is about.")] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(metavar="USAGE:FILE", help="A public key (JWK) of a new organisation; may be repeated."),
    ] = None,
    remove: Annotated[str | None, typer.Option(metavar="KID", help="The key that ends.")] = None,
    compromised_since: Annotated[
        int | None, typer.Option(metavar="HEIGHT", help="From where on nothing holds that the ended key signed.")
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(metavar="USAGE:FILE", help="A public key (JWK) in its place; may be repeated."),
    ] = None,
    public_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="A validator's Ed25519 key, 32 bytes in base64url.")
    ] = None,
    power: Annotated[int | None, typer.Option(help="The validator's power; 0 removes it.")] = None,
    version: Annotated[int | None, typer.Option(help="The version of the rules that begins.")] = None,
    height: Annotated[int | None, typer.Option(help="The height at which it begins; 0: not as planned.")] = None,
    chain: Annotated[str | None, typer.Option(metavar="ID", help="The chain; else asked of the gateway.")] = None,
    not_after: Annotated[
        int | None, typer.Option(metavar="HEIGHT", help="The last height at which it may be accepted.")
    ] = None,
    data: DataOption = None,
) -> None:
    """Propose a change of organisations, validators or rules, for several to sign.

    Writes a file that goes from one signer to the next. Without --chain and --not-after, chain, height and who must
    sign are read from the gateway's database on this machine; with both, nothing else is needed.
    """
    from gateway.cli.proposing import body  # noqa: PLC0415 - imports what --help need not wait for

    options = {
        "org": org,
        "keys": key,
        "remove": remove,
        "compromised_since": compromised_since,
        "add": add,
        "public_key": public_key,
        "power": power,
        "version": version,
        "height": height,
    }
    content = body(entry_type, file, options)
    known = None
    if chain is None or not_after is None:
        from gateway.cli.governed import ask_present  # noqa: PLC0415 - as above

        known = ask_present(data)
        chain, not_after = chain or known.chain, not_after or known.height + VALID_BLOCKS
    made = proposals.propose(
        chain=chain,
        entry_id=secrets.token_bytes(ID_BYTES),
        type=entry_type,
        body=content,
        not_after_height=not_after,
        governance=known.governance if known else None,
    )
    output.write_bytes(made.data())
    _tell(made)
    typer.echo(f"Written to {output}: hand it to those who must sign.")


def show(file: FileArgument) -> None:
    """Say in plain words what a proposal changes, and who has signed it."""
    from gateway.cli.proposing import read_proposal  # noqa: PLC0415 - as above

    _tell(read_proposal(file))


def sign(
    file: FileArgument,
    org: Annotated[str, typer.Option(metavar="ORG", help="Your organisation's id on the ledger.")],
    key: Annotated[Path, typer.Option(metavar="KEY.pem", help="Your organisation's private key for entries.")],
) -> None:
    """Sign a proposal for your organisation, and say what was signed.

    Nothing is asked on the network: it can be done on a machine without one. Signing again with the same key replaces
    the signature. Read it first: tidegate ledger show.
    """
    from gateway.cli.proposing import read_proposal, read_signing_key  # noqa: PLC0415 - as above

    own = read_signing_key(key)
    signed = proposals.sign(read_proposal(file), org=org, kid=own.kid, key=own.private)
    draft = file.with_name(f".{file.name}.new")
    draft.write_bytes(signed.data())
    draft.replace(file)
    _tell(signed)
    typer.echo(f"Signed for {org} with {own.kid}.")


def submit(
    file: FileArgument,
    patience: Annotated[str, typer.Option(metavar="DURATION", help="How long to wait for what becomes of it.")] = "60s",
    data: DataOption = None,
) -> None:
    """Submit a signed proposal to the gateway's own ledger, and say what became of it.

    The gateway's worker brings it there. Exit code 0: accepted; 1: rejected, with the reason; 3: not decided yet.
    Submitting again changes nothing.
    """
    from gateway.cli.governed import handed_in  # noqa: PLC0415 - as above
    from gateway.cli.proposing import read_proposal  # noqa: PLC0415 - as above

    proposal = read_proposal(file)
    try:
        entry = proposal.entry
    except CodecError as error:
        raise CommandError(f"{file}: {error}", code=USAGE) from None
    _tell(proposal)
    deadline = time.monotonic() + duration(patience).total_seconds()
    with handed_in(data, entry) as look:
        while (found := look()).undecided and time.monotonic() < deadline:
            time.sleep(LOOK_SECONDS)
    if found.undecided:
        raise CommandError("not decided yet: does the worker run? Submit again to ask again.", code=CANNOT_SAY)
    if found.why:
        raise CommandError(f"rejected: {found.why}", code=FAILED)
    typer.echo(f"Accepted at height {found.height}.")


def _tell(proposal: Proposal) -> None:
    for line in proposals.says(proposal):
        typer.echo(line)
