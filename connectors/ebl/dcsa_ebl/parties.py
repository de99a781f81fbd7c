"""The parties of a DCSA transport document (`DocumentParties`)."""

from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from connectors.messages import Country, Lines, Location, Message, upto


class Address(Message):
    """`Address` and `PartyAddress`."""

    street: Annotated[str, upto(70)]
    street_number: Annotated[str, upto(50)] | None = None
    floor: Annotated[str, upto(50)] | None = None
    post_code: Annotated[str, upto(10)] | None = None
    po_box: Annotated[str, upto(20)] | None = Field(default=None, alias="POBox")
    city: Annotated[str, upto(35)]
    un_location_code: Location | None = Field(default=None, alias="UNLocationCode")
    state_region: Annotated[str, upto(65)] | None = None
    country_code: Country


class ContactDetail(Message):
    """`PartyContactDetail`: a person or desk, with telephone or e-mail."""

    name: Annotated[str, upto(35)]
    phone: Annotated[str, upto(30)] | None = None
    email: Annotated[str, upto(100)] | None = None

    @model_validator(mode="after")
    def _can_be_reached(self) -> "ContactDetail":
        if not self.phone and not self.email:
            raise PydanticCustomError("contact", "expected phone or email")
        return self


class IdentifyingCode(Message):
    """`IdentifyingCode`."""

    code_list_provider: Annotated[str, upto(100)]
    party_code: Annotated[str, upto(150)]
    code_list_name: Annotated[str, upto(100)] | None = None


class TaxLegalReference(Message):
    """`TaxLegalReference`."""

    type: Annotated[str, upto(50)]
    country_code: Country
    value: Annotated[str, upto(35)]


class Party(Message):
    """Any party; each role has some of these members."""

    name: Annotated[str, upto(70)] = Field(alias="partyName")
    ebl_platform: Annotated[str, upto(4)] | None = None
    type_of_person: Annotated[str, upto(50)] | None = None
    address: Address | None = None
    address_lines: Lines | None = None
    displayed_address: Lines | None = None
    identifying_codes: list[IdentifyingCode] | None = None
    tax_legal_references: list[TaxLegalReference] | None = None
    contacts: list[ContactDetail] | None = Field(default=None, alias="partyContactDetails")
    reference: Annotated[str, upto(35)] | None = None
    purchase_order_references: Lines | None = None
    is_notify_party: bool | None = None


class IdentifiedParty(Party):
    """`Consignee`, `Endorsee`: known by a code."""

    identifying_codes: list[IdentifyingCode]


class IssuingParty(Party):
    """`IssuingParty`: the carrier or its agent, at an address."""

    address: Address


class Agent(Party):
    """`CarriersAgentAtDestination`: at an address, and to be reached."""

    address: Address
    contacts: list[ContactDetail] = Field(alias="partyContactDetails", min_length=1)


class OtherParty(Message):
    """`OtherDocumentParty`."""

    party: Party
    party_function: Annotated[str, upto(3)]


class DocumentParties(Message):
    """`DocumentParties`."""

    shipper: Party
    on_behalf_of_shipper: Party | None = None
    consignee: IdentifiedParty | None = None
    on_behalf_of_consignee: Party | None = None
    endorsee: IdentifiedParty | None = None
    issuing_party: IssuingParty
    carriers_agent_at_destination: Agent | None = None
    notify_parties: list[Party] = Field(default_factory=list)
    other: list[OtherParty] = Field(default_factory=list)
