"""Parser for the device list: the devices of a FRITZ!Box and their current values.

"AHA" in comments is AVM's "Home Automation HTTP Interface" v1.61 (2023-09-18). A missing, empty
or invalid value becomes `None`; `Device.parse_errors` lists the empty and invalid ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final
import xml.etree.ElementTree as ET

from ..util.texts import clean_text
from .rest import RestDetails
from .xml import (
    Node,
    ParseError,
    Unreadable,
    flag,
    from_unix,
    integer,
    kilowatt_hours,
    milli,
    parse_xml,
    percent,
    tenths,
)


class UnitType(IntEnum):
    """Types of HAN-FUN and Zigbee units that get special treatment (AHA, chapter 3.2)."""

    BLIND = 281
    LAMELLA = 282
    DETECTOR = 512
    DOOR = 513
    WINDOW = 514
    MOTION = 515
    SMOKE = 516
    FLOOD = 518
    GLASS_BREAK = 519
    VIBRATION = 520
    SMART_METER = 65281
    """FRITZ!Smart Energy 250; not in AHA v1.61, seen on FRITZ!OS 8.25."""


class MeterKind(StrEnum):
    """What the counter of a power meter measures."""

    CONSUMPTION = "consumption"
    """A plug: the consumption at its socket."""
    SUPPLY = "supply"
    """FRITZ!Smart Energy 250: the energy drawn from the grid."""
    FEED_IN = "feed_in"
    """FRITZ!Smart Energy 250: the energy fed into the grid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PowerMeter:
    """The electricity readings of a device."""

    kind: MeterKind
    power: float | None
    """W; negative while feeding in."""
    energy: float | None
    """kWh since the first use, or since the user cleared the statistics."""
    voltage: float | None
    """V."""
    reduced_resolution: bool | None
    """Smart Energy 250: whether the meter reports whole kWh and no power, as a meter without its
    PIN does. None for plugs."""


class RadiatorMode(StrEnum):
    """How a radiator thermostat regulates."""

    OFF = "off"
    """Permanently closed (frost protection stays active)."""
    ON = "on"
    """Permanently open."""
    REGULATED = "regulated"
    """Regulates to the target temperature."""


class RadiatorError(StrEnum):
    """Errors of a radiator thermostat (AHA 3.2, errorcode 0 to 6, in this order)."""

    NONE = "none"
    NOT_ADAPTED = "not_adapted"
    SHORT_STROKE = "short_stroke"
    """The valve stroke is too short, or the battery too weak."""
    VALVE_STUCK = "valve_stuck"
    PREPARING = "preparing"
    READY_TO_MOUNT = "ready_to_mount"
    ADAPTING = "adapting"


