"""The parties of an air waybill (`ConsignorParty`, `ConsigneeParty`, `FreightForwarderParty`, `AssociatedParty`)."""

from pydantic import Field

from connectors.air.cargo_xml.values import CargoXml
from connectors.xml_messages import Code, CountryCode, Text


class PartialAddress(CargoXml):
    """`FreightForwarderAddress`."""

    post_code: Code | None = Field(default=None, alias="PostcodeCode")
    street: Text | None = Field(default=None, alias="StreetName")
    city: Text = Field(alias="CityName")
    country_code: CountryCode | None = Field(default=None, alias="CountryID")
    country_name: Text | None = None
    region: Text | None = Field(default=None, alias="CountrySubDivisionName")
    region_code: Code | None = Field(default=None, alias="CountrySubDivisionID")
    po_box: Text | None = Field(default=None, alias="PostOfficeBox")
    city_code: Code | None = Field(default=None, alias="CityID")


class Address(PartialAddress):
    """`PostalStructuredAddress`."""

    country_code: CountryCode = Field(alias="CountryID")
    location_code: Code | None = Field(default=None, alias="SpecifiedAddressLocation/ID")
    location_name: Text | None = Field(default=None, alias="SpecifiedAddressLocation/Name")


class Contact(CargoXml):
    """`DefinedTradeContact`."""

    name: Text | None = Field(default=None, alias="PersonName")
    department: Text | None = Field(default=None, alias="DepartmentName")
    phone: Code | None = Field(default=None, alias="DirectTelephoneCommunication/CompleteNumber")
    fax: Code | None = Field(default=None, alias="FaxCommunication/CompleteNumber")
    email: Code | None = Field(default=None, alias="URIEmailCommunication/URIID")
    telex: Code | None = Field(default=None, alias="TelexCommunication/CompleteNumber")


class Party(CargoXml):
    """`ConsignorParty`, `ConsigneeParty`, and what the others have of them."""

    primary_id: Code | None = Field(default=None, alias="PrimaryID")
    additional_id: Code | None = Field(default=None, alias="AdditionalID")
    name: Text
    account: Code | None = Field(default=None, alias="AccountID")
    address: Address = Field(alias="PostalStructuredAddress")
    contacts: list[Contact] = Field(default_factory=list, alias="DefinedTradeContact")


class FreightForwarder(CargoXml):
    """`FreightForwarderParty`."""

    primary_id: Code | None = Field(default=None, alias="PrimaryID")
    additional_id: Code | None = Field(default=None, alias="AdditionalID")
    name: Text
    account: Code | None = Field(default=None, alias="AccountID")
    agent_code: Code | None = Field(default=None, alias="CargoAgentID")
    agent_location: Code | None = Field(default=None, alias="SpecifiedCargoAgentLocation/ID")
    address: PartialAddress = Field(alias="FreightForwarderAddress")
    contacts: list[Contact] = Field(default_factory=list, alias="DefinedTradeContact")


class AssociatedParty(Party):
    """`AssociatedParty`."""

    function: Code = Field(alias="RoleCode")
    function_name: Text | None = Field(default=None, alias="Role")
