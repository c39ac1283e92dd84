"""What the simulated FRITZ!Box measures: the values of the home in the box's units."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
import math

from simulator.fritzbox_devices import Device, Members, Meter, Thermometer
from simulator.home import Home


class Readings:
    """Reads the devices of a home.

    Counters may have been reset: nothing of what was counted before is known afterwards.
    """

    def __init__(self, home: Home, devices: Sequence[Device]) -> None:
        """Read these devices in this home."""
        self.home = home
        self._by_number = {device.number: device for device in devices}
        self._reset_at: dict[str, int] = {}
        """Per AIN the Wh that the meter had counted when it was reset."""

    def reset(self, device: Device, at: datetime) -> None:
        """Let the counter of a device start again at 0 Wh; ValueError if it has none."""
        meter = device.block(Meter)
        if meter is None:
            raise ValueError(f"{device.ain} has no meter of its own")
        self._reset_at[device.ain] = self._counted(meter, at)

    def counter(self, device: Device, at: datetime) -> int:
        """Return the whole Wh that a meter, or the meters of a group, show."""
        if meter := device.block(Meter):
            return self._counted(meter, at) - self._reset_at.get(device.ain, 0)
        return sum(self.counter(member, at) for member in self._members(device))

    def stored(
        self,
        device: Device,
        at: datetime,
        periods: Callable[[str, datetime], Sequence[int | None]],
    ) -> list[int | None]:
        """Return the Wh of each period, newest first, None for those it does not know."""
        meter = device.block(Meter)
        if meter is None:
            rows = [self.stored(member, at, periods) for member in self._members(device)]
            return [_sum(values) for values in zip(*rows, strict=True)]
        reset_at = self._reset_at.get(device.ain, 0)
        end = self._counted(meter, at)
        result: list[int | None] = []
        for value in periods(meter.series, at):
            begin = end - (value or 0)
            result.append(None if value is None else max(0, end - max(begin, reset_at)))
            end = begin
        return result

    def hundredths(self, device: Device, at: datetime) -> int:
        """Return the power of a meter, or of a group, in 0.01 W."""
        meter = device.block(Meter)
        if meter is None:
            return sum(self.hundredths(member, at) for member in self._members(device))
        watts = self.home.grid_power(at) if meter.grid else self.home.power(meter.series, at)
        return round(watts * 100)

    def millivolts(self, at: datetime) -> int:
        """Return the mains voltage in mV."""
        return round(self.home.voltage(at) * 1000)

    def half_degrees(self, thermometer: Thermometer, at: datetime) -> int:
        """Return what a device measures, correction included: it knows half degrees only."""
        celsius = self.home.temperature(thermometer.room, at) + thermometer.warmer
        return half(celsius + thermometer.offset)

    def _counted(self, meter: Meter, at: datetime) -> int:
        return meter.before + math.floor(self.home.energy(meter.series, at))

    def _members(self, group: Device) -> Iterator[Device]:
        members = group.block(Members)
        return (self._by_number[number] for number in (members.numbers if members else ()))


def half(celsius: float) -> int:
    """Return the box's code of a temperature: half degrees (8 °C is 16)."""
    return round(celsius * 2)


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
