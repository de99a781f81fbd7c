"""What the acts of the story and the attacks share: who is there, what was pushed, and how to see that it held."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from gateway.cli.demo.browser import Browser
from gateway.cli.demo.cast import (
    AIRLINE_CODE,
    BR_NUMBER,
    CARRIER,
    CARRIER_CODE,
    FORWARDER,
    HAULIER,
    HAULIER_CODE,
    REDIRECT_URI,
    Cast,
)
from gateway.cli.demo.operated import Operated
from gateway.cli.demo.telling import Teller
from gateway.cli.faults import CommandError
from gateway.client.bank import Bank, ConsentRequest
from gateway.client.connection import Connection, Tokens
from gateway.client.errors import ProblemError
from gateway.client.provider import Provider

JSON, XML = "application/json", "application/xml"
SHIPMENT, OTHER_SHIPMENT, BY_TRUCK, BY_AIR = "OCLNHKG26118", "OCLNHKG26131", "DLTR-2026-01184", "888-26118002"


@dataclass(frozen=True, slots=True)
class Message:
    """A message, who pushes it, and whether that names its owner: an event inherits it from the document it names."""

    provider: str
    connector: str
    name: str
    media_type: str = JSON
    owned: bool = True
    sealed: bool = False

    @property
    def content(self) -> bytes:
        """The message's bytes."""
        return message(self.name)


MESSAGES = (
    Message(HAULIER, "ecmr", "ecmr-118.json"),
    Message(CARRIER, "dcsa_ebl", "transport-document-118.json", sealed=True),
    Message(CARRIER, "dcsa_ebl", "transport-document-131.json"),
    Message(CARRIER, "dcsa_track_trace", "events.json", owned=False),
    Message(FORWARDER, "cargo_xml", "air-waybill-888-26118002.xml", XML),
)
FIELDS = {
    "bill_of_lading": ["/document", "/carrier", "/routing", "/cargo", "/equipment"],
    "road_consignment_note": ["/document", "/taking_over", "/delivery", "/movements", "/cargo", "/equipment"],
    "air_waybill": ["/document", "/carrier", "/routing", "/cargo"],
}


@dataclass(slots=True)
class Play:
    """What the acts share."""

    teller: Teller
    stage: Operated
    cast: Cast
    folder: Path
    owner: Browser
    providers: Mapping[str, Provider]
    bank: Bank
    required: tuple[str, ...] = ()
    """What the bank insists on when it verifies: options of `tidegate verify`."""
    tokens: Tokens | None = None

    @property
    def granted(self) -> Tokens:
        """The bank's tokens. Raises `CommandError` before it has any."""
        if self.tokens is None:
            raise CommandError("the bank holds no token")
        return self.tokens


@contextmanager
def begin(
    teller: Teller, stage: Operated, cast: Cast, folder: Path, *, required: tuple[str, ...] = ()
) -> Iterator[Play]:
    """Bring everybody to the gateway, and home at the end. What they make is in `folder`."""
    with ExitStack() as stack:
        owner = stack.enter_context(Browser(stage.issuer))
        providers = {
            each.client_id: Provider(stack.enter_context(Connection(stage.issuer, each)))
            for each in (cast.carrier, cast.haulier, cast.forwarder)
        }
        bank = Bank(stack.enter_context(Connection(stage.issuer, cast.bank)))
        yield Play(teller, stage, cast, folder, owner, providers, bank, required)


def message(name: str) -> bytes:
    """Return one of the demo's messages."""
    return files("gateway.cli.demo").joinpath("messages", name).read_bytes()


def details() -> dict[str, Any]:
    """Return what the bank asks for (RFC 9396, type `trade_data`)."""
    ends = datetime.now(UTC) + timedelta(days=90)
    return {
        "type": "trade_data",
        "owner": {"scheme": "br_number", "value": BR_NUMBER},
        "products": [*FIELDS, "transport_event"],
        "identifiers": [
            {"scheme": "transport_document", "issuer": CARRIER_CODE, "value": SHIPMENT},
            {"scheme": "transport_document", "issuer": CARRIER_CODE, "value": OTHER_SHIPMENT},
            {"scheme": "ecmr", "issuer": HAULIER_CODE, "value": BY_TRUCK},
            {"scheme": "mawb", "issuer": AIRLINE_CODE, "value": BY_AIR},
        ],
        "fields": FIELDS,
        "expires_at": ends.strftime("%Y-%m-%dT00:00:00Z"),
        "purpose": {"code": "trade_finance_underwriting", "text": "Pre-shipment loan 2026-118"},
        "frequency": {"max": 24, "per": "P1D"},
        "maximum_pulls": 500,
        "data_life": "P90D",
        "retention": "view",
        "on_title_change": "ask",
        "jurisdictions": ["HK"],
        "transfer_mechanism": None,
        "onward_sharing": False,
    }


def ask(play: Play) -> ConsentRequest:
    """Let the bank push its request for consent."""
    return play.bank.request(details(), redirect_uri=REDIRECT_URI)


def must(held: bool, what: str) -> None:  # noqa: FBT001 - the condition itself
    """Raise `CommandError` unless it held."""
    if not held:
        raise CommandError(f"this does not hold: {what}")


def must_refuse(attempt: Callable[[], object], status: int, play: Play, what: str) -> None:
    """Raise `CommandError` unless the attempt is refused with this status; tell how it was."""
    try:
        attempt()
    except ProblemError as error:
        must(error.status == status, f"{what} with {status}, not {error}")
        play.teller.held(f"{what}: {error}")
    else:
        raise CommandError(f"this does not hold: {what}")
