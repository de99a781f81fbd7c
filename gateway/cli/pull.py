"""`tidegate pull`: evidence under a consent."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli import grants
from gateway.cli.faults import USAGE, CommandError
from gateway.cli.files import read_file
from gateway.cli.lazy import commands, examples
from gateway.cli.remote import connect
from gateway.cli.values import duration, identifier
from gateway.client.bank import Bank
from gateway.client.errors import OAuthError
from gateway.client.verifying import Trusting
from ledger.trust import MOST_BYTES as MOST_TRUST_BYTES

app = commands()


@app.command(
    name="pull",
    epilog=examples(
        "tidegate pull CONSENT -o evidence.json",
        "tidegate pull CONSENT -o evidence.json --trust trust.json",
        "tidegate pull CONSENT -o evidence.json --product bill_of_lading --identifier booking:BK2026118",
    ),
)
def pull_evidence(
    consent: Annotated[str, typer.Argument(help="The consent's id, as printed by: tidegate consent request.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the evidence.")],
    product: Annotated[list[str] | None, typer.Option(help="Only this product; may be repeated.")] = None,
    identifiers: Annotated[
        list[str] | None, typer.Option("--identifier", metavar="SCHEME:VALUE", help="Only this shipment; repeatable.")
    ] = None,
    patience: Annotated[
        str, typer.Option(metavar="DURATION", help="How long to wait for the consent to be final on the ledger.")
    ] = "30s",
    trust: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Verify it against this trust file before it is written.")
    ] = None,
    state: Annotated[Path | None, typer.Option(metavar="DIR", help="Where consents are kept.")] = None,
) -> None:
    """Pull evidence under a consent.

    It is written byte by byte as it came. A question with many records is answered in pages, each with its own
    receipt: the second goes to FILE-2, and so on. Exit code 1 if the pull is refused, as after a revocation, or the
    evidence does not hold against --trust; 3 if the consent is not yet final on the ledger.
    """
    question: dict[str, Any] = {"products": product} if product else {}
    if identifiers:
        question["identifiers"] = [identifier(each) for each in identifiers]
    trusting = Trusting(read_file(trust, most=MOST_TRUST_BYTES, code=USAGE)) if trust else None
    grant, proof_key = grants.find(state or grants.default_folder(), consent)
    with connect(grant.gateway, grant.client, Path(grant.key), proof_key=proof_key) as connection:
        bank = Bank(connection, trusting=trusting)
        try:
            tokens = bank.refresh(grant.refresh_token)
        except OAuthError as error:
            if error.error != "invalid_grant":
                raise
            raise CommandError(f"the consent gives no access any more: {error}") from None
        pages = bank.pages(tokens, question, patience=duration(patience).total_seconds())
        for number, page in enumerate(pages, start=1):
            path = output if number == 1 else output.with_stem(f"{output.stem}-{number}")
            path.write_bytes(page.data)
            typer.echo(f"{path}: {len(page.data)} bytes")
