"""`tidegate consent`: a bank asks a data owner."""

import json
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import grants
from gateway.cli.asking import Asked
from gateway.cli.faults import USAGE, CommandError
from gateway.cli.files import read_json
from gateway.cli.lazy import commands, examples
from gateway.cli.remote import DEFAULT_GATEWAY, ClientOption, GatewayOption, KeyOption, connect
from gateway.cli.values import duration, instant
from gateway.client.attesting import Deleted, Pulled, RetainedUnder
from gateway.client.bank import Bank, ConsentRequest
from gateway.client.connection import Connection, Tokens
from gateway.client.errors import ProtocolError
from gateway.client.loopback import RedirectListener

app = commands("Ask a data owner for consent, and see how it stands.")

OwnerOption = Annotated[str | None, typer.Option(metavar="SCHEME:VALUE", help="br_number:..., uscc:... or lei:...")]
ProductOption = Annotated[list[str] | None, typer.Option(help="A data product; may be repeated.")]
PurposeOption = Annotated[str, typer.Option(help="The purpose's code.")]
TextOption = Annotated[str | None, typer.Option(help="What it is for, in your words, shown to the owner.")]
IdentifierOption = Annotated[
    list[str] | None, typer.Option("--identifier", metavar="SCHEME:VALUE", help="Only this shipment; may be repeated.")
]
LastsOption = Annotated[str, typer.Option("--for", metavar="DURATION", help="When the consent ends.")]
DataLifeOption = Annotated[str, typer.Option(metavar="DURATION", help="How long you keep what you pull.")]
JurisdictionOption = Annotated[
    list[str] | None, typer.Option(metavar="COUNTRY", help="Where you keep it; may be repeated. [default: HK]")
]
DetailsOption = Annotated[
    Path | None, typer.Option(metavar="FILE.json", help="The whole trade_data object instead (RFC 9396).")
]
GivenOption = Annotated[
    str | None, typer.Option("--consent", metavar="CONSENT", help="One that a second person has approved since.")
]
ReplacesOption = Annotated[
    str | None, typer.Option("--replaces", metavar="CONSENT", help="One in force, to be amended to what is asked.")
]
RedirectOption = Annotated[str, typer.Option(help="A registered redirect URI on loopback.")]
PatienceOption = Annotated[str, typer.Option(metavar="DURATION", help="How long to wait for the owner.")]
ConsentArgument = Annotated[str, typer.Argument(help="The consent's id, as printed by: tidegate consent request.")]
StateOption = Annotated[Path | None, typer.Option(metavar="DIR", help="Where consents are kept.")]
BrowserOption = Annotated[bool, typer.Option("--open", help="Open the owner's page in a browser here.")]


@app.command(
    epilog=examples(
        "tidegate consent request --client harbour-bank --key harbour-bank.pem --owner br_number:12345678 \\",
        "  --product bill_of_lading --product transport_event --purpose trade_finance_underwriting \\",
        '  --text "Pre-shipment loan 2026-118" --for 90d --open',
        "tidegate consent request --client harbour-bank --key harbour-bank.pem --details details.json",
    )
)
def request(  # noqa: PLR0913 - one parameter is one option
    *,
    client: ClientOption,
    key: KeyOption,
    owner: OwnerOption = None,
    product: ProductOption = None,
    purpose: PurposeOption = "trade_finance_underwriting",
    text: TextOption = None,
    identifiers: IdentifierOption = None,
    lasts: LastsOption = "90d",
    data_life: DataLifeOption = "90d",
    jurisdiction: JurisdictionOption = None,
    details: DetailsOption = None,
    consent: GivenOption = None,
    replaces: ReplacesOption = None,
    redirect_uri: RedirectOption = "http://localhost:8441/back",
    patience: PatienceOption = "10m",
    state: StateOption = None,
    gateway: GatewayOption = DEFAULT_GATEWAY,
    browser: BrowserOption = False,
) -> None:
    """Ask for consent, wait until the owner has decided, and keep what was granted.

    Prints the link for the owner, then the consent's id, for: tidegate pull. The owner may narrow what you ask; what
    was granted is printed. Where a second person of the owner must approve, that person does so later: then ask once
    more with the same --details, and the --consent that was named. With --replaces you ask to amend a consent: it holds
    as it is until the owner agrees.
    """
    asked = (
        _read(details)
        if details
        else Asked(
            owner, product or [], purpose, text, lasts, data_life, jurisdiction or ["HK"], identifiers or []
        ).details()
    )
    with connect(gateway, client, key) as connection, RedirectListener(redirect_uri) as listener:
        bank = Bank(connection)
        pushed = bank.request(asked, redirect_uri=redirect_uri, consent=consent, replaces=replaces)
        _show(pushed, browser=browser)
        tokens = bank.exchange(pushed, listener.wait(duration(patience).total_seconds()))
        _keep(state or grants.default_folder(), connection, key, tokens)


