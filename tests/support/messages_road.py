"""Messages of road in the form of the standards, with made-up content: UN/CEFACT e-CMR D23B."""

from typing import Any

NOTE, TRUCK, TRAILER, BOX = "HKR-2026-000731", "ZG7731Z", "XT5502", "MSKU3456789"


def text(*contents: str) -> list[dict[str, str]]:
    """Return texts, or codes, as D23B writes them in an array."""
    return [{"content": each} for each in contents]


def measure(content: str, unit: str) -> dict[str, str]:
    """Return a measure as D23B writes it."""
    return {"content": content, "unitCode": unit}


def party(name: str, street: str, city: str, country: str, **members: Any) -> dict[str, Any]:
    """Return a trade party with its address. A carrier's address has no `country`: give an empty text."""
    address = {"streetName": text(street), "cityName": text(city)}
    there = {"countryId": {"content": country}} if country else {}
    return {"name": text(name), "postalTradeAddress": {**address, **there}, **members}


def desk(name: str, telephone: str, email: str) -> dict[str, Any]:
    """Return a contact."""
    return {
        "personName": text(name),
        "telephoneUniversalCommunication": [{"completeNumber": {"content": telephone}}],
        "emailURIUniversalCommunication": {"uri": {"content": email}},
    }


def signed(role: str, name: str) -> dict[str, Any]:
    """Return who certified an event: its role by UNTDID 3035."""
    return {"roleCode": text(role), "name": text(name)}


def item(sequence: str = "1", **members: Any) -> dict[str, Any]:
    """Return a consignment item: cartons of umbrellas, and what protects them, which is dangerous."""
    return {
        "sequenceNumeric": {"content": sequence},
        "invoiceAmount": [{"content": "48250.50", "currencyId": "USD"}],
        "grossWeight": [measure("12500.5", "KGM")],
        "grossVolume": [measure("61.2", "MTQ")],
        "globalId": [{"content": "26118000452", "schemeAgencyId": "150"}],
        "natureIdCargo": [{"id": text("Ten thousand umbrellas"), "statisticalClassificationCode": {"content": "ZZZ"}}],
        "applicableDangerousGoods": [
            {
                "undgIdCode": {"content": "1950"},
                "regulationCode": {"content": "ADR"},
                "properShippingName": {"content": "Aerosols, flammable"},
                "packagingDangerLevelCode": {"content": "4"},
                "emergencyTradeContact": desk("Export desk", "+852 5550 0118", "desk@trader.example"),
                "flashpointTemperatureMeasurement": [{"actual": [measure("-40", "CEL")]}],
            }
        ],
        "handlingInstructions": [{"description": text("Keep dry"), "descriptionCode": text("KD")}],
        "originTradeCountry": {"id": text("CN")},
        "destinationTradeCountry": {"id": text("NL")},
        "transportLogisticsPackage": [
            {
                "itemQuantity": {"content": "400"},
                "typeCode": text("CT"),
                "physicalLogisticsShippingMarks": [
                    {
                        "marking": text("HT 1-400"),
                        "barcodeLogisticsLabel": [{"id": {"content": "00340123450000000018"}}],
                    }
                ],
            }
        ],
        **members,
    }


