"""Parser for the REST API: what a FRITZ!Box reports in addition to its device list.

"REST" in comments is AVM's "FRITZ! Smart Home REST API" 0.9.5 (2025-08-07) for FRITZ!OS 8.20
and newer. A missing or invalid value becomes `None`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
import json
from typing import Final

from ..util.texts import clean_text
from .xml import MalformedAnswerError

NO_PERMISSION: Final = 3001
"""Error code: the session has ended, or the user lacks the right (REST, error_list)."""
UID_NOT_FOUND: Final = 2001
"""Error code: the unit does not exist, or not any more (REST, error_list)."""


class RelayFault(StrEnum):
    """Why a plug cannot switch (REST, state_outletState)."""

    NONE = "none"
    OVERCURRENT = "overcurrent"
    RELAY_STUCK = "relay_stuck"


class SmartMeterProblem(StrEnum):
    """Why a FRITZ!Smart Energy 250 cannot read its meter (REST, state_smartmeterState)."""

    REDUCED_RESOLUTION = "reduced_resolution"
    NO_VALID_DATA = "no_valid_data"
    NO_DATA = "no_data"
    TEMPORARY_NO_DATA = "temporary_no_data"
    """The meter was read before: the device has probably come off the meter."""
    NEW_METER_DETECTED = "new_meter_detected"
    SCATTERED_LIGHT = "scattered_light"


_RELAY_FAULTS: Final = {
    "valid": RelayFault.NONE,
    "overcurrent": RelayFault.OVERCURRENT,
    "relayStuck": RelayFault.RELAY_STUCK,
}
_SMART_METER_PROBLEMS: Final = {
    "reducedResolution": SmartMeterProblem.REDUCED_RESOLUTION,
    "noValidData": SmartMeterProblem.NO_VALID_DATA,
    "noData": SmartMeterProblem.NO_DATA,
    "temporaryNoData": SmartMeterProblem.TEMPORARY_NO_DATA,
    "newMeterDetected": SmartMeterProblem.NEW_METER_DETECTED,
    "scatteredLight": SmartMeterProblem.SCATTERED_LIGHT,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RestDetails:
    """What the REST API adds to one entry of the device list.

    A plug is both a device and a unit. In a composite device, the parent has the firmware and the
    power supply, and its units have everything else.
    """

    current: float | None
    """A."""
    relay_fault: RelayFault | None
    """None for anything but a FRITZ! plug, and while the plug is out of reach."""
    smart_meter: frozenset[SmartMeterProblem] | None
    """Empty without a problem, None for other devices and while the state is unknown."""
    firmware_update: bool | None
    """Whether the box has found newer firmware for the device."""
    battery_powered: bool | None
    """Whether batteries are the only power supply."""
    unit: str | None = None
    """UID of the unit with this AIN, None if there is none. It contains the AIN, but may differ from
    it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Routine:
    """An if-then rule that the user has created on the box."""

    name: str
    enabled: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyFigures:
    """The figures with which the box computes costs and emissions. The user can change them."""

    electricity_price: float | None = None
    """EUR/kWh."""
    co2_emissions: float | None = None
    """g/kWh."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """The answer to `/smarthome/overview`."""

    details: Mapping[str, RestDetails] = field(default_factory=dict)
    """By AIN, as the device list writes it."""
    routines: Mapping[str, Routine] = field(default_factory=dict)
    """By AIN."""
    templates: Sequence[str] = ()
    """The names of the templates and scenarios."""
    key_figures: KeyFigures = field(default_factory=KeyFigures)


def parse_overview(text: str) -> Overview:
    """Parse the answer to `/smarthome/overview`.

    If two entries have the same AIN, the first one is used, as in the device list. Raises
    MalformedAnswerError if the answer is not a JSON object.
    """
    overview = parse_json(text)
    # After a second pairing, the UID of a unit has a suffix, but its AIN does not.
    devices = _by_identifier(overview.get("devices"), "UID")
    units = _by_identifier(overview.get("units"), "ain")
    figures = json_object(json_object(overview.get("globals")).get("energyKeyFigures"))
    return Overview(
        details={
            ain: _rest_details(devices.get(ain, {}), units.get(ain, {})) for ain in devices | units
        },
        routines={
            ain: Routine(name=_name(trigger) or ain, enabled=_flag(trigger.get("enabled")))
            for ain, trigger in _by_identifier(overview.get("triggers"), "ain").items()
        },
        templates=tuple(
            name
            for template in map(json_object, json_list(overview.get("templates")))
            if (name := _name(template)) and not _is_automatic(template)
        ),
        key_figures=KeyFigures(
            # In cents (REST, helper_energyKeyFigures).
            electricity_price=_figure(figures.get("electricityRate"), 1000.0, 0.01),
            co2_emissions=_figure(figures.get("co2emmissions"), 10_000.0, 1.0),
        ),
    )


def parse_error_code(text: str) -> int | None:
    """Return the code of the first error in an answer, None if there is none."""
    try:
        errors = json_list(parse_json(text).get("errors"))
    except MalformedAnswerError:
        return None
    code = json_object(next(iter(errors), None)).get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _rest_details(device: Mapping[str, object], unit: Mapping[str, object]) -> RestDetails:
    return RestDetails(
        current=_current(_interface(unit, "multimeterInterface")),
        relay_fault=_relay_fault(_interface(unit, "onOffInterface")),
        smart_meter=_smart_meter(_interface(unit, "smartmeterInterface")),
        firmware_update=_flag(device.get("isUpdateAvailable")),
        battery_powered=_battery_powered(device),
        unit=uid if isinstance(uid := unit.get("UID"), str) and uid else None,
    )


def _interface(unit: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Return the fields of an interface of a unit, none while the unit is out of reach.

    The fields may contain old values or defaults then (REST, unit_base).
    """
    interface = json_object(json_object(unit.get("interfaces")).get(name))
    if unit.get("isConnected") is False or interface.get("state") == "notConnected":
        return {}
    return interface


