"""`tidegate owners`: the people of a data owner."""

from typing import Annotated

import typer

from gateway.cli.lazy import commands, examples
from gateway.cli.runtime import DataOption, read_settings, transaction
from gateway.clock import utc_now
from gateway.directory.participants import require_people
from gateway.directory.people import invite as invite_person

app = commands("Invite the people of a data owner, and say how many of them must approve.")


@app.command(epilog=examples('tidegate owners invite lantern-trading --name "Export desk" --authority "Director"'))
def invite(
    owner: Annotated[str, typer.Argument(help="The id of a registered owner.")],
    name: Annotated[str, typer.Option(help="How the portal greets the person.")],
    authority: Annotated[str, typer.Option(help="In what capacity the person signs; stands in consent records.")],
    data: DataOption = None,
) -> None:
    """Let one person enrol a passkey for an owner: print the link, to be handed over by a way you trust.

    The link works once, for seven days. That the person may sign for the owner rests on your word, and evidence says
    so: check it first.
    """
    settings = read_settings(data=data)
    with transaction(settings) as session:
        token = invite_person(session, owner, name=name, authority=authority, now=utc_now())
    typer.echo(f"{settings.issuer}/portal/enrol/{token}")


@app.command(epilog=examples("tidegate owners require lantern-trading --people 2"))
def require(
    owner: Annotated[str, typer.Argument(help="The id of a registered owner.")],
    people: Annotated[int, typer.Option(min=1, max=2, help="How many people must approve: 1, or 2.")],
    data: DataOption = None,
) -> None:
    """Let one person, or two, have to approve what an owner agrees to from now on.

    With two, what one has narrowed and signed waits until another has checked and signed it. Each consent record says
    how many had to sign it when it was given.
    """
    settings = read_settings(data=data)
    with transaction(settings) as session:
        require_people(session, owner, people)
    typer.echo(f"{owner}: {'two people' if people > 1 else 'one person'} must approve")