@dataclass(frozen=True, kw_only=True, slots=True)
class Thermostat:
    """The state and schedule of a radiator thermostat."""

    mode: RadiatorMode | None
    target_temperature: float | None
    """°C; None while off or fully open."""
    comfort_temperature: float | None
    """°C; None if the comfort setting is off or fully open."""
    eco_temperature: float | None
    """°C; None if the eco setting is off or fully open. Off is a common setting for the night."""
    next_change: datetime | None
    """When the schedule next changes the target temperature."""
    next_temperature: float | None
    """°C, the target from then on; None for off and fully open."""
    window_open: bool | None
    """Whether the thermostat has turned the heating down because of an open window."""
    window_open_end: datetime | None
    """When it turns the heating up again, None if that is not set or unknown."""
    boost: bool | None
    boost_end: datetime | None
    summer: bool | None
    holiday: bool | None
    adaptive_heating: bool | None
    """Whether heating starts early, to reach the target temperature in time."""
    error: RadiatorError | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Blind:
    """A roller shutter or blind."""

    position: int | None
    """%; 100 is open."""
    obstacle: bool | None
    overheated: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """One key of a switch."""

    identifier: str
    """The AIN of the key."""
    name: str
    """The name of the key, without the name of the device."""
    last_pressed: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """One entry of the device list: a device, a unit of a composite device, or a group."""

    ain: str
    """The identifier as the box writes it, with its blanks."""
    owner_ain: str
    """The AIN of the physical device: the parent of a unit, otherwise the device itself."""
    name: str
    product_name: str
    manufacturer: str
    firmware_version: str | None
    is_group: bool
    present: bool
    unit_type: int | None
    battery: int | None
    """%."""
    battery_low: bool | None
    temperature: float | None
    """°C, including the offset that the user has set."""
    humidity: int | None
    """%."""
    power_meter: PowerMeter | None
    thermostat: Thermostat | None
    switched_on: bool | None
    """Whether a plug or a lamp is switched on."""
    brightness: int | None
    """% of a lamp that can be dimmed."""
    locked: bool | None
    """Whether the device is locked against switching by apps and the user interface."""
    buttons_locked: bool | None
    """Whether the buttons on the device are locked."""
    alert: bool | None
    """Whether a contact is open, or a detector has triggered."""
    alert_changed: datetime | None
    blind: Blind | None
    buttons: tuple[Button, ...]
    blocks: frozenset[str]
    """Names of the function blocks that the box has sent, including empty ones."""
    parse_errors: tuple[ParseError, ...] = field(default=(), compare=False)
    """Elements that the box has sent empty or with an invalid value."""
    rest_details: RestDetails | None = None
    """What the REST API adds, None if the box has no REST API."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceList:
    """The answer to `getdevicelistinfos`."""

    firmware_version: str | None
    """FRITZ!OS of the box; older versions than 7.2x do not send it."""
    devices: Mapping[str, Device]
    """By AIN, in the order of the list."""
    skipped_entries: tuple[str, ...] = ()
    """Why entries were skipped: a missing or duplicate identifier."""


def _closed_to_open(text: str) -> int:
    """Return how far a blind is open in %; the box reports how far it is closed."""
    return 100 - percent(text)


def _end_time(text: str) -> datetime | None:
    """Return when a mode ends, None if it is not active (0), or until a contact closes (-1)."""
    return from_unix(text) if integer(text, -1, 10**11) > 0 else None


def _radiator_code(text: str) -> int:
    """Return a temperature code: half degrees, or 253 off, 254 fully open, 255 unknown (AHA 3.2)."""
    code = integer(text, 0, 255)
    if 120 < code < 253 or code == 255:
        raise Unreadable("undefined")
    return code


def _radiator_temperature(text: str) -> float:
    """Return °C from a temperature code."""
    code = _radiator_code(text)
    if code in _RADIATOR_MODES:
        raise Unreadable(_RADIATOR_MODES[code])
    return code / 2


_RADIATOR_MODES: Final = {253: RadiatorMode.OFF, 254: RadiatorMode.ON}
"""By temperature code (AHA 3.2)."""


def _radiator_error(text: str) -> RadiatorError:
    return _RADIATOR_ERRORS[integer(text, 0, len(_RADIATOR_ERRORS) - 1)]


_RADIATOR_ERRORS: Final = tuple(RadiatorError)


def parse_device_list(text: str) -> DeviceList:
    """Parse the answer to `getdevicelistinfos`.

    An invalid value becomes None. An entry whose identifier is missing or not unique is skipped.
    Raises MalformedAnswerError if the answer is not a device list.
    """
    root = parse_xml(text, "devicelist")
    nodes: dict[str, Node] = {}
    skipped_entries: list[str] = []
    for element in root:
        if element.tag not in {"device", "group"}:
            continue
        node = Node(element)
        ain = node.attribute("identifier")
        if not ain:
            skipped_entries.append("entry without identifier")
        elif ain in nodes:
            skipped_entries.append("second entry with the same identifier")
        else:
            nodes[ain] = node
    ain_by_id = {node.attribute("id") or ain: ain for ain, node in nodes.items()}
    return DeviceList(
        firmware_version=clean_text(root.get("fwversion", "")) or None,
        devices={
            ain: _device(ain, node, _owner_ain(ain, node, nodes, ain_by_id))
            for ain, node in nodes.items()
        },
        skipped_entries=tuple(skipped_entries),
    )


def _owner_ain(
    ain: str, node: Node, nodes: Mapping[str, Node], ain_by_id: Mapping[str, str]
) -> str:
    """Return the AIN of the physical device that an entry is part of.

    A unit refers to its parent by the parent's internal id. The unit's AIN is the AIN of the parent
    with the suffix "-n" (HAN-FUN) or two more characters (Zigbee). Internal ids are unreliable in
    mixed lists, and identifiers of groups contain dashes, too. So an entry is a part of another one
    only if the other one is in the list and its AIN is a prefix of the entry's AIN.
    """
    parent_id = node.text("etsiunitinfo/etsideviceid")
    for parent in (ain_by_id.get(parent_id, ""), ain.rpartition("-")[0]):
        if parent in nodes and parent != ain and ain.startswith(parent):
            return parent
    return ain


def _device(ain: str, node: Node, owner_ain: str) -> Device:
    element = node.element
    blocks = frozenset(child.tag for child in element if child.tag not in _NOT_A_BLOCK)
    unit_type = node.number("etsiunitinfo/unittype")
    product_name = node.attribute("productname")
    firmware_version = node.attribute("fwversion")
    switch = "hkr" if "hkr" in blocks else "switch"
    # Plugs have both; only one of them may have a value.
    on_off = "switch" if node.text("switch/state") else "simpleonoff"
    is_blind = unit_type in _BLIND_UNITS or "blind" in blocks

    def unless_blind[T](path: str, convert: Callable[[str], T | None]) -> T | None:
        """Return a value whose element means something else for a blind."""
        return None if is_blind else node.value(path, convert)

    return Device(
        ain=ain,
        owner_ain=owner_ain,
        name=clean_text(node.text("name")) or product_name or ain,
        product_name=product_name,
        manufacturer=node.attribute("manufacturer"),
        # Units report "0.0": only their parent has firmware.
        firmware_version=None if firmware_version in {"", "0.0"} else firmware_version,
        is_group=element.tag == "group",
        present=node.text("present") == "1",
        unit_type=unit_type,
        battery=node.value(_of_battery(node, "battery"), percent),
        battery_low=node.value(_of_battery(node, "batterylow"), flag),
        temperature=node.value("temperature/celsius", tenths),
        humidity=node.value("humidity/rel_humidity", percent),
        power_meter=_power_meter(ain, node, unit_type, product_name)
        if "powermeter" in blocks
        else None,
        thermostat=_thermostat(node) if "hkr" in blocks else None,
        switched_on=unless_blind(f"{on_off}/state", flag),
        brightness=unless_blind("levelcontrol/levelpercentage", percent),
        locked=node.value(f"{switch}/lock", flag),
        buttons_locked=node.value(f"{switch}/devicelock", flag),
        # Of a blind, it is a bit mask of faults.
        alert=unless_blind("alert/state", flag),
        alert_changed=node.value("alert/lastalertchgtimestamp", from_unix),
        blind=_blind(node) if is_blind else None,
        buttons=_buttons(ain, element) if "button" in blocks else (),
        blocks=blocks,
        parse_errors=tuple(node.parse_errors),
    )


def _of_battery(node: Node, name: str) -> str:
    """Return the path of a value of the battery.

    AHA recommends that of the device (since 7.08). Older firmware has one inside <hkr> only.
    """
    return name if name in node else f"hkr/{name}"


_BLIND_UNITS: Final = frozenset({UnitType.BLIND, UnitType.LAMELLA})
_NOT_A_BLOCK: Final = frozenset(
    {"present", "txbusy", "name", "battery", "batterylow", "etsiunitinfo", "groupinfo"}
)


ALL_ZERO: Final = ParseError("powermeter", "all zero")
"""0 V and 0 W, which may be no reading."""


def _power_meter(ain: str, node: Node, unit_type: int | None, product_name: str) -> PowerMeter:
    kind = MeterKind.CONSUMPTION
    if unit_type == UnitType.SMART_METER or "Energy 250" in product_name:
        kind = MeterKind.FEED_IN if ain.endswith("-2") else MeterKind.SUPPLY
    power = node.value("powermeter/power", milli)
    energy = node.value("powermeter/energy", kilowatt_hours)
    voltage = node.value("powermeter/voltage", milli)
    if power == voltage == 0 and (kind is not MeterKind.CONSUMPTION or energy == 0):
        # All zero is no reading: a plug without mains could not have answered (home-assistant
        # core#55799), and a Smart Energy 250 sends 0 V and 0 W while the meter shows no power.
        node.parse_errors.append(ALL_ZERO)
        power = voltage = None
        energy = energy or None
    return PowerMeter(
        kind=kind,
        power=power,
        energy=energy,
        voltage=voltage,
        reduced_resolution=None
        if kind is MeterKind.CONSUMPTION
        else power is None and energy is not None and energy == int(energy),
    )


def _thermostat(node: Node) -> Thermostat:
    target = node.value("hkr/tsoll", _radiator_code)
    mode = None if target is None else _RADIATOR_MODES.get(target, RadiatorMode.REGULATED)
    return Thermostat(
        mode=mode,
        target_temperature=target / 2
        if target is not None and mode is RadiatorMode.REGULATED
        else None,
        comfort_temperature=node.value("hkr/komfort", _radiator_temperature),
        eco_temperature=node.value("hkr/absenk", _radiator_temperature),
        next_change=node.value("hkr/nextchange/endperiod", from_unix),
        next_temperature=node.value("hkr/nextchange/tchange", _radiator_temperature),
        # The box spells it without the e.
        window_open=node.value("hkr/windowopenactiv", flag),
        window_open_end=node.value("hkr/windowopenactiveendtime", _end_time),
        boost=node.value("hkr/boostactive", flag),
        boost_end=node.value("hkr/boostactiveendtime", _end_time),
        summer=node.value("hkr/summeractive", flag),
        holiday=node.value("hkr/holidayactive", flag),
        adaptive_heating=node.value("hkr/adaptiveHeatingActive", flag),
        error=node.value("hkr/errorcode", _radiator_error),
    )


def _blind(node: Node) -> Blind:
    faults = node.value("alert/state", lambda text: integer(text, 0, 3))
    return Blind(
        position=node.value("levelcontrol/levelpercentage", _closed_to_open),
        obstacle=None if faults is None else bool(faults & 1),
        overheated=None if faults is None else bool(faults & 2),
    )


def _buttons(ain: str, element: ET.Element) -> tuple[Button, ...]:
    """Return the keys of a device. A HAN-FUN key is a unit, whose AIN identifies the key."""
    buttons = {}
    for child in element:
        if child.tag != "button":
            continue
        node = Node(child)
        identifier = node.attribute("identifier") or ain
        # "Living room: top right": the first part is the name of the device.
        name = clean_text(node.text("name")).rpartition(": ")[2]
        buttons[identifier] = Button(
            identifier=identifier,
            name=name,
            last_pressed=node.value("lastpressedtimestamp", from_unix),
        )
    return tuple(buttons.values())
