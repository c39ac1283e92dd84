"""A house whose meter publishes what a script says, to see what is made of its keys."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
import math
from random import Random
from typing import Final

from custom_components.py_hab.sml.inference import KeyInference
from custom_components.py_hab.sml.registers import KeyMapping, Quantity

IMPORT: Final = KeyMapping(Quantity.ENERGY_IMPORT)
EXPORT: Final = KeyMapping(Quantity.ENERGY_EXPORT)
POWER: Final = KeyMapping(Quantity.POWER)
KILOWATTS: Final = KeyMapping(Quantity.POWER, 1000.0)
UNUSED: Final = KeyMapping(Quantity.NO_MEASUREMENT)
NAMES: Final = {
    "E_in": IMPORT,
    "E_out": EXPORT,
    "Power": POWER,
    "Leistung": POWER,
    "Pi": KeyMapping(Quantity.POWER_IMPORT, 1000.0),
    "1.7.0": KeyMapping(Quantity.POWER_IMPORT, 1000.0, doubtful=True),
    "Total": KeyMapping(Quantity.ENERGY_IMPORT, doubtful=True),
    "Pout": KeyMapping(Quantity.ENERGY_EXPORT, doubtful=True),
    "current": KeyMapping(Quantity.POWER, doubtful=True),
    "Volt": KeyMapping(Quantity.VOLTAGE_L1),
}
START: Final = datetime(2026, 3, 20, 18, tzinfo=UTC)


@dataclass
class House:
    """What the meter has at a moment; power in W, counters in kWh."""

    power: float = 0.0
    imported: float = 15119.0351
    exported: float = 812.3452
    hours: float = 0.0
    day_hours: float = 0.0
    """From 6 to 22."""
    is_day: bool = False
    day: float = 9000.1231
    night: float = 6118.9121


def life(hours: float, *, sun: float, begins: float, step: float) -> Iterator[House]:
    """Yield a house's meter every few seconds: base load, appliances, and the sun by day."""
    random, house = Random(7), House()
    appliance, until = 0.0, 0.0
    while house.hours < hours:
        if house.hours >= until:
            appliance = random.choice((0.0, 0.0, 60.0, 400.0, 1200.0, 2200.0))
            until = house.hours + random.uniform(0.05, 0.4)
        clock = (begins + house.hours) % 24
        fridge = 90.0 if house.hours % 0.7 < 0.25 else 0.0
        shine = sun * max(0.0, math.sin((clock - 6) * math.pi / 12))
        house.power = 120.0 + fridge + appliance - shine
        drawn, fed_in = (max(sign * house.power, 0.0) * step / 3.6e6 for sign in (1, -1))
        house.imported += drawn
        house.exported += fed_in
        house.is_day = 6 <= clock < 22
        if house.is_day:
            house.day += drawn
            house.day_hours += step / 3600
        else:
            house.night += drawn
        house.hours += step / 3600
        yield house


def watts(house: House) -> float:
    return round(house.power)


def drawn(house: House) -> float:
    return max(watts(house), 0.0)


def kw(house: House) -> float:
    return round(house.power / 1000, 3)


def amperes(house: House) -> float:
    return round(house.power / 230, 2)


def kwh_in(house: House) -> float:
    return round(house.imported, 3)


def kwh_out(house: House) -> float:
    return round(house.exported, 3)


def wh_in(house: House) -> float:
    return round(house.imported * 1000)


def wh_out(house: House) -> float:
    return round(house.exported * 1000)


def both(house: House) -> float:
    return house.imported + house.exported


def new(house: House) -> float:
    return round(house.imported - 15118.7, 3)


def with_day_load(house: House) -> float:
    return watts(house) + 6000 * house.is_day


def day_with_load(house: House) -> float:
    return round(house.day + 6 * house.day_hours, 3)


type Script = dict[str, Callable[[House], float]]
type Spoil = Callable[[float, dict[str, float]], dict[str, float]]

E_IN: Final[Script] = {"E_in": kwh_in}
E_OUT: Final[Script] = {"E_out": kwh_out}
PV: Final[Script] = E_IN | E_OUT
WATTS: Final[Script] = {"Power": watts}
IN_KW: Final[Script] = {"Power": kw}
FOO: Final[Script] = {"foo": kwh_in}
BAR: Final[Script] = {"bar": kwh_out}
TARIFFS: Final[Script] = {
    "day": lambda house: round(house.day, 3),
    "night": lambda house: round(house.night, 3),
}
ZERO: Final[Script] = {"Power": lambda _: 0.0}
CONSTANTS: Final[Script] = {"state": lambda _: 17.0, "scale": lambda _: 0.5}
EVEN: Final[Script] = {
    "Power": lambda house: watts(house) + 1500,
    "foo": lambda house: kwh_in(house) + 1.5 * house.hours,
}
LOAD_BY_DAY: Final[Script] = {"Power": with_day_load, "day": day_with_load}
BALCONY: Final[Script] = {
    "Power": lambda house: house.power / 50,
    "E_in": lambda house: house.imported / 50,
    "bar": lambda house: house.exported * 20,
}
PHASE: Final[Script] = {
    "a": lambda house: round(house.power * 0.6),
    "b": lambda house: round(house.power * 0.4),
    "u": lambda house: 230 + 3 * math.sin(house.hours * 40),
    "i": lambda house: abs(amperes(house)),
}


def watch(
    script: Script,
    hours: float,
    *,
    sun: float = 0.0,
    begins: float = 18.0,
    every: float = 10.0,
    inference: KeyInference | None = None,
    spoil: Spoil = lambda _, message: message,
) -> KeyInference:
    """Let a script publish a house every few seconds, and return what was made of it."""
    inference = inference or KeyInference(NAMES.get)
    step = min(every, 30.0)
    for number, house in enumerate(life(hours, sun=sun, begins=begins, step=step)):
        seconds = number * step
        if seconds % every == 0 and (
            message := spoil(
                seconds, {key: float(value_of(house)) for key, value_of in script.items()}
            )
        ):
            inference.observe(START + timedelta(seconds=seconds), message)
    return inference


@dataclass(frozen=True)
class World:
    """A script, and what its numbers show."""

    name: str
    script: Script
    _: KW_ONLY
    hours: float = 30
    sun: float = 0.0
    begins: float = 18.0
    every: float = 30.0
    applied: Mapping[str, KeyMapping] = field(default_factory=dict)
    suggested: Mapping[str, KeyMapping] = field(default_factory=dict)

    def assert_seen(self) -> None:
        """Watch the house, and compare what is applied and what is suggested."""
        inference = watch(
            self.script, self.hours, sun=self.sun, begins=self.begins, every=self.every
        )
        assert inference.inferred == self.applied
        assert inference.suggestions == self.suggested
        assert not inference.absolute_power
