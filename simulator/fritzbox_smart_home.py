"""The smart home as the simulated FRITZ!Box knows it: its devices, and what is wrong with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from xml.etree.ElementTree import Element

from simulator.fritzbox_devices import Device
from simulator.fritzbox_readings import Readings
from simulator.fritzbox_rest_statistics import (
    OUTDATED_AFTER,
    State,
    unit_statistics,
    with_whole_counter,
)
from simulator.fritzbox_xml import entry, node, replace_texts, statistics
from simulator.home import Home


@dataclass(slots=True)
class Routine:
    """An if-then rule."""

    name: str
    enabled: bool


class SmartHome:
    """The devices of a box."""

    def __init__(self, home: Home, devices: Sequence[Device]) -> None:
        """Show these devices in this home."""
        self.devices = {device.ain: device for device in devices}
        self._readings = Readings(home, devices)
        self._overrides: dict[str, dict[str, str]] = {}
        self._rest_overrides: dict[str, dict[str, object]] = {}
        self._vanished: set[str] = set()
        self._disconnected: set[str] = set()
        self._silent_for: dict[str, timedelta] = {}
        self._confused: set[str] = set()
        self.routines: dict[str, Routine] = {
            "trg303E4F-40B81D6A8": Routine("Kühlschrank überwachen", enabled=True),
            "trg303E4F-40B81D6A9": Routine("Rollladen bei Sonne", enabled=False),
        }
        """By AIN."""
        self.templates: dict[str, str] = {"tmp303E4F-40B81D6B1": "Urlaub"}
        """Names by AIN."""
        self.electricity_rate: float = 31.97
        """Cents per kWh."""
        self.co2_emissions: float = 380
        """g/kWh."""

    # What may be wrong; all raise KeyError for a device that does not exist

    def override(self, ain: str, **values: str | int) -> None:
        """Fix the text of elements, wherever in the device they stand: `energy=0, present=1`."""
        texts = {tag: str(value) for tag, value in values.items()}
        self._overrides.setdefault(self._known(ain), {}).update(texts)

    def override_rest(self, ain: str, **values: object) -> None:
        """Fix properties that the REST API reports of the device or its unit."""
        self._rest_overrides.setdefault(self._known(ain), {}).update(values)

    def disconnect(self, ain: str) -> None:
        """Take a device out of reach: it stays in the list, absent and without values."""
        self._disconnected.add(self._known(ain))

    def vanish(self, ain: str) -> None:
        """Take a device out of the list."""
        self._vanished.add(self._known(ain))

    def delay_statistics(self, ain: str, silence: timedelta) -> None:
        """Let the device's own history be as old as this, `datatime` says so."""
        self._silent_for[self._known(ain)] = silence

    def confuse_statistics(self, ain: str) -> None:
        """Let the REST API report the whole counter as the newest of each series of energy."""
        self._confused.add(self._known(ain))

    def restore(self, ain: str) -> None:
        """Make everything right again with a device; a reset counter stays reset."""
        self._overrides.pop(ain, None)
        self._rest_overrides.pop(ain, None)
        self._disconnected.discard(ain)
        self._vanished.discard(ain)
        self._silent_for.pop(ain, None)
        self._confused.discard(ain)

    def reset_statistics(self, ain: str, at: datetime) -> None:
        """Let the counter of a device start again at 0 Wh, and its history with it."""
        self._readings.reset(self.devices[ain], at)

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
        """Return the whole list; `fritzos` is listed by firmware that reports it."""
        root = node("devicelist", *(self.element(device, at) for device in self.listed()))
        root.set("version", "1")
        if fritzos:
            root.set("fwversion", fritzos)
        return root

    def element(self, device: Device, at: datetime) -> Element:
        """Return the entry of one device."""
        element = entry(device, self._readings, at, present=self.is_present(device))
        replace_texts(element, self._overrides.get(device.ain, {}))
        return element

    def rest_overrides(self, ain: str) -> Mapping[str, object]:
        """Return what the REST API is to report of a device in place of the truth."""
        return self._rest_overrides.get(ain, {})

    def rest_statistics(self, device: Device, at: datetime) -> dict[str, Any]:
        """Return what the device stores as the REST API reports it, which reports no time."""
        silence = self._silent_for.get(device.ain, timedelta())
        state = State.VALID
        if not self.is_present(device):
            state = State.NOT_CONNECTED
        elif silence > OUTDATED_AFTER:
            state = State.OUTDATED
        found = unit_statistics(device, self._readings, at - silence, state=state)
        if device.ain in self._confused and state is State.VALID:
            return with_whole_counter(found, self.counter(device, at))
        return found

    def statistics(self, device: Device, at: datetime, *, with_datatime: bool) -> Element:
        """Return what the device stores."""
        return statistics(
            device,
            self._readings,
            at - self._silent_for.get(device.ain, timedelta()),
            present=self.is_present(device),
            with_datatime=with_datatime,
        )

    def counter(self, device: Device, at: datetime) -> int:
        """Return the whole Wh that the device has counted, whatever it says."""
        return self._readings.counter(device, at)

    def _known(self, ain: str) -> str:
        """Return the AIN if there is such a device."""
        return self.devices[ain].ain
