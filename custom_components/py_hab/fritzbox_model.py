"""What a FRITZ!Box says: its XML answers as typed values.

"AHA" in comments is AVM's "Home Automation HTTP Interface" v1.61 (2023-09-18). Values that
are missing, empty or nonsense are `None`; `Device.unread` tells which and why.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
import re
from typing import Final
import xml.etree.ElementTree as ET

ZERO_SID: Final = "0" * 16
"""The SID of a client that is not logged in."""


class MalformedAnswerError(Exception):
    """The box's answer is not what its documentation promises."""


class UnitType(IntEnum):
    """Kinds of HAN-FUN and Zigbee units that we treat specially (AHA, chapter 3.2)."""

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
    """What the counter of a power meter counts."""

    CONSUMPTION = "consumption"
    """A plug: what its socket has used."""
    SUPPLY = "supply"
    """FRITZ!Smart Energy 250: what the house has drawn from the grid."""
    FEED_IN = "feed_in"
    """FRITZ!Smart Energy 250: what the house has given to the grid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PowerMeter:
    """A device's electricity readings."""

    kind: MeterKind
    power: float | None
    """W; negative while a house feeds in."""
    energy: float | None
    """kWh since first use or since its statistics were cleared."""
    voltage: float | None
    """V."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Thermostat:
    """A radiator thermostat's regulation."""

    target_temperature: float | None
    """°C; None while switched off or fully open."""
    window_open: bool | None
    """Whether the thermostat has turned itself down because of an open window."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """One entry of the box's device list: a device, a unit of a composite device, or a group."""

    ain: str
    """The identifier as the box writes it, blanks included."""
    owner_ain: str
    """The AIN of the physical device: the parent's for a unit, else the own one."""
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
    """°C, the user's offset already contained."""
    humidity: int | None
    """%."""
    power_meter: PowerMeter | None
    thermostat: Thermostat | None
    alert: bool | None
    """Whether a contact stands open, or a detector has detected."""
    blocks: frozenset[str]
    """Names of the function blocks that the box sent, empty ones included."""
    unread: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """(element, reason) of what was sent but could not be understood."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DeviceList:
    """The answer to `getdevicelistinfos`."""

    firmware_version: str | None
    """FRITZ!OS of the box; not sent before 7.2x."""
    devices: Mapping[str, Device]
    """By AIN, in the box's order."""
    set_aside: tuple[str, ...] = ()
    """Why entries were left out: without identifier, or a second one with the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionInfo:
    """The answer of `login_sid.lua`."""

    sid: str
    challenge: str
    block_time: int
    """Seconds during which the box refuses every login."""
    rights: Mapping[str, int]
    """Right name to access: 0 none, 1 read, 2 write."""
    default_user: str
    """The user that the box preselects, empty if it names none."""

    @property
    def logged_in(self) -> bool:
        """Whether the SID is alive."""
        return self.sid != ZERO_SID

    @property
    def may_read_devices(self) -> bool:
        """Whether the user has the Smart Home right."""
        return self.rights.get("HomeAuto", 0) > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class BoxInfo:
    """What the box tells everybody about itself, without login."""

    model: str
    firmware_version: str | None
    """FRITZ!OS, such as "8.25"."""
    serial: str
    """Twelve hex digits, also its first MAC address; empty if the box keeps it to itself."""


# Elements to values


class _Unreadable(Exception):
    """An element's text is not a value; the message is the reason."""


