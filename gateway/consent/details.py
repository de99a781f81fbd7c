"""What a bank asks and an owner grants: the authorization details type `trade_data` (RFC 9396 section 2).

One object, closed and bounded. Instants, days and durations stay the text that was sent, in the one form accepted, so
that what is signed, stored and returned is the same.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
    model_validator,
)
from stdnum import lei

import schemas
from gateway.consent.values import Day, DetailsError, Duration, Instant, Plain, Pointers, Product, PurposeCode, once

MOST_IDENTIFIERS = 200
LONGEST_PERIOD_DAYS = 3660
MOST_FAULTS = 20
PLAIN_WORDS = {
    "extra_forbidden": "unknown member",
    "missing": "missing",
    "tuple_type": "expected an array",
    "too_short": "expected at least one item",
    "too_long": "too many items",
    "model_type": "expected an object",
    "dict_type": "expected an object",
    "string_type": "expected a string",
    "int_type": "expected an integer",
    "bool_type": "expected true or false",
}
OWNER_SCHEMES: Mapping[str, re.Pattern[str]] = {
    "br_number": re.compile(r"[0-9]{8}"),
    "uscc": re.compile(r"[0-9A-HJ-NPQRTUWXY]{18}"),
    "lei": re.compile(r"[0-9A-Z]{18}[0-9]{2}"),
}
Scheme = Literal[
    "transport_document",
    "booking",
    "container",
    "mawb",
    "hawb",
    "ecmr",
    "ccrn",
    "vehicle_registration",
    "uld",
    "sscc",
    "grai",
    "ucr",
    "imo",
    "flight",
    "voyage",
    "lei",
    "br_number",
    "uscc",
    "tax_id",
]


class Closed(BaseModel):
    """A value of exactly its members."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class OwnerIdentifier(Closed):
    """By what the bank knows the owner: a Hong Kong business registration number, a USCC or an LEI."""

    scheme: Literal["br_number", "uscc", "lei"]
    value: str = Field(max_length=20)

    @model_validator(mode="after")
    def _value_has_the_scheme(self) -> Self:
        good = OWNER_SCHEMES[self.scheme].fullmatch(self.value) and (self.scheme != "lei" or lei.is_valid(self.value))
        if not good:
            raise ValueError(f"{self.value!r} is no {self.scheme}")
        return self


class Issuer(Closed):
    """Under whose list of references an identifier was issued, such as `{"list": "SCAC", "code": "MAEU"}`."""

    list: str = Field(pattern=r"^[A-Z]{2,12}$")
    code: str = Field(pattern=r"^[A-Z0-9]{2,10}$")


class Identifier(Closed):
    """A typed identifier of trade data; equal only if scheme, issuer and value are."""

    scheme: Scheme
    issuer: Issuer | None = None
    value: Annotated[Plain, Field(min_length=1, max_length=100)]

    def as_json(self) -> dict[str, Any]:
        """Return the identifier as it stands in records: without `issuer` where there is none."""
        return self.model_dump(mode="json", exclude_none=True)


class Period(Closed):
    """The first and last day (UTC) of the data: by issue date or event time."""

    first: Day = Field(alias="from")
    last: Day = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        days = (date.fromisoformat(self.last) - date.fromisoformat(self.first)).days
        if not 0 <= days <= LONGEST_PERIOD_DAYS:
            raise ValueError(f"{self.first} to {self.last}: expected at most {LONGEST_PERIOD_DAYS} days, in order")
        return self


class Purpose(Closed):
    """What the data is for: a known code, and the bank's own words."""

    code: PurposeCode
    text: Annotated[Plain, Field(min_length=1, max_length=300)]


class Frequency(Closed):
    """At most `max` pulls in any span of `per`."""

    max: StrictInt = Field(ge=1, le=1_000_000)
    per: Duration


