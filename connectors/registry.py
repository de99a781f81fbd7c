"""The connectors by name."""

from collections.abc import Mapping

from connectors.air.cargo_xml import CargoXml
from connectors.base import Connector
from connectors.ebl.dcsa_ebl import DcsaEbl
from connectors.errors import UnknownConnector
from connectors.road.ecmr import Ecmr
from connectors.sea.dcsa_track_trace import DcsaTrackTrace
from connectors.sea.dcsa_track_trace_3 import DcsaTrackTrace3

_ALL: tuple[Connector, ...] = (CargoXml(), DcsaEbl(), DcsaTrackTrace(), DcsaTrackTrace3(), Ecmr())
CONNECTORS: Mapping[str, Connector] = {each.name: each for each in _ALL}


def names() -> list[str]:
    """Return the names of all connectors, sorted."""
    return sorted(CONNECTORS)


def get(name: str) -> Connector:
    """Return the connector `name`. Raises `UnknownConnector` naming the known ones."""
    if name not in CONNECTORS:
        raise UnknownConnector(f"no connector named {name!r}; known: {', '.join(names())}")
    return CONNECTORS[name]
