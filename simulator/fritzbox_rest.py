"""What the simulated FRITZ!Box says over its Smart Home REST API (FRITZ!OS 8.20 and newer).

Everything is read off the device list, so that both report the same. Names and units follow AVM's
"FRITZ! Smart Home REST API" 0.9.5 (2025-08-07). Only the answer about a single unit has what the
unit stores.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from xml.etree.ElementTree import Element

from simulator.fritzbox_devices import (
    EXPORT,
    SMOKE,
    WORKSHOP,
    Battery,
    Buttons,
    Device,
    Members,
    Plug,
    Thermostat,
    Unit,
)
from simulator.fritzbox_smart_home import SmartHome

type Json = dict[str, Any]

OUTDATED: Final = frozenset({WORKSHOP})
"""The devices for which there is newer firmware."""
OF_UNKNOWN_SUPPLY: Final = frozenset({SMOKE.removesuffix("-1")})
"""The devices that do not report what feeds them."""

_UNIT_TYPES: Final = {
    278: "dimmableColorBulb",
    281: "blind",
    514: "windowOpenCloseDetector",
    516: "smokeDetector",
    65281: "avmMeter",
}
_TYPES_BY_BLOCK: Final = (
    (Members, "switchableGroup"),
    (Plug, "avmPlugSocket"),
    (Thermostat, "avmThermostat"),
    (Buttons, "avmWidgetButton"),
)
_CATEGORIES: Final = {
    "avmMeter": "sensor",
    "avmPlugSocket": "socket",
    "avmThermostat": "thermostat",
    "avmWidgetButton": "control",
    "blind": "blind",
    "dimmableColorBulb": "lamp",
    "smokeDetector": "sensor",
    "windowOpenCloseDetector": "sensor",
}
_ALERTS: Final[Mapping[int | None, tuple[str, str]]] = {
    514: ("closed", "open"),
    516: ("none", "smoke"),
}
"""Per kind of unit what it says without and with an alert; FRITZ!OS 8.20 leaves out blinds."""


def overview(home: SmartHome, at: datetime) -> Json:
    """Return `/smarthome/overview`."""
    listed = tuple(home.listed())
    content: Json = {"devices": [], "units": [], "groups": []}
    for device in listed:
        element = home.element(device, at)
        units = _units(device, listed)
        if device in units:
            content["units"].append(_unit(device, element, listed))
        if device.block(Members):
            content["groups"].append(_group(device, element, listed))
        elif not device.block(Unit):
            content["devices"].append(_device(device, element, units))
    for entry in (*content["devices"], *content["units"]):
        _replace(entry, home.rest_overrides(entry["ain"]))
    return content | {
        "templates": [
            {"UID": ain, "ain": ain, "name": name, "applyType": ["thermostatHoliday"]}
            for ain, name in home.templates.items()
        ],
        "triggers": [
            {"UID": ain, "ain": ain, "name": routine.name, "enabled": routine.enabled}
            for ain, routine in home.routines.items()
        ],
        "globals": {
            "energyKeyFigures": {
                "electricityRate": home.electricity_rate,
                "co2emmissions": home.co2_emissions,
            },
            "location": {"latitude": 52, "longitude": 13},
        },
    }


def part(home: SmartHome, path: str, at: datetime) -> object:
    """Return what stands below the overview: `/units`, `/units/UID`, None for what does not."""
    content = overview(home, at)
    if not path:
        return content
    name, _, uid = path.removeprefix("/").partition("/")
    entries = content.get(name)
    if entries is None or not uid:
        return entries
    entry: Json | None = next((entry for entry in entries if entry["UID"] == uid), None)
    if entry is not None and name == "units":
        _add_statistics(entry, home, at)
    return entry


def _add_statistics(unit: Json, home: SmartHome, at: datetime) -> None:
    """Add what a unit stores, if it stores anything."""
    ain = unit["ain"]
    if statistics := home.rest_statistics(home.devices[ain], at):
        unit["statistics"] = statistics
        _replace(statistics, home.rest_overrides(ain))


def _units(device: Device, listed: Sequence[Device]) -> Sequence[Device]:
    """Return the units of a device: itself, unless it is composed of others."""
    parts = [
        other
        for other in listed
        if (unit := other.block(Unit)) is not None and unit.parent == device.number
    ]
    return parts or [device]


def _base(device: Device, element: Element) -> Json:
    return {
        "UID": device.ain,
        "ain": device.ain,
        "name": element.findtext("name"),
        "icons": [],
        "isConnected": element.findtext("present") == "1",
    }


def _device(device: Device, element: Element, units: Sequence[Device]) -> Json:
    charge = element.findtext("battery", "")
    entry = _base(device, element) | {
        "productName": device.product,
        "productCategory": _CATEGORIES.get(_unit_type(units[0]), "other"),
        "manufacturer": device.manufacturer,
        "firmwareVersion": device.firmware,
        "isZigbeeDevice": device.ain.startswith("Z"),
        "isUpdateAvailable": device.ain in OUTDATED,
        "isDeviceSubscribedLocally": True,
        "batteryState": "known" if charge else "unknown",
        "unitUids": [unit.ain for unit in units],
    }
    if charge:
        entry["batteryValue"] = int(charge)
        entry["isBatteryLow"] = element.findtext("batterylow") == "1"
    if device.ain not in OF_UNKNOWN_SUPPLY:
        entry["isBatteryPowered"] = device.block(Battery) is not None
        entry["isExternallyPowered"] = not entry["isBatteryPowered"]
    return entry


def _group(device: Device, element: Element, listed: Sequence[Device]) -> Json:
    members = device.block(Members)
    numbers = members.numbers if members else ()
    return _base(device, element) | {
        "groupCategory": "switchable",
        "unitUid": device.ain,
        "memberUnitUids": [other.ain for other in listed if other.number in numbers],
    }


def _unit(device: Device, element: Element, listed: Sequence[Device]) -> Json:
    unit, is_group = device.block(Unit), device.block(Members) is not None
    parent = next(
        (other.ain for other in listed if unit and other.number == unit.parent), device.ain
    )
    entry = _base(device, element)
    state = {"state": "valid" if entry["isConnected"] else "notConnected"}
    return entry | {
        "unitType": _unit_type(device),
        "isGroupUnit": is_group,
        "parentUid": parent,
        **({} if is_group else {"deviceUid": parent}),
        "interfaces": {
            name: state | {key: value for key, value in values.items() if value is not None}
            for name, tag, read in _INTERFACES
            if element.find(tag) is not None and (values := read(element)) is not None
        },
    }


def _unit_type(device: Device) -> str:
    if unit := device.block(Unit):
        return "avmMeterFeedIn" if device.ain == EXPORT else _UNIT_TYPES[unit.kind]
    return next((name for block, name in _TYPES_BY_BLOCK if device.block(block)), "generic")


def _replace(entry: Json, values: Mapping[str, object]) -> None:
    """Change all properties in it that have one of these names."""
    for key, value in entry.items():
        if key in values:
            entry[key] = values[key]
        else:
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict):
                    _replace(inner, values)
    if entry.get("outletState", "valid") != "valid":
        # The state of a faulty relay is not reported.
        del entry["active"]


# Interfaces: what a unit reports, None where a value is missing, None for all where it has none


def _number(element: Element, path: str) -> int | None:
    text = element.findtext(path)
    return int(text) if text else None


def _is_on(element: Element, path: str) -> bool | None:
    number = _number(element, path)
    return None if number is None else number == 1


def _multimeter(element: Element) -> Json:
    """Return mW, Wh, mV and mA; the current follows from the others."""
    power = _number(element, "powermeter/power")
    voltage = _number(element, "powermeter/voltage")
    return {
        "power": power,
        "energy": _number(element, "powermeter/energy"),
        "voltage": voltage,
        "current": round(1000 * power / voltage) if power is not None and voltage else None,
    }


def _plug(element: Element) -> Json:
    return {
        "active": _is_on(element, "switch/state"),
        "isLockedDeviceApi": _is_on(element, "switch/lock"),
        "isLockedDeviceLocal": _is_on(element, "switch/devicelock"),
        "outletState": "valid" if element.tag == "device" else None,
    }


def _lamp(element: Element) -> Json | None:
    if element.find("switch") is not None:
        return None
    return {"active": _is_on(element, "simpleonoff/state")}


def _temperature(element: Element) -> Json:
    tenths = _number(element, "temperature/celsius")
    return {"celsius": None if tenths is None else tenths / 10}


def _thermostat(element: Element) -> Json:
    halves = _number(element, "hkr/tsoll")
    return {
        "thermostatState": "noError",
        "setPointTemperature": None
        if halves is None
        else {"mode": "temperature", "celsius": halves / 2},
    }


def _alert(element: Element) -> Json | None:
    words = _ALERTS.get(_number(element, "etsiunitinfo/unittype"))
    state = _number(element, "alert/state")
    if words is None:
        return None
    return {"alerts": [] if state is None else [words[state]]}


def _smart_meter(element: Element) -> Json | None:
    is_meter = _number(element, "etsiunitinfo/unittype") == 65281
    return {"smartmeterState": []} if is_meter else None


_INTERFACES: Final[Sequence[tuple[str, str, Callable[[Element], Json | None]]]] = (
    ("multimeterInterface", "powermeter", _multimeter),
    ("smartmeterInterface", "etsiunitinfo", _smart_meter),
    ("onOffInterface", "switch", _plug),
    ("onOffInterface", "simpleonoff", _lamp),
    ("temperatureInterface", "temperature", _temperature),
    (
        "humidityInterface",
        "humidity",
        lambda element: {"relativeHumidity": _number(element, "humidity/rel_humidity")},
    ),
    ("thermostatInterface", "hkr", _thermostat),
    (
        "levelControlInterface",
        "levelcontrol",
        lambda element: {"level": _number(element, "levelcontrol/levelpercentage")},
    ),
    ("blindInterface", "blind", lambda _: {"blindState": "endPositionConfigured"}),
    (
        "colorControlInterface",
        "colorcontrol",
        lambda element: {"colorTemperature": _number(element, "colorcontrol/temperature")},
    ),
    ("alertInterface", "alert", _alert),
)
"""The name of each, the element of the device list that shows it, and how it is read."""