def consignment(**members: Any) -> dict[str, Any]:
    """Return a consignment by truck from Dongguan to the port of Yantian."""
    return {
        "id": text("6CNHT2026000118"),
        "consignorAssignedId": {"content": "HT-118"},
        "carrierAssignedId": {"content": "HKRBK260118"},
        "grossWeight": [measure("12500.5", "KGM")],
        "grossVolume": [measure("61.2", "MTQ")],
        "codAmount": {"content": "1500", "currencyId": "HKD"},
        "consignmentItemQuantity": {"content": "1"},
        "cargoInsuranceInstructionsInformation": text("Insured by the consignee"),
        "isOrHasTransshipmentPermission": False,
        "consignor": party(
            "Harbour Trading",
            "Quay Road 1",
            "Hong Kong",
            "HK",
            definedTradeContact=[desk("Export desk", "+852 5550 0118", "desk@trader.example")],
            specifiedGovernmentRegistration=[{"id": text("CN4419000118"), "typeCode": text("AEO")}],
        ),
        "consignee": party("Rotterdam Rain Goods", "Maasboulevard 5", "Rotterdam", "NL"),
        "carrier": party(
            "Delta Road", "Castle Peak Road 9", "Hong Kong", "", id=[{"content": "DLTR", "schemeAgencyId": "182"}]
        ),
        "notified": [party("Yantian Forwarding", "Harbour Avenue 3", "Shenzhen", "CN")],
        "connectingCarrier": [party("Yantian Haulage", "Harbour Avenue 8", "Shenzhen", "")],
        "carrierAcceptanceLogisticsLocation": {
            "id": [{"content": "CNDGG", "schemeAgencyId": "6"}],
            "name": text("Dongguan"),
            "typeCode": text("5"),
        },
        "consigneeReceiptLogisticsLocation": {
            "id": [{"content": "CNYTN", "schemeAgencyId": "6"}],
            "name": text("Yantian"),
            "typeCode": text("260"),
        },
        "associatedReferencedDocument": [
            {"typeCode": {"content": "785"}, "id": text("CM-118"), "issueDateTime": "2026-11-17"}
        ],
        "handlingInstructions": [{"description": text("Do not stack")}],
        "loadingInstructions": [{"description": text("Loaded by the consignor")}],
        "pickUpEvent": {
            "actualOccurrenceDateTime": "2026-11-18T09:40:00+08:00",
            "occurrenceLogisticsLocation": {"name": text("Dongguan, gate 2")},
            "certifying": [signed("CZ", "Dispatch desk"), signed("CA", "Driver of ZG7731Z")],
            "applicableNote": [{"content": text("Two cartons dented before loading")}],
        },
        "deliveryEvent": {
            "actualOccurrenceDateTime": "2026-11-18T15:05:00+08:00",
            "certifying": [signed("CN", "Gate desk")],
        },
        "includedConsignmentItem": [item()],
        "utilizedLogisticsTransportEquipment": [
            {
                "id": {"content": BOX},
                "categoryCode": {"content": "CN"},
                "isOrHasSealed": True,
                "affixedLogisticsSeal": [
                    {"id": text("DR133457"), "conditionCode": text("1"), "sealingPartyRoleCode": {"content": "SH"}}
                ],
                "settingTransportSettingTemperature": [{"minimumValue": measure("5", "CEL")}],
            },
            {"id": {"content": TRAILER}, "categoryCode": {"content": "SM"}},
        ],
        "mainCarriageLogisticsTransportMovement": [
            {
                "stageCode": {"content": "21"},
                "modeCode": {"content": "3"},
                "usedLogisticsTransportMeans": {"id": text(TRUCK), "registrationTradeCountry": {"id": text("HK")}},
            }
        ],
        "specifiedTradeDeliveryTerms": [
            {"deliveryTypeCode": {"content": "FCA"}, "relevantTradeLocation": {"id": {"content": "CNYTN"}}}
        ],
        "applicableLogisticsServiceCharge": [
            {
                "paymentArrangementCode": {"content": "P"},
                "categoryCode": {"content": "14"},
                "appliedAmount": [{"content": "3200.00", "currencyId": "HKD"}],
                "payingPartyRoleCode": {"content": "CZ"},
            }
        ],
        "deliveryInstructions": [{"description": text("Report at gate 4")}],
        **members,
    }


def ecmr(number: str = NOTE, **members: Any) -> dict[str, Any]:
    """Return an e-CMR of one consignment; `members` change the consignment."""
    return {
        "exchangedDocumentContext": {"transactionId": {"content": "f3a1"}},
        "exchangedDocument": {
            "id": {"content": number},
            "typeCode": {"content": "730"},
            "issueDateTime": "2026-11-18T08:00:00+08:00",
            "remarks": text("Carriage subject to the CMR, as amended"),
            "issueLogisticsLocation": {"name": text("Dongguan"), "countryId": {"content": "CN"}},
            "issuer": {"name": text("Delta Road")},
        },
        "specifiedConsignment": [consignment(**members)],
    }
