"""What a meter's numbers show of its keys: applied where no meaning changes, else suggested."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
import math
from random import Random
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.sml.inference import (
    KeyInference,
)
from custom_components.py_hab.sml.key_record import MAX_UNKNOWN_KEYS
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
    step = min(every, 10.0)
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
    every: float = 10.0
    applied: Mapping[str, KeyMapping] = field(default_factory=dict)
    suggested: Mapping[str, KeyMapping] = field(default_factory=dict)


IS_IMPORT: Final = {"foo": IMPORT}
IN_WH: Final = {
    "Total": KeyMapping(Quantity.ENERGY_IMPORT, 0.001),
    "Pout": KeyMapping(Quantity.ENERGY_EXPORT, 0.001),
}
POWER_IN: Final = {"Power": IMPORT}
DRAWN: Final = {"Pi": KeyMapping(Quantity.POWER_IMPORT)}
DRAWN_IN_KW: Final = {"1.7.0": KeyMapping(Quantity.POWER_IMPORT, 1000.0)}
WORLDS: Final = (
    World("nothing to learn", PV | WATTS, sun=4000),
    # Applied: the unit of a known power
    World("power in kW", E_IN | IN_KW, hours=2, applied={"Power": KILOWATTS}),
    World("power in no unit", E_IN | {"Power": amperes}),
    World("power drawn in W, not kW", E_IN | {"Pi": watts}, hours=4, applied=DRAWN),
    World("doubtful power in W", E_IN | {"current": watts}, hours=4, applied={"current": POWER}),
    World("doubtful power in amperes", E_IN | {"current": amperes}),
    World("doubtful power in kW", E_IN | {"1.7.0": kw}, hours=4, applied=DRAWN_IN_KW),
    # Suggested: counters
    World("import in kWh", WATTS | FOO, hours=4, suggested=IS_IMPORT),
    World("import in Wh", WATTS | {"Total": wh_in}, hours=4, suggested={"Total": IN_WH["Total"]}),
    World("import for kW", IN_KW | FOO, hours=4, suggested=IS_IMPORT),
    World("import for kW drawn", FOO | {"Pi": kw}, hours=4, suggested=IS_IMPORT),
    World("rare messages", WATTS | FOO, hours=26, every=300, suggested=IS_IMPORT),
    World("two even days", EVEN, hours=47, suggested=IS_IMPORT),
    World("another power stands", FOO | ZERO | {"Leistung": watts}, hours=4, suggested=IS_IMPORT),
    World("no counters stand still", WATTS | FOO | CONSTANTS, hours=4, suggested=IS_IMPORT),
    World("export", WATTS | E_IN | BAR, hours=20, begins=6, sun=4000, suggested={"bar": EXPORT}),
    World("both", WATTS | FOO | BAR, sun=4000, suggested=IS_IMPORT | {"bar": EXPORT}),
    World("both in Wh", WATTS | {"Total": wh_in, "Pout": wh_out}, sun=4000, suggested=IN_WH),
    World("winter", WATTS | FOO | {"Pout": kwh_out}, suggested=IS_IMPORT),
    World("Wh for less than 100 W", BALCONY, sun=4000),
    World("hours of operation", WATTS | {"foo": lambda house: 500 + house.hours / 2}),
    World("reactive energy", WATTS | {"Total": lambda house: house.imported * 0.3}),
    World("import is known", WATTS | E_IN | FOO),
    World("tariffs and total", WATTS | FOO | TARIFFS, suggested=IS_IMPORT),
    World("tariffs without total", WATTS | TARIFFS),
    World("one tariff in force, the other stands", WATTS | TARIFFS, hours=10, begins=8),
    World("little drawn by night", TARIFFS | LOAD_BY_DAY, begins=17.95),
    World("two copies", WATTS | FOO | {"copy": kwh_in}),
    World("sum of both", WATTS | FOO | E_OUT | {"both": both}, sun=4000, suggested=IS_IMPORT),
    World("counter of the day", WATTS | {"foo": lambda house: house.imported - 15119}, hours=10),
    World("rolling", WATTS | {"foo": lambda house: round((house.imported - 15119) % 7, 2)}),
    World("no PIN", ZERO | {"foo": lambda house: math.floor(house.imported)}),
    World("counter without any power", FOO),
    # Suggested: the power
    World("power in W", PV | {"foo": watts}, hours=20, sun=4000, suggested={"foo": POWER}),
    World("unknown kW", PV | {"foo": kw}, hours=20, sun=4000, suggested={"foo": KILOWATTS}),
    World("no export counter", E_IN | {"foo": watts}, hours=4, suggested={"foo": POWER}),
    World("phases", PV | {"foo": watts} | PHASE, hours=20, sun=4000, suggested={"foo": POWER}),
    World("two powers", E_IN | {"foo": watts, "bar": watts}),
    World("a voltage", E_IN | {"u": lambda house: 640 + 3 * math.sin(house.hours * 40)}),
    World("power is known", PV | WATTS | {"foo": watts}, sun=4000),
    World("only the power drawn", PV | {"foo": drawn}, sun=4000, begins=6),
    # Suggested: a power that is none
    World("copy", {"E_in": new, "Power": new}, hours=2, suggested={"Power": UNUSED}),
    World("copy in Wh", E_IN | {"Power": wh_in}, hours=2, suggested={"Power": UNUSED}),
    World("copy of nothing", {"Power": kwh_in}),
    World("copy, and a power", {"Power": kwh_in, "Leistung": watts}, hours=4, suggested=POWER_IN),
)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_what_is_applied_and_what_is_suggested(world: World) -> None:
    inference = watch(
        world.script, world.hours, sun=world.sun, begins=world.begins, every=world.every
    )
    assert inference.inferred == world.applied
    assert inference.suggestions == world.suggested
    assert not inference.absolute_power


@pytest.mark.parametrize(
    ("value_of", "is_absolute"),
    [
        (lambda house: abs(watts(house)), True),
        (lambda house: abs(kw(house)), True),
        (watts, False),
        (drawn, False),
        (lambda house: abs(amperes(house)), False),
    ],
    ids=["absolute", "absolute in kW", "signed", "drawn only", "a current"],
)
def test_a_power_without_sign(value_of: Callable[[House], float], is_absolute: bool) -> None:
    inference = watch(PV | {"Power": value_of}, 24, sun=4000)
    assert inference.absolute_power is is_absolute


# What readers do


def restarts(seconds: float, message: dict[str, float]) -> dict[str, float]:
    return dict.fromkeys(message, 0.0) if seconds in {0.0, 10.0, 1200.0, 4000.0} else message


def single_keys(seconds: float, message: dict[str, float]) -> dict[str, float]:
    return message if seconds % 840 == 0 else {"Power": message["Power"]}


def one_is_lost(seconds: float, message: dict[str, float]) -> dict[str, float]:
    return {"Power": message["Power"]} if 3600 < seconds < 10800 else message


def silences(seconds: float, message: dict[str, float]) -> dict[str, float]:
    return message if seconds % 3600 < 2400 else {}


@pytest.mark.parametrize("spoil", [restarts, single_keys, one_is_lost, silences])
def test_evidence_survives(spoil: Spoil) -> None:
    assert watch(WATTS | FOO, 8, spoil=spoil).suggestions == {"foo": IMPORT}
    assert watch(E_IN | IN_KW, 8, spoil=spoil).inferred == {"Power": KILOWATTS}


def test_a_counter_that_fell_once_is_never_suggested() -> None:
    def fall(seconds: float, message: dict[str, float]) -> dict[str, float]:
        return message | {"foo": message["foo"] - 0.9} if seconds == 600 else message

    assert watch(WATTS | FOO, 30, spoil=fall).suggestions == {}


@pytest.mark.parametrize(("hours", "every"), [(0.49, 10.0), (30.0, 1800.0)])
def test_too_few_messages_show_nothing(hours: float, every: float) -> None:
    assert watch(WATTS | FOO, hours, every=every).suggestions == {}
    assert watch(E_IN | IN_KW, hours, every=every).inferred == {}


def test_the_clock_goes_back() -> None:
    inference = KeyInference(NAMES.get)
    for number, house in enumerate(life(4, sun=0, begins=18, step=10)):
        message = {"Power": watts(house), "foo": kwh_in(house), "state": 17.0}
        if number == 500:
            # The others are received only later.
            message = {"state": 17.0}
        now = START + timedelta(seconds=10 * number, hours=-1 if number >= 500 else 0)
        inference.observe(now, message)
    assert inference.suggestions == {"foo": IMPORT}


@pytest.mark.parametrize(("known", "most"), [(None, 1), (IMPORT, 2)])
def test_keys_are_bounded(known: KeyMapping | None, most: int) -> None:
    inference = KeyInference(lambda _: known)
    for number in range(1000):
        inference.observe(START + timedelta(seconds=10 * number), {f"key{number}": 1.0})
    assert len(inference._keys) == most * MAX_UNKNOWN_KEYS


# When watching ends


@pytest.mark.parametrize(
    ("script", "hours", "sun", "settled"),
    [
        (WATTS, 0, 0, False),
        (E_IN | WATTS | {"Volt": lambda _: 230.1}, 3, 0, True),
        ({"Power": lambda _: 0.0, "E_in": lambda house: math.floor(house.imported)}, 60, 0, False),
        (E_IN | WATTS | {"foo": lambda _: 17.25}, 47, 0, False),
        (E_IN | WATTS | {"foo": lambda _: 17.25}, 49, 0, True),
        (PV | WATTS, 49, 0, False),
        (PV | WATTS, 24, 4000, True),
        (WATTS, 49, 0, True),
    ],
    ids=[
        *("nothing seen", "names are right", "unit unknown", "unknown key", "for two days"),
        *("nothing fed in yet", "sign known", "no counter"),
    ],
)
def test_when_nothing_is_left_to_learn(
    script: Script, hours: float, sun: float, settled: bool
) -> None:
    assert watch(script, hours, sun=sun, every=60).settled is settled


# Whatever comes

NUMBERS: Final = st.one_of(st.floats(-1e12, 1e12), st.floats(-10, 20000), st.just(0.0))
MESSAGES: Final = st.dictionaries(
    st.sampled_from(["foo", "bar", "Power", "E_in", "E_out", "Total", "current"]), NUMBERS
)


@given(st.lists(st.tuples(st.floats(-1000, 2000), MESSAGES), max_size=60))
def test_nothing_raises(stream: list[tuple[float, dict[str, float]]]) -> None:
    inference, now = KeyInference(NAMES.get), START
    for seconds, message in stream:
        now += timedelta(seconds=seconds)
        inference.observe(now, message)
        assert inference.suggestions.keys() <= {"foo", "bar", "Power", "Total"}


@given(
    st.lists(st.floats(0, 5), min_size=60, max_size=60),
    st.lists(st.floats(-5000, 9000), min_size=60, max_size=60),
    st.floats(1, 90000),
)
def test_what_falls_or_stands_is_no_counter(
    falls: list[float], powers: list[float], begin: float
) -> None:
    inference, falling = KeyInference(NAMES.get), begin
    for number, (fall, power) in enumerate(zip(falls, powers, strict=True)):
        falling -= fall
        numbers = {"falling": falling, "Total": begin - number, "constant": begin}
        inference.observe(START + timedelta(minutes=2 * number), {"Power": power, **numbers})
    quantities = {mapping.quantity for mapping in inference.suggestions.values()}
    assert not quantities & {Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT}