class TradeData(Closed):
    """A request for, or a grant of, trade data.

    `identifiers`, `fields` and `period` only narrow; None, or a product that is not named, means without that limit.
    A pointer covers everything beneath it, and passes through arrays without indexes. Fields that name a person are
    released only by `personal`. `expires_at` ends the consent; `data_life` is how long the bank may keep the data.
    """

    type: Literal["trade_data"]
    owner: OwnerIdentifier
    products: Annotated[tuple[Product, ...], Field(min_length=1, max_length=20), AfterValidator(once)]
    identifiers: (
        Annotated[tuple[Identifier, ...], Field(min_length=1, max_length=MOST_IDENTIFIERS), AfterValidator(once)] | None
    ) = None
    fields: dict[str, Pointers] = {}  # pydantic copies defaults
    personal: dict[str, Pointers] = {}
    period: Period | None = None
    expires_at: Instant
    purpose: Purpose
    frequency: Frequency | None = None
    maximum_pulls: Annotated[StrictInt, Field(ge=1, le=1_000_000)] | None = None
    data_life: Duration
    retention: Literal["view", "store"]
    on_title_change: Literal["ask", "end", "continue"]
    jurisdictions: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...],
        Field(min_length=1, max_length=20),
        AfterValidator(once),
    ]
    transfer_mechanism: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")] | None = None
    onward_sharing: StrictBool = False

    @model_validator(mode="after")
    def _fields_are_of_products(self) -> Self:
        for member in ("fields", "personal"):
            for product in getattr(self, member):
                if product not in self.products:
                    raise ValueError(f"{member} names {product!r}, which is not among the products")
        return self

    @model_validator(mode="after")
    def _pointers_name_fields(self) -> Self:
        """A misspelt pointer would release nothing, and nobody would know why."""
        for product, pointers in self.fields.items():
            known = schemas.fields(product, schemas.products()[product])
            if unknown := [pointer for pointer in pointers if pointer not in known]:
                raise ValueError(f"{product} has no field {unknown[0]!r}")
        for product, pointers in self.personal.items():
            known = schemas.personal(product, schemas.products()[product])
            if unknown := [pointer for pointer in pointers if not any(_meet(pointer, name) for name in known)]:
                raise ValueError(f"{product} has no field about persons at {unknown[0]!r}; it has {', '.join(known)}")
        return self

    @property
    def expires(self) -> datetime:
        """When the consent ends."""
        return datetime.fromisoformat(self.expires_at).astimezone(UTC)

    def as_json(self) -> dict[str, Any]:
        """Return the RFC 9396 object: every member, `identifiers` only where they narrow. `parse_details` reads it."""
        members = self.model_dump(mode="json", by_alias=True)
        if self.identifiers is None:
            del members["identifiers"]
        else:
            members["identifiers"] = [identifier.as_json() for identifier in self.identifiers]
        return members


def parse_details(value: object) -> TradeData:
    """Return the one `trade_data` object of an `authorization_details` array (RFC 9396 section 2), parsed JSON.

    Raises `DetailsError` (`invalid_authorization_details`) naming every fault by its JSON pointer.
    """
    if not isinstance(value, list) or len(value) != 1 or not isinstance(value[0], dict):
        raise DetailsError("authorization_details: expected an array of exactly one object")
    if value[0].get("type") != "trade_data":
        raise DetailsError("authorization_details: /0/type: unknown type; expected trade_data")
    try:
        return TradeData.model_validate(value[0])
    except ValidationError as error:
        raise DetailsError(f"authorization_details: {faults(error, 0)}") from None


def faults(error: ValidationError, *root: int | str) -> str:
    """Return in words what pydantic found, each fault with its JSON pointer beneath `root`."""
    found = [(_pointer((*root, *fault["loc"])), fault) for fault in error.errors(include_url=False)]
    empty = {place for place, fault in found if fault["type"] == "too_short"}
    told = [
        f"{place}{': ' if place else ''}{PLAIN_WORDS.get(fault['type'], fault['msg'].removeprefix('Value error, '))}"
        for place, fault in found
        if not (place in empty and any(other.startswith(f"{place}/") for other, _ in found))
    ]
    more = len(told) - MOST_FAULTS
    return "; ".join([*told[:MOST_FAULTS], *([f"and {more} more"] if more > 0 else [])])


def _meet(pointer: str, other: str) -> bool:
    """Say whether one of two JSON pointers covers the other."""
    return f"{pointer}/".startswith(f"{other}/") or f"{other}/".startswith(f"{pointer}/")


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in location)