def _integer(text: str, low: int, high: int) -> int:
    """Return a decimal integer between two limits."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise _Unreadable("not a number")
    number = int(text)
    if not low <= number <= high:
        raise _Unreadable("out of range")
    return number


def _flag(text: str) -> bool:
    return bool(_integer(text, 0, 1))


def _percent(text: str) -> int:
    return _integer(text, 0, 100)


def _tenths(text: str) -> float:
    return _integer(text, -1000, 2000) / 10


def _milli(text: str) -> float:
    """Return W or V from mW or mV. No connection of a home exceeds a megawatt."""
    return _integer(text, -(10**9), 10**9) / 1000


def _kilowatt_hours(text: str) -> float:
    return _integer(text, 0, 10**15) / 1000


def _radiator_temperature(text: str) -> float:
    """Return °C from half degrees; 253 means off, 254 fully open, 255 unknown (AHA 3.2)."""
    code = _integer(text, 0, 255)
    if code in _RADIATOR_WORDS:
        raise _Unreadable(_RADIATOR_WORDS[code])
    return code / 2


_RADIATOR_WORDS: Final = {253: "switched off", 254: "fully open", 255: "undefined"}


class _Node:
    """A device's element, read value by value; remembers what could not be read."""

    def __init__(self, element: ET.Element) -> None:
        self.element = element
        self.unread: list[tuple[str, str]] = []

    def value[T](self, path: str, convert: Callable[[str], T]) -> T | None:
        """Return the converted text of a child, None if there is none to believe."""
        text = (self.element.findtext(path) or "").strip()
        if not text:
            if self.element.find(path) is not None:
                self.unread.append((path, "empty"))
            return None
        try:
            return convert(text)
        except _Unreadable as reason:
            self.unread.append((path, str(reason)))
            return None

    def attribute(self, name: str) -> str:
        return " ".join(self.element.get(name, "").split())

    def number(self, path: str) -> int | None:
        return self.value(path, lambda text: _integer(text, 0, 10**9))


def _parse_xml(text: str, root: str) -> ET.Element:
    """Return the root element of an answer, which must have the given name."""
    if "<!DOCTYPE" in text:
        # Only a document type can define entities; the box never sends one.
        raise MalformedAnswerError("answer with a document type refused")
    try:
        element = ET.fromstring(text)
    except (ET.ParseError, ValueError) as err:
        raise MalformedAnswerError(f"not XML: {err}") from err
    if element.tag.rpartition("}")[2] != root:
        raise MalformedAnswerError(f"<{root}> expected, got <{element.tag[:40]}>")
    return element


def parse_device_list(text: str) -> DeviceList:
    """Read the answer to `getdevicelistinfos`.

    An entry with impossible values loses those values only; an entry that cannot be told
    apart from others is set aside. Raises MalformedAnswerError when the whole is no list.
    """
    root = _parse_xml(text, "devicelist")
    nodes: dict[str, _Node] = {}
    set_aside: list[str] = []
    for element in root:
        if element.tag not in {"device", "group"}:
            continue
        node = _Node(element)
        ain = node.attribute("identifier")
        if not ain:
            set_aside.append("entry without identifier")
        elif ain in nodes:
            set_aside.append("second entry with the same identifier")
        else:
            nodes[ain] = node
    ain_by_id = {node.attribute("id") or ain: ain for ain, node in nodes.items()}
    return DeviceList(
        firmware_version=root.get("fwversion") or None,
        devices={
            ain: _device(ain, node, _owner_ain(ain, node, nodes, ain_by_id))
            for ain, node in nodes.items()
        },
        set_aside=tuple(set_aside),
    )


def _owner_ain(
    ain: str, node: _Node, nodes: Mapping[str, _Node], ain_by_id: Mapping[str, str]
) -> str:
    """Return the AIN of the physical device that an entry is part of.

    A unit names its parent by the parent's internal id; its AIN is the parent's with "-n"
    (HAN-FUN) or two more characters (Zigbee) behind it. Internal ids are doubtful in mixed
    lists and identifiers of groups have dashes too, so an entry belongs to another one only
    if that is in the list and its AIN begins the entry's own.
    """
    parent_id = (node.element.findtext("etsiunitinfo/etsideviceid") or "").strip()
    for parent in (ain_by_id.get(parent_id, ""), ain.rpartition("-")[0]):
        if parent in nodes and parent != ain and ain.startswith(parent):
            return parent
    return ain


