"""What the simulated FRITZ!Box says about its devices: the device list and their statistics.

Elements, units and special values follow AVM's "Home Automation HTTP Interface" v1.61 and what
boxes on FRITZ!OS 8 are known to send.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
import math
from typing import Final, assert_never
from xml.etree.ElementTree import Element, tostring

from simulator.fritzbox_devices import (
    Alert,
    Battery,
    Blind,
    Block,
    Buttons,
    Device,
    Hygrometer,
    Lamp,
    Members,
    Meter,
    Plug,
    Thermometer,
    Thermostat,
    Total,
    Unit,
)
from simulator.home import Home

LOW_BATTERY: Final = 15
"""Percent at which the warning starts."""

WINDOW_OPEN_MODE: Final = timedelta(minutes=15)
"""How long a thermostat that noticed a falling temperature stays closed."""

MEASURED_EVERY: Final = timedelta(minutes=2)
"""A plug reports that often; the series in between repeat the last value."""

ABSENT: Final = {
    "present": "0",
    "celsius": "",
    "offset": "",
    "rel_humidity": "-9999",
    "voltage": "",
    "power": "",
    "energy": "",
    "state": "",
    "mode": "",
    "lock": "",
    "devicelock": "",
    "level": "",
    "levelpercentage": "",
    "hue": "",
    "saturation": "",
    "unmapped_hue": "",
    "unmapped_saturation": "",
    "tist": "",
    "tsoll": "",
    "absenk": "",
    "komfort": "",
    "errorcode": "0",
    "batterylow": "0",
    "windowopenactiv": "0",
    "windowopenactiveendtime": "0",
    "boostactive": "0",
    "boostactiveendtime": "0",
    "endperiod": "0",
    "tchange": "255",
    "summeractive": "",
    "holidayactive": "",
    "adaptiveHeatingActive": "0",
    "adaptiveHeatingRunning": "0",
}
"""What the elements of a device say that is out of reach; the others keep what they said."""


def node(tag: str, *content: Element | str | int, **attributes: str | int) -> Element:
    """Return an XML element with this text or these children."""
    element = Element(tag, {name: str(value) for name, value in attributes.items()})
    for item in content:
        if isinstance(item, Element):
            element.append(item)
        else:
            element.text = str(item)
    return element


def text_of(element: Element) -> str:
    """Return the element as the box writes it: empty ones with both tags."""
    return tostring(element, encoding="unicode", short_empty_elements=False)


class SmartHome:
    """The devices of a box as it knows them, with whatever is wrong with them."""

    def __init__(self, home: Home, devices: Sequence[Device]) -> None:
        """Show these devices in this home."""
        self.devices = {device.ain: device for device in devices}
        self._home = home
        self._by_number = {device.number: device for device in devices}
        self._overrides: dict[str, dict[str, str]] = {}
        self._vanished: set[str] = set()
        self._disconnected: set[str] = set()
        self._reset_at: dict[str, int] = {}
        """Per AIN the counter, in Wh, that has been 0 since the statistics were reset."""
        self._silent_for: dict[str, timedelta] = {}

    # What may be wrong

    def override(self, ain: str, **values: str | int) -> None:
        """Fix the text of elements, wherever in the device they stand: `energy=0, present=1`."""
        texts = {tag: str(value) for tag, value in values.items()}
        self._overrides.setdefault(self._known(ain), {}).update(texts)

    def disconnect(self, ain: str) -> None:
        """Take a device out of reach: it stays in the list, absent and without values."""
        self._disconnected.add(self._known(ain))

    def vanish(self, ain: str) -> None:
        """Take a device out of the list."""
        self._vanished.add(self._known(ain))

    def delay_statistics(self, ain: str, silence: timedelta) -> None:
        """Let the device's own history be as old as this, `datatime` tells so."""
        self._silent_for[self._known(ain)] = silence

    def restore(self, ain: str) -> None:
        """Make everything right again with a device; a reset counter stays reset."""
        self._overrides.pop(ain, None)
        self._disconnected.discard(ain)
        self._vanished.discard(ain)
        self._silent_for.pop(ain, None)

    def reset_statistics(self, ain: str, at: datetime) -> None:
        """Let the counter of a device start again at 0 Wh, and its history with it."""
        meter = self.devices[ain].block(Meter)
        if meter is None:
            raise ValueError(f"{ain} has no meter of its own")
        self._reset_at[ain] = meter.before + self._floored(meter, at)

    # What the box says

    def find(self, ain: str) -> Device | None:
        """Return the listed device of an AIN that was written with or without its blank."""
        wanted = ain.replace(" ", "")
        for device in self.listed():
            if device.ain.replace(" ", "") == wanted:
                return device
        return None

    def listed(self) -> Iterator[Device]:
        """Yield the devices in the order of the list."""
        return (device for ain, device in self.devices.items() if ain not in self._vanished)

    def is_present(self, device: Device) -> bool:
        """Return whether the box can reach the device."""
        return device.present and device.ain not in self._disconnected

    def device_list(self, at: datetime, *, fritzos: str | None) -> Element:
        """Return the whole list; `fritzos` is told by firmware that tells it."""
        root = node("devicelist", *(self.element(device, at) for device in self.listed()))
        root.set("version", "1")
        if fritzos:
            root.set("fwversion", fritzos)
        return root

    def element(self, device: Device, at: datetime) -> Element:
        """Return the entry of one device."""
        is_group = device.block(Members) is not None
        element = node(
            "group" if is_group else "device",
            node("present", 1),
            node("txbusy", 0),
            node("name", device.name),
            **({"synchronized": 1} if is_group else {}),
            identifier=device.ain,
            id=device.number,
            functionbitmask=device.mask,
            fwversion=device.firmware,
            manufacturer=device.manufacturer,
            productname=device.product,
        )
        for block in device.blocks:
            element.extend(self._block(device, block, at))
        if not self.is_present(device):
            _replace_texts(element, ABSENT)
        _replace_texts(element, self._overrides.get(device.ain, {}))
        return element

    def counter(self, device: Device, at: datetime) -> int:
        """Return the whole Wh that a meter or the meters of a group show."""
        if meter := device.block(Meter):
            counted = meter.before + self._floored(meter, at)
            return counted - self._reset_at.get(device.ain, 0)
        return sum(self.counter(member, at) for member in self._members(device))

    def statistics(self, device: Device, at: datetime, *, with_datatime: bool) -> Element:
        """Return what the device remembers, newest first.

        Units differ from those of the device list: 0.1 °C, mV, 0.01 W, Wh, %. Months come before
        days. A device out of reach has its series, but nothing in them.
        """
        at -= self._silent_for.get(device.ain, timedelta())
        present = self.is_present(device)
        root = node("devicestats")
        for tag, series in self._series(device, at):
            kind = node(tag)
            root.append(kind)
            for grid, values in series if present else ():
                texts = ["-" if value is None else str(value) for value in values]
                stats = node("stats", ",".join(texts), count=len(texts), grid=grid)
                if with_datatime:
                    stats.set("datatime", str(_unix(at)))
                kind.append(stats)
        return root

    # Blocks of the device list

    def _block(self, device: Device, block: Block, at: datetime) -> Iterable[Element]:
        home = self._home
        match block:
            case Battery():
                return self._battery(device, at)
            case Plug():
                return _plug(device)
            case Meter() | Total():
                return [self._powermeter(device, at)]
            case Thermometer():
                return [
                    node(
                        "temperature",
                        node("celsius", 5 * self._half_degrees(block, at)),
                        node("offset", round(block.offset * 10)),
                    )
                ]
            case Hygrometer(room=room):
                return [node("humidity", node("rel_humidity", home.humidity(room, at)))]
            case Thermostat(room=room):
                return [self._thermostat(device, room, at)]
            case Buttons():
                return self._buttons(device, block, at)
            case Blind():
                closed = home.blind_level(at)
                return [
                    node("blind", node("endpositionsset", 1), node("mode", "auto")),
                    _level(closed),
                ]
            case Lamp():
                return _lamp(block, lit=home.blind_level(at) > 0)
            case Unit(parent=parent, kind=kind, interfaces=interfaces):
                return [
                    node(
                        "etsiunitinfo",
                        node("etsideviceid", parent),
                        node("unittype", kind),
                        node("interfaces", interfaces),
                    )
                ]
            case Alert(window=window):
                return [self._alert(window, at)]
            case Members(numbers=numbers):
                return [
                    node(
                        "groupinfo",
                        node("masterdeviceid", 0),
                        node("members", ",".join(map(str, numbers))),
                    )
                ]
            case _:
                assert_never(block)

    def _battery(self, device: Device, at: datetime) -> Iterable[Element]:
        charge = self._home.battery(device.ain, at)
        return node("battery", charge), node("batterylow", int(charge <= LOW_BATTERY))

    def _powermeter(self, device: Device, at: datetime) -> Element:
        """Return power in mW, in steps of 10, the counter in Wh, and the voltage in mV.

        A group tells no voltage, a meter head an empty one.
        """
        element = node("powermeter")
        meter = device.block(Meter)
        if meter is not None and not meter.grid:
            element.append(node("voltage", self._millivolts(at)))
        elif meter is not None:
            element.append(node("voltage"))
        element.append(node("power", 10 * self._hundredths(device, at)))
        element.append(node("energy", self.counter(device, at)))
        return element

    def _thermostat(self, device: Device, room: str, at: datetime) -> Element:
        home = self._home
        thermometer = device.block(Thermometer)
        measured = self._half_degrees(thermometer, at) if thermometer else ""
        is_open = home.window_open(room, at)
        open_until = home.window_changed(room, at) + WINDOW_OPEN_MODE
        change, then = home.next_change(room, at)
        charge = home.battery(device.ain, at) if self.is_present(device) else 0
        return node(
            "hkr",
            node("tist", measured),
            node("tsoll", _half(home.target(room, at))),
            node("absenk", _half(home.eco(room))),
            node("komfort", _half(home.comfort(room))),
            node("lock", 0),
            node("devicelock", 0),
            node("errorcode", 0),
            node("windowopenactiv", int(is_open)),
            node("windowopenactiveendtime", _unix(open_until) if is_open else 0),
            node("boostactive", 0),
            node("boostactiveendtime", 0),
            node("batterylow", int(charge <= LOW_BATTERY)),
            node("battery", charge),
            node(
                "nextchange",
                node("endperiod", _unix(change)),
                node("tchange", _half(then)),
            ),
            node("summeractive", 0),
            node("holidayactive", 0),
            node("adaptiveHeatingActive", 0),
            node("adaptiveHeatingRunning", 0),
        )

    def _buttons(self, device: Device, buttons: Buttons, at: datetime) -> Iterator[Element]:
        for index, (key, name) in enumerate(buttons.keys):
            pressed = self._home.last_press(device.ain, key, at)
            yield node(
                "button",
                node("name", f"{device.name}: {name}"),
                node("lastpressedtimestamp", _unix(pressed) if pressed else ""),
                identifier=f"{device.ain}-{key}",
                id=buttons.first_number + index,
            )

    def _alert(self, window: str | None, at: datetime) -> Element:
        if window is None:
            return node("alert", node("state", 0), node("lastalertchgtimestamp"))
        return node(
            "alert",
            node("state", int(self._home.window_open(window, at))),
            node("lastalertchgtimestamp", _unix(self._home.window_changed(window, at))),
        )

    # Series of the statistics

    def _series(
        self, device: Device, at: datetime
    ) -> Iterator[tuple[str, Sequence[tuple[int, Sequence[int | None]]]]]:
        """Yield for each kind its series: the seconds between two values, and the values."""
        if thermometer := device.block(Thermometer):
            quarters = _times(at, count=96, step=900, measured=timedelta(minutes=15))
            yield "temperature", [(900, [5 * self._half_degrees(thermometer, t) for t in quarters])]
        if device.block(Meter) or device.block(Total):
            seconds = _times(at, count=360, step=10, measured=MEASURED_EVERY)
            meter = device.block(Meter)
            has_voltage = meter is not None and not meter.grid
            yield "voltage", [(10, [self._millivolts(t) for t in seconds])] if has_voltage else []
            yield "power", [(10, [self._hundredths(device, t) for t in seconds])]
            yield (
                "energy",
                [
                    (2678400, self._remembered(device, at, self._home.months)),
                    (86400, self._remembered(device, at, self._home.days)),
                ],
            )
        if hygrometer := device.block(Hygrometer):
            quarters = _times(at, count=96, step=900, measured=timedelta(minutes=15))
            yield "humidity", [(900, [self._home.humidity(hygrometer.room, t) for t in quarters])]

    def _remembered(
        self,
        device: Device,
        at: datetime,
        periods: Callable[[str, datetime], Sequence[int | None]],
    ) -> list[int | None]:
        """Return the Wh of each period, nothing of what was counted before a reset."""
        meter = device.block(Meter)
        if meter is None:
            rows = [self._remembered(member, at, periods) for member in self._members(device)]
            return [_sum(values) for values in zip(*rows, strict=True)]
        reset_at = self._reset_at.get(device.ain, 0)
        end = meter.before + self._floored(meter, at)
        result: list[int | None] = []
        for value in periods(meter.series, at):
            begin = end - (value or 0)
            result.append(None if value is None else max(0, end - max(begin, reset_at)))
            end = begin
        return result

    # Values of the home in the box's units

    def _floored(self, meter: Meter, at: datetime) -> int:
        return math.floor(self._home.energy(meter.series, at))

    def _hundredths(self, device: Device, at: datetime) -> int:
        """Return the power of a meter, or of a group, in 0.01 W."""
        meter = device.block(Meter)
        if meter is None:
            return sum(self._hundredths(member, at) for member in self._members(device))
        watts = self._home.grid_power(at) if meter.grid else self._home.power(meter.series, at)
        return round(watts * 100)

    def _millivolts(self, at: datetime) -> int:
        return round(self._home.voltage(at) * 1000)

    def _half_degrees(self, thermometer: Thermometer, at: datetime) -> int:
        """Return what the device measures: it knows half degrees only."""
        celsius = self._home.temperature(thermometer.room, at) + thermometer.warmer
        return _half(celsius + thermometer.offset)

    def _members(self, group: Device) -> Iterator[Device]:
        members = group.block(Members)
        return (self._by_number[number] for number in (members.numbers if members else ()))

    def _known(self, ain: str) -> str:
        """Return the AIN; KeyError if no device has it."""
        return self.devices[ain].ain


