"""What the simulated FRITZ!Box says about its devices: the device list and their statistics.

Elements, units and special values follow AVM's "Home Automation HTTP Interface" v1.61 and what
boxes on FRITZ!OS 8 are known to send.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
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
from simulator.fritzbox_readings import Readings, half

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


def replace_texts(element: Element, texts: Mapping[str, str]) -> None:
    """Change the text of all elements in it that have one of these names."""
    for child in element.iter():
        if child.tag in texts and len(child) == 0:
            child.text = texts[child.tag]


def entry(device: Device, readings: Readings, at: datetime, *, present: bool) -> Element:
    """Return the entry of one device in the device list."""
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
        element.extend(_elements(device, block, readings, at))
    if not present:
        replace_texts(element, ABSENT)
        for battery in element.iterfind("hkr/battery"):
            battery.text = "0"
    return element


def statistics(
    device: Device, readings: Readings, at: datetime, *, present: bool, with_datatime: bool
) -> Element:
    """Return what a device stores, newest first.

    Units differ from those of the device list: 0.1 °C, mV, 0.01 W, Wh, %. Months come before
    days. A device out of reach has its series, but nothing in them.
    """
    root = node("devicestats")
    for tag, series in _series(device, readings, at):
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


def _elements(device: Device, block: Block, readings: Readings, at: datetime) -> Iterable[Element]:
    home = readings.home
    match block:
        case Battery():
            return _battery(device, readings, at)
        case Plug():
            return _plug(device)
        case Meter() | Total():
            return [_powermeter(device, readings, at)]
        case Thermometer():
            return [
                node(
                    "temperature",
                    node("celsius", 5 * readings.half_degrees(block, at)),
                    node("offset", round(block.offset * 10)),
                )
            ]
        case Hygrometer(room=room):
            return [node("humidity", node("rel_humidity", home.humidity(room, at)))]
        case Thermostat(room=room):
            return [_thermostat(device, room, readings, at)]
        case Buttons():
            return _buttons(device, block, readings, at)
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
            return [_alert(window, readings, at)]
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


def _battery(device: Device, readings: Readings, at: datetime) -> Iterable[Element]:
    charge = readings.home.battery(device.ain, at)
    return node("battery", charge), node("batterylow", int(charge <= LOW_BATTERY))


def _powermeter(device: Device, readings: Readings, at: datetime) -> Element:
    """Return power in mW, in steps of 10, the counter in Wh, and the voltage in mV.

    A group reports no voltage, a meter reader an empty one.
    """
    element = node("powermeter")
    meter = device.block(Meter)
    if meter is not None and not meter.grid:
        element.append(node("voltage", readings.millivolts(at)))
    elif meter is not None:
        element.append(node("voltage"))
    element.append(node("power", 10 * readings.hundredths(device, at)))
    element.append(node("energy", readings.counter(device, at)))
    return element


def _thermostat(device: Device, room: str, readings: Readings, at: datetime) -> Element:
    home = readings.home
    thermometer = device.block(Thermometer)
    measured = readings.half_degrees(thermometer, at) if thermometer else ""
    is_open = home.window_open(room, at)
    open_until = home.window_changed(room, at) + WINDOW_OPEN_MODE
    change, then = home.next_change(room, at)
    charge = home.battery(device.ain, at)
    return node(
        "hkr",
        node("tist", measured),
        node("tsoll", half(home.target(room, at))),
        node("absenk", half(home.eco(room))),
        node("komfort", half(home.comfort(room))),
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
            node("tchange", half(then)),
        ),
        node("summeractive", 0),
        node("holidayactive", 0),
        node("adaptiveHeatingActive", 0),
        node("adaptiveHeatingRunning", 0),
    )


def _buttons(
    device: Device, buttons: Buttons, readings: Readings, at: datetime
) -> Iterator[Element]:
    for index, (key, name) in enumerate(buttons.keys):
        pressed = readings.home.last_press(device.ain, key, at)
        yield node(
            "button",
            node("name", f"{device.name}: {name}"),
            node("lastpressedtimestamp", _unix(pressed) if pressed else ""),
            identifier=f"{device.ain}-{key}",
            id=buttons.first_number + index,
        )


def _alert(window: str | None, readings: Readings, at: datetime) -> Element:
    if window is None:
        return node("alert", node("state", 0), node("lastalertchgtimestamp"))
    return node(
        "alert",
        node("state", int(readings.home.window_open(window, at))),
        node("lastalertchgtimestamp", _unix(readings.home.window_changed(window, at))),
    )


def _plug(device: Device) -> Iterable[Element]:
    """Return the relay; firmware that calls itself switchable (bit 15) reports it twice."""
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


# Series of the statistics


def _series(
    device: Device, readings: Readings, at: datetime
) -> Iterator[tuple[str, Sequence[tuple[int, Sequence[int | None]]]]]:
    """Yield for each kind its series: the seconds between two values, and the values."""
    if thermometer := device.block(Thermometer):
        quarters = times(at, count=96, step=900, measured=timedelta(minutes=15))
        yield "temperature", [(900, [5 * readings.half_degrees(thermometer, t) for t in quarters])]
    if device.block(Meter) or device.block(Total):
        seconds = times(at, count=360, step=10, measured=MEASURED_EVERY)
        meter = device.block(Meter)
        has_voltage = meter is not None and not meter.grid
        yield "voltage", [(10, each_once(seconds, readings.millivolts))] if has_voltage else []
        yield "power", [(10, each_once(seconds, partial(readings.hundredths, device)))]
        yield (
            "energy",
            [
                (2678400, readings.stored(device, at, readings.home.months)),
                (86400, readings.stored(device, at, readings.home.days)),
            ],
        )
    if hygrometer := device.block(Hygrometer):
        quarters = times(at, count=96, step=900, measured=timedelta(minutes=15))
        yield "humidity", [(900, [readings.home.humidity(hygrometer.room, t) for t in quarters])]


def times(at: datetime, *, count: int, step: int, measured: timedelta) -> list[datetime]:
    """Return when each value of a series was measured; `step` is in seconds."""
    reported = (at - timedelta(seconds=step * index) for index in range(count))
    return [
        time - timedelta(seconds=time.timestamp() % measured.total_seconds()) for time in reported
    ]


def each_once(moments: Sequence[datetime], measure: Callable[[datetime], int]) -> Sequence[int]:
    """Return what is measured at each moment; one that comes again is measured once."""
    measured = {moment: measure(moment) for moment in dict.fromkeys(moments)}
    return [measured[moment] for moment in moments]


def _unix(at: datetime) -> int:
    return int(at.timestamp())
