"""Messages in the form of IATA Cargo-XML, with made-up content."""

from lxml import etree

AWB, HOUSE, FLIGHT = "888-10011002", "HKG26110012", "XX0871"
NAMESPACES = {"rsm": "iata:waybill:1", "ram": "iata:datamodel:3"}
_WAYBILL = """<?xml version="1.0" encoding="UTF-8"?>
<rsm:Waybill xmlns:rsm="iata:waybill:1" xmlns:ram="iata:datamodel:3">
  <rsm:MessageHeaderDocument>
    <ram:ID>888-10011002_2026-11-20-118</ram:ID>
    <ram:Name>Master Air Waybill</ram:Name>
    <ram:TypeCode>741</ram:TypeCode>
    <ram:IssueDateTime>2026-11-20T16:30:00+08:00</ram:IssueDateTime>
    <ram:PurposeCode>Creation</ram:PurposeCode>
    <ram:VersionID>3.00</ram:VersionID>
    <ram:SenderParty><ram:PrimaryID schemeID="C">PEAKFORWARDING</ram:PrimaryID></ram:SenderParty>
    <ram:RecipientParty><ram:PrimaryID schemeID="C">TIDEGATE</ram:PrimaryID></ram:RecipientParty>
  </rsm:MessageHeaderDocument>
  <rsm:BusinessHeaderDocument>
    <ram:ID>888-10011002</ram:ID>
    <ram:SenderAssignedID>PF-118</ram:SenderAssignedID>
    <ram:IncludedHeaderNote>
      <ram:ContentCode>C</ram:ContentCode>
      <ram:Content>Consolidation Shipment</ram:Content>
    </ram:IncludedHeaderNote>
    <ram:SignatoryConsignorAuthentication>
      <ram:Signatory>Export desk</ram:Signatory>
    </ram:SignatoryConsignorAuthentication>
    <ram:SignatoryCarrierAuthentication>
      <ram:ActualDateTime>2026-11-20T00:00:00</ram:ActualDateTime>
      <ram:Signatory>Airfreight desk</ram:Signatory>
      <ram:IssueAuthenticationLocation><ram:Name>HKG</ram:Name></ram:IssueAuthenticationLocation>
    </ram:SignatoryCarrierAuthentication>
  </rsm:BusinessHeaderDocument>
  <rsm:MasterConsignment>
    <ram:ID>PF-118</ram:ID>
    <ram:NilCarriageValueIndicator>true</ram:NilCarriageValueIndicator>
    <ram:NilCustomsValueIndicator>false</ram:NilCustomsValueIndicator>
    <ram:DeclaredValueForCustomsAmount currencyID="USD">48000.00</ram:DeclaredValueForCustomsAmount>
    <ram:NilInsuranceValueIndicator>true</ram:NilInsuranceValueIndicator>
    <ram:TotalChargePrepaidIndicator>true</ram:TotalChargePrepaidIndicator>
    <ram:TotalDisbursementPrepaidIndicator>true</ram:TotalDisbursementPrepaidIndicator>
    <ram:IncludedTareGrossWeightMeasure unitCode="KGM">820.5</ram:IncludedTareGrossWeightMeasure>
    <ram:GrossVolumeMeasure unitCode="MTQ">4.2</ram:GrossVolumeMeasure>
    <ram:TotalPieceQuantity>12</ram:TotalPieceQuantity>
    <ram:ConsignorParty>
      <ram:Name>Lantern Trading</ram:Name>
      <ram:AccountID>LT-7</ram:AccountID>
      <ram:PostalStructuredAddress>
        <ram:StreetName>Quay Road 7
Tower 2</ram:StreetName>
        <ram:CityName>Hong Kong</ram:CityName>
        <ram:CountryID>HK</ram:CountryID>
      </ram:PostalStructuredAddress>
      <ram:DefinedTradeContact>
        <ram:PersonName>Export desk</ram:PersonName>
        <ram:DirectTelephoneCommunication>
          <ram:CompleteNumber>+852 5550 0118</ram:CompleteNumber>
        </ram:DirectTelephoneCommunication>
        <ram:URIEmailCommunication><ram:URIID>desk@trader.example</ram:URIID></ram:URIEmailCommunication>
      </ram:DefinedTradeContact>
    </ram:ConsignorParty>
    <ram:ConsigneeParty>
      <ram:Name>Rhine Lamps</ram:Name>
      <ram:PostalStructuredAddress>
        <ram:PostcodeCode>60549</ram:PostcodeCode>
        <ram:StreetName>Hafenstrasse 12</ram:StreetName>
        <ram:CityName>Frankfurt</ram:CityName>
        <ram:CountryID>DE</ram:CountryID>
      </ram:PostalStructuredAddress>
      <ram:DefinedTradeContact/>
    </ram:ConsigneeParty>
    <ram:FreightForwarderParty>
      <ram:Name>Peak Forwarding</ram:Name>
      <ram:CargoAgentID>1332004</ram:CargoAgentID>
      <ram:FreightForwarderAddress><ram:CityName>Hong Kong</ram:CityName></ram:FreightForwarderAddress>
      <ram:SpecifiedCargoAgentLocation><ram:ID>0118</ram:ID></ram:SpecifiedCargoAgentLocation>
    </ram:FreightForwarderParty>
    <ram:AssociatedParty>
      <ram:Name>Main Customs Brokers</ram:Name>
      <ram:RoleCode>NI</ram:RoleCode>
      <ram:Role>Notify Party</ram:Role>
      <ram:PostalStructuredAddress>
        <ram:CityName>Frankfurt</ram:CityName>
        <ram:CountryID>DE</ram:CountryID>
      </ram:PostalStructuredAddress>
    </ram:AssociatedParty>
    <ram:OriginLocation><ram:ID>HKG</ram:ID><ram:Name>Hong Kong</ram:Name></ram:OriginLocation>
    <ram:FinalDestinationLocation><ram:ID>FRA</ram:ID></ram:FinalDestinationLocation>
    <ram:SpecifiedLogisticsTransportMovement>
      <ram:StageCode>Pre-Carriage</ram:StageCode>
      <ram:ModeCode>3</ram:ModeCode>
      <ram:ID>LK7718</ram:ID>
    </ram:SpecifiedLogisticsTransportMovement>
    <ram:SpecifiedLogisticsTransportMovement>
      <ram:StageCode>Main-Carriage</ram:StageCode>
      <ram:ModeCode>4</ram:ModeCode>
      <ram:ID>XX0871</ram:ID>
      <ram:SequenceNumeric>1</ram:SequenceNumeric>
      <ram:UsedLogisticsTransportMeans><ram:Name>XX</ram:Name></ram:UsedLogisticsTransportMeans>
      <ram:ArrivalEvent>
        <ram:ScheduledOccurrenceDateTime>2026-11-22T06:10:00</ram:ScheduledOccurrenceDateTime>
        <ram:OccurrenceArrivalLocation><ram:ID>FRA</ram:ID><ram:TypeCode>Airport</ram:TypeCode></ram:OccurrenceArrivalLocation>
      </ram:ArrivalEvent>
      <ram:DepartureEvent>
        <ram:ScheduledOccurrenceDateTime>2026-11-21T23:55:00</ram:ScheduledOccurrenceDateTime>
        <ram:OccurrenceDepartureLocation><ram:ID>HKG</ram:ID></ram:OccurrenceDepartureLocation>
      </ram:DepartureEvent>
    </ram:SpecifiedLogisticsTransportMovement>
    <ram:HandlingSPHInstructions><ram:DescriptionCode>SPX</ram:DescriptionCode></ram:HandlingSPHInstructions>
    <ram:HandlingSSRInstructions><ram:Description>KEEP DRY</ram:Description></ram:HandlingSSRInstructions>
    <ram:HandlingOSIInstructions><ram:Description>CALL ON ARRIVAL</ram:Description></ram:HandlingOSIInstructions>
    <ram:IncludedAccountingNote>
      <ram:ContentCode>GEN</ram:ContentCode>
      <ram:Content>FREIGHT PREPAID</ram:Content>
    </ram:IncludedAccountingNote>
    <ram:IncludedCustomsNote>
      <ram:ContentCode>U</ram:ContentCode>
      <ram:Content>6HK123456789-118</ram:Content>
    </ram:IncludedCustomsNote>
    <ram:IncludedCustomsNote>
      <ram:ContentCode>CP</ram:ContentCode>
      <ram:Content>Export desk</ram:Content>
      <ram:SubjectCode>SHP</ram:SubjectCode>
      <ram:CountryID>HK</ram:CountryID>
    </ram:IncludedCustomsNote>
    <ram:AssociatedReferenceDocument>
      <ram:ID>HKG26110012</ram:ID>
      <ram:TypeCode>703</ram:TypeCode>
    </ram:AssociatedReferenceDocument>
    <ram:AssociatedConsignmentCustomsProcedure>
      <ram:GoodsStatusCode>X</ram:GoodsStatusCode>
    </ram:AssociatedConsignmentCustomsProcedure>
    <ram:ApplicableOriginCurrencyExchange>
      <ram:SourceCurrencyCode>USD</ram:SourceCurrencyCode>
    </ram:ApplicableOriginCurrencyExchange>
    <ram:ApplicableLogisticsServiceCharge/>
    <ram:ApplicableLogisticsAllowanceCharge>
      <ram:ID>MY</ram:ID>
      <ram:PrepaidIndicator>true</ram:PrepaidIndicator>
      <ram:PartyTypeCode>C</ram:PartyTypeCode>
      <ram:ActualAmount currencyID="USD">328.20</ram:ActualAmount>
    </ram:ApplicableLogisticsAllowanceCharge>
    <ram:ApplicableRating>
      <ram:TypeCode>F</ram:TypeCode>
      <ram:TotalChargeAmount currencyID="USD">2297.40</ram:TotalChargeAmount>
      <ram:ConsignmentItemQuantity>2</ram:ConsignmentItemQuantity>
      <ram:IncludedMasterConsignmentItem>
        <ram:SequenceNumeric>1</ram:SequenceNumeric>
        <ram:TypeCode>940510</ram:TypeCode>
        <ram:TypeCode>940520</ram:TypeCode>
        <ram:GrossWeightMeasure unitCode="KGM">820.5</ram:GrossWeightMeasure>
        <ram:PieceQuantity>12</ram:PieceQuantity>
        <ram:NatureIdentificationTransportCargo>
          <ram:Identification>CONSOLIDATION
LAMPS</ram:Identification>
        </ram:NatureIdentificationTransportCargo>
        <ram:OriginCountry><ram:ID>CN</ram:ID></ram:OriginCountry>
        <ram:AssociatedUnitLoadTransportEquipment>
          <ram:ID>88836</ram:ID>
          <ram:TareWeightMeasure unitCode="KGM">110</ram:TareWeightMeasure>
          <ram:LoadedPackageQuantity>12</ram:LoadedPackageQuantity>
          <ram:CharacteristicCode>PMC</ram:CharacteristicCode>
          <ram:OperatingParty><ram:PrimaryID>XX</ram:PrimaryID></ram:OperatingParty>
        </ram:AssociatedUnitLoadTransportEquipment>
        <ram:TransportLogisticsPackage>
          <ram:ItemQuantity>12</ram:ItemQuantity>
          <ram:LinearSpatialDimension>
            <ram:WidthMeasure unitCode="CMT">60</ram:WidthMeasure>
            <ram:LengthMeasure unitCode="CMT">80</ram:LengthMeasure>
            <ram:HeightMeasure unitCode="CMT">72.5</ram:HeightMeasure>
          </ram:LinearSpatialDimension>
        </ram:TransportLogisticsPackage>
        <ram:ApplicableFreightRateServiceCharge>
          <ram:CategoryCode>Q</ram:CategoryCode>
          <ram:ChargeableWeightMeasure unitCode="KGM">820.5</ram:ChargeableWeightMeasure>
          <ram:AppliedRate>2.80</ram:AppliedRate>
          <ram:AppliedAmount currencyID="USD">2297.40</ram:AppliedAmount>
        </ram:ApplicableFreightRateServiceCharge>
      </ram:IncludedMasterConsignmentItem>
      <ram:IncludedMasterConsignmentItem>
        <ram:SequenceNumeric>2</ram:SequenceNumeric>
        <ram:Information>NDA</ram:Information>
      </ram:IncludedMasterConsignmentItem>
    </ram:ApplicableRating>
    <ram:ApplicableTotalRating>
      <ram:TypeCode>F</ram:TypeCode>
      <ram:ApplicablePrepaidCollectMonetarySummation>
        <ram:PrepaidIndicator>true</ram:PrepaidIndicator>
        <ram:WeightChargeTotalAmount currencyID="USD">2297.40</ram:WeightChargeTotalAmount>
        <ram:CarrierTotalDuePayableAmount currencyID="USD">328.20</ram:CarrierTotalDuePayableAmount>
        <ram:GrandTotalAmount currencyID="USD">2625.60</ram:GrandTotalAmount>
      </ram:ApplicablePrepaidCollectMonetarySummation>
    </ram:ApplicableTotalRating>
  </rsm:MasterConsignment>
</rsm:Waybill>
"""


def waybill(**changes: str | None) -> bytes:
    """Return an XFWB 3.00 of one consolidation. `changes`: elements by local name that get another text, or go.

    A name that the message has more than once means the first.
    """
    root = etree.fromstring(_WAYBILL.encode())
    for name, text in changes.items():
        element = root.find(f".//{{*}}{name}")
        assert element is not None, name
        if text is None:
            parent = element.getparent()
            assert parent is not None, name
            parent.remove(element)
        else:
            element.text = text
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def replaced(*texts: tuple[str, str]) -> bytes:
    """Return the same message, written otherwise: each text in it stands for the other."""
    message = _WAYBILL
    for old, new in texts:
        assert old in message, old
        message = message.replace(old, new)
    return message.encode()
