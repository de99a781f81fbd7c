"""The event of DCSA Track & Trace 3.0 (DCSA_TNT 3.0.0, `Event`), and that an event is retracted."""

from typing import Annotated

from pydantic import Field

from connectors.messages import Instant, Message, upto
from connectors.sea.dcsa_track_trace_3.parts import (
    Classification,
    EquipmentDetails,
    EventRouting,
    Place,
    Rail,
    Service,
    ShipmentDetails,
    Truck,
    Vessel,
    Voyage,
)

EventId = Annotated[str, upto(500)]


class TransportCall(Message):
    """`TransportCall`."""

    reference: Annotated[str, upto(100)] | None = Field(default=None, alias="transportCallReference")
    sequence_number: int | None = Field(default=None, alias="transportCallSequenceNumber")
    mode_of_transport: Annotated[str, upto(50)] | None = None
    port_visit_reference: Annotated[str, upto(100)] | None = None
    service: Service | None = Field(default=None, alias="serviceCodeOrReference")
    export_voyage: Voyage | None = Field(default=None, alias="exportVoyageNumberOrReference")
    import_voyage: Voyage | None = Field(default=None, alias="importVoyageNumberOrReference")
    vessel: Vessel | None = Field(default=None, alias="vesselTransport")
    rail: Rail | None = Field(default=None, alias="railTransport")
    truck: Truck | None = Field(default=None, alias="truckTransport")


class TransportDetails(Message):
    """`TransportDetails`."""

    delay_reason_codes: list[Annotated[str, upto(3)]] | None = None
    change_remark: Annotated[str, upto(250)] | None = None
    transport_call: TransportCall | None = None


class IotDetails(Message):
    """`IotDetails`."""

    code: Annotated[str, upto(10)] | None = Field(default=None, alias="iotEventCode")


class TemperatureProbeMeasurement(Message):
    """`TemperatureProbeMeasurement`."""

    measured_temperature_value: float | None = None
    usda_probe_number: int | None = Field(default=None, alias="USDAProbeNumber")
    coa_probe_udm_key: Annotated[str, upto(100)] | None = Field(default=None, alias="COAProbeUDMKey")
    probe_label: Annotated[str, upto(100)] | None = None


class ReeferParameters(Message):
    """`ReeferParameters`."""

    o2_percentage: float | None = None
    co2_percentage: float | None = None
    humidity_percentage: float | None = None
    air_exchange_value: float | None = None
    air_exchange_unit: Annotated[str, upto(10)] | None = None
    is_ventilation_open: bool | None = None
    is_drainholes_open: bool | None = None
    is_bulb_mode: bool | None = None
    is_cold_treatment_required: bool | None = None
    is_controlled_atmosphere_required: bool | None = None


class ReeferDetails(Message):
    """`ReeferDetails`."""

    temperature_unit: Annotated[str, upto(10)] | None = None
    internal_setpoint_temperature: float | None = None
    temperature_probe_measurements: list[TemperatureProbeMeasurement] | None = Field(default=None, max_length=1000)
    ambient_measured_temperature: float | None = None
    setpoint_parameters: ReeferParameters | None = None
    measured_parameters: ReeferParameters | None = None


class Event(Message):
    """`Event`."""

    event_routing: EventRouting | None = None
    event_id: EventId = Field(alias="eventID")
    event_date_time: Instant
    event_updated_date_time: Instant
    event_location: Place | None = None
    event_classification: Classification
    shipment_details: ShipmentDetails = ShipmentDetails()
    transport_details: TransportDetails = TransportDetails()
    equipment_details: EquipmentDetails = EquipmentDetails()
    iot_details: IotDetails = IotDetails()
    reefer_details: ReeferDetails = ReeferDetails()


class Retraction(Message):
    """`Event` with `isRetracted`: nothing but its id is relevant, and when it was retracted."""

    event_routing: EventRouting | None = None
    event_id: EventId = Field(alias="eventID")
    event_updated_date_time: Instant | None = None