def _plug(device: Device) -> Iterable[Element]:
    """Return the relay; firmware that calls itself switchable (bit 15) tells it twice."""
    yield node(
        "switch",
        node("state", 1),
        node("mode", "manuell"),
        node("lock", 0),
        node("devicelock", 0),
    )
    if device.mask & 1 << 15:
        yield node("simpleonoff", node("state", 1))


def _level(percent: int) -> Element:
    return node(
        "levelcontrol",
        node("level", round(percent * 2.55)),
        node("levelpercentage", percent),
    )


def _lamp(lamp: Lamp, *, lit: bool) -> Iterable[Element]:
    """Return a lamp in white: the box leaves the elements of the colour empty."""
    return (
        node("simpleonoff", node("state", int(lit))),
        _level(lamp.percent),
        node(
            "colorcontrol",
            node("hue"),
            node("saturation"),
            node("unmapped_hue"),
            node("unmapped_saturation"),
            node("temperature", lamp.kelvin),
            supported_modes=5,
            current_mode=4,
            fullcolorsupport=1,
            mapped=1,
        ),
    )


def _replace_texts(element: Element, texts: dict[str, str]) -> None:
    for child in element.iter():
        if child.tag in texts and len(child) == 0:
            child.text = texts[child.tag]


def _times(at: datetime, *, count: int, step: int, measured: timedelta) -> list[datetime]:
    """Return when each value of a series was measured; `step` is in seconds."""
    times = (at - timedelta(seconds=step * index) for index in range(count))
    return [time - timedelta(seconds=time.timestamp() % measured.total_seconds()) for time in times]


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _half(celsius: float) -> int:
    """Return the code of a temperature: half degrees (8 °C is 16)."""
    return round(celsius * 2)


def _unix(at: datetime) -> int:
    return int(at.timestamp())