def _is_valid(interface: Mapping[str, object]) -> bool:
    return interface.get("state") == "valid"


def _current(meter: Mapping[str, object]) -> float | None:
    """Return A from mA. A house connection supplies less than 1000 A."""
    value = meter.get("current")
    # 0 V is no reading: a plug without mains could not have answered.
    if not _is_valid(meter) or meter.get("voltage") == 0 or isinstance(value, bool):
        return None
    return value / 1000 if isinstance(value, int | float) and abs(value) <= 10**6 else None


def _relay_fault(switch: Mapping[str, object]) -> RelayFault | None:
    fault = _word(switch.get("outletState"), _RELAY_FAULTS)
    # The interface of a stuck relay is not valid, because the state of the relay is unknown.
    return None if fault is RelayFault.NONE and not _is_valid(switch) else fault


def _smart_meter(interface: Mapping[str, object]) -> frozenset[SmartMeterProblem] | None:
    words = interface.get("smartmeterState")
    known = (_word(word, _SMART_METER_PROBLEMS) for word in json_list(words))
    if problems := frozenset(problem for problem in known if problem is not None):
        return problems
    return problems if words == [] and _is_valid(interface) else None


def _battery_powered(device: Mapping[str, object]) -> bool | None:
    """Return whether batteries are the only supply; the box may report only one of the two."""
    external = _flag(device.get("isExternallyPowered"))
    batteries = _flag(device.get("isBatteryPowered"))
    if external or batteries is None:
        return None if external is None else not external
    return batteries


def _name(entry: Mapping[str, object]) -> str:
    name = entry.get("name")
    return clean_text(name) if isinstance(name, str) else ""


def _is_automatic(template: Mapping[str, object]) -> bool:
    """Whether the box has created a template as a part of a scenario, and does not show it."""
    return json_object(template.get("template")).get("isAutoCreated") is True


def _figure(value: object, largest: float, factor: float) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= largest:
        return None
    return round(value * factor, 6)


# JSON to values


def parse_json(text: str) -> Mapping[str, object]:
    """Return the JSON object of an answer. Raises MalformedAnswerError if it is anything else."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise MalformedAnswerError("not JSON") from err
    if not isinstance(content, dict):
        raise MalformedAnswerError("a JSON object expected")
    return content


def _by_identifier(entries: object, key: str) -> dict[str, Mapping[str, object]]:
    """Return the entries of a list by their identifier; entries without one are skipped."""
    found: dict[str, Mapping[str, object]] = {}
    for entry in map(json_object, json_list(entries)):
        identifier = entry.get(key)
        if isinstance(identifier, str) and (ain := clean_text(identifier)):
            found.setdefault(ain, entry)
    return found


def json_object(value: object) -> Mapping[str, object]:
    """Return a value if it is a JSON object, otherwise an empty object."""
    return value if isinstance(value, dict) else {}


def json_list(value: object) -> Sequence[object]:
    """Return a value if it is a list, otherwise an empty list."""
    return value if isinstance(value, list) else ()


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _word[T](value: object, meanings: Mapping[str, T]) -> T | None:
    return meanings.get(value) if isinstance(value, str) else None
