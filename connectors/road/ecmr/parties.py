"""Parties, places and notes of an e-CMR. Members have the names of the product."""

from typing import Annotated

from pydantic import Field

from connectors.messages import Instant
from connectors.road.ecmr import codes
from connectors.road.ecmr.quantities import UnitMeasure
from connectors.road.ecmr.values import (
    Absent,
    CountryId,
    Entity,
    Id,
    LanguageCode,
    Line,
    Listed,
    Many,
    Maybe,
    One,
    PlainCode,
    PlainLine,
    Postcode,
    Text,
    among,
)

PartyRole = Annotated[str, among(codes.PARTY_ROLES, "UNTDID 3035 (roles of parties)")]
LocationFunction = Annotated[str, among(codes.LOCATION_FUNCTIONS, "UNTDID 3227 (functions of places)")]


class Note(Entity):
    """`noteType`."""

    subject: Maybe[Text] = None
    code: Maybe[One[PlainCode]] = Field(default=None, alias="contentCode")
    text: Maybe[One[Text]] = Field(default=None, alias="content")
    subject_codes: Maybe[Many[PlainCode]] = Field(default=None, alias="subjectCode")


class ContactNote(Note):
    """`noteType` about a contact: text alone."""

    subject: Absent = None
    code: Absent = Field(default=None, alias="contentCode")
    subject_codes: Absent = Field(default=None, alias="subjectCode")


class Communication(Entity):
    """`universalCommunicationType`."""

    uri: Maybe[Id] = None
    number: Maybe[Text] = Field(default=None, alias="completeNumber")


class Telephone(Communication):
    """`universalCommunicationType` of a party's telephone."""

    uri: Absent = None


class Email(Communication):
    """`universalCommunicationType` of a party's e-mail."""

    number: Absent = Field(default=None, alias="completeNumber")


class Desk(Entity):
    """What every `tradeContactType` has: a person or desk."""

    name: Maybe[PlainLine] = Field(default=None, alias="personName")
    notes: Maybe[Many[ContactNote]] = Field(default=None, alias="specifiedNote")


class Contact(Desk):
    """`tradeContactType`."""

    telephone: Maybe[One[Communication]] = Field(default=None, alias="telephoneUniversalCommunication")
    mobile_telephone: Maybe[Communication] = Field(default=None, alias="mobileTelephoneUniversalCommunication")
    email: Maybe[Communication] = Field(default=None, alias="emailURIUniversalCommunication")


class PartyContact(Desk):
    """`tradeContactType` of a party: telephones have numbers, e-mail a URI."""

    telephone: Maybe[One[Telephone]] = Field(default=None, alias="telephoneUniversalCommunication")
    mobile_telephone: Maybe[Telephone] = Field(default=None, alias="mobileTelephoneUniversalCommunication")
    email: Maybe[Email] = Field(default=None, alias="emailURIUniversalCommunication")


class Address(Entity):
    """`tradeAddressType`."""

    identifiers: Maybe[Many[Id]] = Field(default=None, alias="id")
    postcode: Maybe[One[Postcode]] = Field(default=None, alias="postcodeCode")
    street: Maybe[PlainLine] = Field(default=None, alias="streetName")
    city: Maybe[PlainLine] = Field(default=None, alias="cityName")
    country_code: Maybe[CountryId] = Field(default=None, alias="countryId")
    country: Maybe[PlainLine] = Field(default=None, alias="countryName")
    country_sub_division: Maybe[PlainLine] = Field(default=None, alias="countrySubDivisionName")


class TaxRegistration(Entity):
    """`taxRegistrationType`."""

    identifier: Maybe[Id] = Field(default=None, alias="id")


class GovernmentRegistration(Entity):
    """`governmentRegistrationType`."""

    identifier: Maybe[One[Id]] = Field(default=None, alias="id")
    type_code: Maybe[One[PlainCode]] = None
    country: Maybe[Id] = Field(default=None, alias="countryId")


class Party(Entity):
    """`tradePartyType`."""

    identifiers: Maybe[Many[Id]] = Field(default=None, alias="id")
    name: Maybe[Line] = None
    role_codes: Maybe[Many[Listed[PartyRole]]] = Field(default=None, alias="roleCode")
    language_codes: Maybe[Many[LanguageCode]] = Field(default=None, alias="languageCode")
    contact: Maybe[One[PartyContact]] = Field(default=None, alias="definedTradeContact")
    address: Maybe[Address] = Field(default=None, alias="postalTradeAddress")
    tax_registrations: Maybe[Many[TaxRegistration]] = Field(default=None, alias="specifiedTaxRegistration")
    government_registrations: Maybe[Many[GovernmentRegistration]] = Field(
        default=None, alias="specifiedGovernmentRegistration"
    )


class ServicingParty(Entity):
    """`locationPartyType`."""

    contacts: Maybe[Many[Contact]] = Field(default=None, alias="definedTradeContact")


class Coordinate(Entity):
    """`geographicalCoordinateType`."""

    altitude: Maybe[UnitMeasure] = None
    latitude: Maybe[UnitMeasure] = None
    longitude: Maybe[UnitMeasure] = None
    latitude_direction: Maybe[bool] = Field(default=None, alias="isOrHasLatitudeDirection")
    longitude_direction: Maybe[bool] = Field(default=None, alias="isOrHasLongitudeDirection")
    system: Maybe[Id] = Field(default=None, alias="systemId")
    identifier: Maybe[Id] = Field(default=None, alias="id")
    altimetric_system: Maybe[Id] = Field(default=None, alias="altimetricSystemId")


class Place(Entity):
    """`logisticsLocationType`."""

    identifier: Maybe[One[Id]] = Field(default=None, alias="id")
    name: Maybe[One[Text]] = None
    function_code: Maybe[One[Listed[LocationFunction]]] = Field(default=None, alias="typeCode")
    description: Maybe[Many[Text]] = None
    country_code: Maybe[CountryId] = Field(default=None, alias="countryId")
    coordinate: Maybe[Coordinate] = Field(default=None, alias="physicalGeographicalCoordinate")
    address: Maybe[Address] = Field(default=None, alias="postalTradeAddress")
    servicing_parties: Maybe[Many[ServicingParty]] = Field(default=None, alias="servicingSpecifiedLocationParty")


class Country(Entity):
    """`tradeCountryType`."""

    code: Maybe[One[CountryId]] = Field(default=None, alias="id")


class Period(Entity):
    """`periodType`."""

    start: Maybe[Instant] = Field(default=None, alias="startDateTime")
    end: Maybe[Instant] = Field(default=None, alias="endDateTime")