@app.command(epilog=examples("tidegate consent history CONSENT -o history.json"))
def history(
    consent: ConsentArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write it.")],
    state: StateOption = None,
) -> None:
    """Save every record of a consent, as the owner signed it and as it changed since, for: tidegate verify."""
    _save(output, state, consent, lambda bank: bank.history(consent))


@app.command(epilog=examples("tidegate consent receipts CONSENT -o receipts.json"))
def receipts(
    consent: ConsentArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write them.")],
    state: StateOption = None,
) -> None:
    """Save a signed receipt of each thing that happened to a consent: given, amended, paused, ended.

    Check them with: tidegate verify.
    """
    _save(output, state, consent, lambda bank: bank.receipts(consent))


@app.command(epilog=examples("tidegate consent attestations CONSENT -o attestations.json"))
def attestations(
    consent: ConsentArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write them.")],
    state: StateOption = None,
) -> None:
    """Save what you attested of a consent, with the gateway's acknowledgements and the proofs of the ledger.

    Check them with: tidegate verify.
    """
    _save(output, state, consent, lambda bank: bank.attestations(consent))


@app.command(
    epilog=examples(
        "tidegate consent attest CONSENT --version 1",
        "tidegate consent attest CONSENT --version 1 --pulled-until 2026-12-01T09:00:00Z --deleted-at 2026-12-02",
        'tidegate consent attest CONSENT --version 1 --law "Cap. 615, Schedule 2, section 20" --until 2032-01-01',
    )
)
def attest(
    consent: ConsentArgument,
    version: Annotated[int, typer.Option(help="The version under which you pulled it.")],
    pulled_until: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="It is about all that you pulled up to then. [default: now]")
    ] = None,
    deleted_at: Annotated[
        str | None, typer.Option(metavar="INSTANT", help="When the last of it was deleted. [default: now]")
    ] = None,
    law: Annotated[
        str | None, typer.Option(help="The law that makes you keep it instead, and the place in it.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="INSTANT", help="Until when it does.")] = None,
    state: StateOption = None,
) -> None:
    """Say, signed with your key, that you deleted what you pulled; or which law makes you keep it, and until when.

    The gateway keeps it, has it anchored on the ledger, and shows it to the owner. Prints the attestation's id.
    """
    if (law is None) != (until is None) or (law and deleted_at):
        raise CommandError("give --law with --until, or --deleted-at, or neither for: deleted now", code=USAGE)
    now = datetime.now(UTC)
    became = (
        RetainedUnder(law, instant(until)) if law and until else Deleted(instant(deleted_at) if deleted_at else now)
    )
    pulled = Pulled(consent, version, instant(pulled_until) if pulled_until else now)
    with _holding(state, consent) as bank:
        typer.echo(bank.attest(pulled, became)["id"])


@app.command(epilog=examples("tidegate consent proof CONSENT -o proof.json"))
def proof(
    consent: ConsentArgument,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the proof.")],
    patience: Annotated[str, typer.Option(metavar="DURATION", help="How long to wait for the proof.")] = "30s",
    state: StateOption = None,
) -> None:
    """Fetch the proof of how a consent stands on the ledger: in force, paused, ended.

    Check it with: tidegate verify. A consent that has ended gives no more evidence, but its end can be proved.
    """
    seconds = duration(patience).total_seconds()
    _save(output, state, consent, lambda bank: bank.proof(consent, patience=seconds))


@contextmanager
def _holding(state: Path | None, consent: str) -> Iterator[Bank]:
    """Yield the bank that was given a consent, at the gateway where it was."""
    grant, proof_key = grants.find(state or grants.default_folder(), consent)
    with connect(grant.gateway, grant.client, Path(grant.key), proof_key=proof_key) as connection:
        yield Bank(connection)


def _save(output: Path, state: Path | None, consent: str, ask: Callable[[Bank], bytes]) -> None:
    """Write what the bank is answered about a consent that it was given."""
    with _holding(state, consent) as bank:
        data = ask(bank)
    output.write_bytes(data)
    typer.echo(f"{output}: {len(data)} bytes")


def _show(pushed: ConsentRequest, *, browser: bool) -> None:
    typer.echo(f"for the owner, within {pushed.expires_in} seconds:\n  {pushed.url}", err=True)
    if browser:
        webbrowser.open(pushed.url)


def _keep(folder: Path, connection: Connection, key: Path, tokens: Tokens) -> None:
    if tokens.grant_id is None or tokens.refresh_token is None:
        raise ProtocolError("the token response lacks grant_id or refresh_token")
    grant = grants.Grant(
        consent=tokens.grant_id,
        gateway=connection.issuer,
        client=connection.identity.client_id,
        key=str(key.resolve()),
        refresh_token=tokens.refresh_token,
    )
    path = grants.keep(folder, grant, connection.proof_key)
    typer.echo(f"granted, and kept in {path}:\n{json.dumps(list(tokens.details), indent=2)}", err=True)
    typer.echo(tokens.grant_id)


def _read(path: Path) -> dict[str, Any]:
    found = read_json(path)
    if not isinstance(found, dict):
        raise CommandError(f"{path}: expected one trade_data object")
    return found