def _device(ain: str, node: _Node, owner_ain: str) -> Device:
    element = node.element
    blocks = frozenset(child.tag for child in element if child.tag not in _NOT_A_BLOCK)
    unit_type = node.number("etsiunitinfo/unittype")
    product_name = node.attribute("productname")
    # The battery at device level is the one to believe (AHA since 7.08); older firmware
    # has it inside <hkr> only.
    place = "" if element.find("battery") is not None else "hkr/"
    low_place = "" if element.find("batterylow") is not None else "hkr/"
    firmware_version = node.attribute("fwversion")
    return Device(
        ain=ain,
        owner_ain=owner_ain,
        name=" ".join((element.findtext("name") or "").split()) or product_name or ain,
        product_name=product_name,
        manufacturer=node.attribute("manufacturer"),
        # Units report "0.0": only their parent has a firmware.
        firmware_version=None if firmware_version in {"", "0.0"} else firmware_version,
        is_group=element.tag == "group",
        present=(element.findtext("present") or "").strip() == "1",
        unit_type=unit_type,
        battery=node.value(f"{place}battery", _percent),
        battery_low=node.value(f"{low_place}batterylow", _flag),
        temperature=node.value("temperature/celsius", _tenths),
        humidity=node.value("humidity/rel_humidity", _percent),
        power_meter=_power_meter(ain, node, unit_type, product_name)
        if "powermeter" in blocks
        else None,
        thermostat=_thermostat(node) if "hkr" in blocks else None,
        # Blinds use the same element as a bit mask of faults.
        alert=node.value("alert/state", _flag)
        if unit_type not in {UnitType.BLIND, UnitType.LAMELLA}
        else None,
        blocks=blocks,
        unread=tuple(node.unread),
    )


_NOT_A_BLOCK: Final = frozenset(
    {"present", "txbusy", "name", "battery", "batterylow", "etsiunitinfo", "groupinfo"}
)


def _power_meter(ain: str, node: _Node, unit_type: int | None, product_name: str) -> PowerMeter:
    kind = MeterKind.CONSUMPTION
    if unit_type == UnitType.SMART_METER or "Energy 250" in product_name:
        kind = MeterKind.FEED_IN if ain.endswith("-2") else MeterKind.SUPPLY
    power = node.value("powermeter/power", _milli)
    energy = node.value("powermeter/energy", _kilowatt_hours)
    voltage = node.value("powermeter/voltage", _milli)
    if power == voltage == 0 and (kind is not MeterKind.CONSUMPTION or energy == 0):
        # All zero is no reading: a plug without mains could not have answered (home-assistant
        # core#55799), and a meter head sends 0 V and 0 W while it sees no instantaneous power.
        node.unread.append(("powermeter", "all zero"))
        power = voltage = None
        energy = energy or None
    return PowerMeter(kind=kind, power=power, energy=energy, voltage=voltage)


def _thermostat(node: _Node) -> Thermostat:
    return Thermostat(
        target_temperature=node.value("hkr/tsoll", _radiator_temperature),
        # Spelled so by the box.
        window_open=node.value("hkr/windowopenactiv", _flag),
    )


def parse_session_info(text: str) -> SessionInfo:
    """Read an answer of `login_sid.lua`. Raises MalformedAnswerError."""
    root = _parse_xml(text, "SessionInfo")
    sid = (root.findtext("SID") or "").strip()
    if not re.fullmatch(r"[0-9A-Za-z]{16}", sid):
        raise MalformedAnswerError("no SID in the answer")
    block_time = (root.findtext("BlockTime") or "0").strip()
    names = [name.text or "" for name in root.iterfind("Rights/Name")]
    access = [value.text or "" for value in root.iterfind("Rights/Access")]
    users = root.findall("Users/User")
    default_user = next((user.text or "" for user in users if user.get("last") == "1"), "")
    return SessionInfo(
        sid=sid,
        challenge=(root.findtext("Challenge") or "").strip(),
        block_time=int(block_time) if re.fullmatch("[0-9]{1,9}", block_time) else 0,
        rights={
            name: int(value)
            for name, value in zip(names, access, strict=False)
            if re.fullmatch("[0-9]", value)
        },
        default_user=default_user,
    )


def parse_box_info(text: str) -> BoxInfo:
    """Read `jason_boxinfo.xml`, which boxes serve without login. Raises MalformedAnswerError."""
    root = _parse_xml(text, "BoxInfo")
    fields = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in root}
    serial = fields.get("Serial", "").upper()
    # "285.08.25": the model's own number, then the version of FRITZ!OS.
    version = re.fullmatch(r"[0-9]+\.0*([0-9]+)\.([0-9]+)", fields.get("Version", ""))
    return BoxInfo(
        model=fields.get("Name") or "FRITZ!Box",
        firmware_version=f"{version[1]}.{version[2]}" if version else None,
        serial=serial if re.fullmatch("[0-9A-F]{12}", serial) else "",
    )
