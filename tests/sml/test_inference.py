"""What a meter's numbers show of its keys: applied where no meaning changes, else suggested."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import UTC, datetime, timedelta
import math
from random import Random
from typing import Final

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.py_hab.sml.inference import MAX_UNKNOWN_KEYS, KeyInference
from custom_components.py_hab.sml.registers import KeyMapping, Quantity

IMPORT: Final = KeyMapping(Quantity.ENERGY_IMPORT)
EXPORT: Final = KeyMapping(Quantity.ENERGY_EXPORT)
POWER: Final = KeyMapping(Quantity.POWER)
KILOWATTS: Final = KeyMapping(Quantity.POWER, 1000.0)
WH_IN: Final = KeyMapping(Quantity.ENERGY_IMPORT, 0.001)
WH_OUT: Final = KeyMapping(Quantity.ENERGY_EXPORT, 0.001)
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
        if 6 <= clock < 22:
            house.day += drawn
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


def hours_of_operation(house: House) -> float:
    return round(500 + house.hours / 2, 3)


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
            message := spoil(seconds, {key: float(tell(house)) for key, tell in script.items()})
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


DRAWN: Final = KeyMapping(Quantity.POWER_IMPORT)
WORLDS: Final = (
    World("nothing to learn", PV | WATTS, sun=4000),
    # Applied: the unit of a known power
    World("power in kW", E_IN | IN_KW, hours=2, applied={"Power": KILOWATTS}),
    World("power in no unit", E_IN | {"Power": amperes}),
    World("power drawn in W, not kW", E_IN | {"Pi": watts}, hours=4, applied={"Pi": DRAWN}),
    World("doubtful power in W", E_IN | {"current": watts}, hours=4, applied={"current": POWER}),
    World("doubtful power in amperes", E_IN | {"current": amperes}),
    World(
        "doubtful power in kW",
        E_IN | {"1.7.0": kw},
        hours=4,
        applied={"1.7.0": replace(DRAWN, factor=1000.0)},
    ),
    # Suggested: counters
    World("import in kWh", WATTS | FOO, hours=4, suggested={"foo": IMPORT}),
    World("import in Wh", WATTS | {"foo": wh_in}, hours=4, suggested={"foo": WH_IN}),
    World("import for kW", IN_KW | FOO, hours=4, suggested={"foo": IMPORT}),
    World("import for kW drawn", {"Pi": kw} | FOO, hours=4, suggested={"foo": IMPORT}),
    World(
        "an even load for two days",
        {
            "Power": lambda house: watts(house) + 1500,
            "foo": lambda house: kwh_in(house) + 1.5 * house.hours,
        },
        hours=47,
        suggested={"foo": IMPORT},
    ),
    World("rare messages", WATTS | FOO, hours=26, every=300, suggested={"foo": IMPORT}),
    World("export", WATTS | E_IN | BAR, hours=20, begins=6, sun=4000, suggested={"bar": EXPORT}),
    World("both", WATTS | FOO | BAR, sun=4000, suggested={"foo": IMPORT, "bar": EXPORT}),
    World(
        "doubtful counters in Wh",
        WATTS | {"Total": wh_in, "Pout": wh_out},
        sun=4000,
        suggested={"Total": WH_IN, "Pout": WH_OUT},
    ),
    World(
        "doubtful counters in winter",
        WATTS | {"Total": kwh_in, "Pout": kwh_out},
        suggested={"Total": IMPORT},
    ),
    World("doubtful counter of something else", WATTS | {"Total": hours_of_operation}),
    World("hours of operation", WATTS | {"foo": hours_of_operation}),
    World("reactive energy", WATTS | {"foo": lambda house: house.imported * 0.3}),
    World("import is known", WATTS | E_IN | FOO),
    World("tariffs and total", WATTS | FOO | TARIFFS, suggested={"foo": IMPORT}),
    World("tariffs without total", WATTS | TARIFFS),
    World("one tariff in force, the other stands", WATTS | TARIFFS, hours=10, begins=8),
    World("two copies", WATTS | FOO | {"copy": kwh_in}),
    World(
        "sum of both directions",
        WATTS | FOO | E_OUT | {"both": lambda house: house.imported + house.exported},
        sun=4000,
        suggested={"foo": IMPORT},
    ),
    World("counter of the day", WATTS | {"foo": lambda house: house.imported - 15119}, hours=10),
    World("rolling window", WATTS | {"foo": lambda house: (house.imported - 15119) % 3}),
    World("no PIN", {"Power": lambda _: 0.0, "foo": lambda house: math.floor(house.imported)}),
    World("counter without any power", FOO),
    # Suggested: the power
    World("power in W", PV | {"foo": watts}, hours=20, sun=4000, suggested={"foo": POWER}),
    World("unknown kW", PV | {"foo": kw}, hours=20, sun=4000, suggested={"foo": KILOWATTS}),
    World("no export counter", E_IN | {"foo": watts}, hours=4, suggested={"foo": POWER}),
    World(
        "power among phases, voltage and current",
        PV
        | {
            "sum": watts,
            "a": lambda house: round(house.power * 0.6),
            "b": lambda house: round(house.power * 0.4),
            "u": lambda house: 230 + 3 * math.sin(house.hours * 40),
            "i": lambda house: abs(amperes(house)),
        },
        hours=20,
        sun=4000,
        suggested={"sum": POWER},
    ),
    World("a voltage", E_IN | {"u": lambda house: 640 + 3 * math.sin(house.hours * 40)}),
    World("power is known", PV | WATTS | {"foo": watts}, sun=4000),
    World("only the power drawn", PV | {"foo": drawn}, sun=4000, begins=6),
    # Suggested: a power that is none
    World("copy in kWh", E_IN | {"Power": kwh_in}, hours=2, suggested={"Power": UNUSED}),
    World("copy in Wh", E_IN | {"Power": wh_in}, hours=2, suggested={"Power": UNUSED}),
    World("copy of nothing", {"Power": kwh_in}),
    World(
        "copy of nothing beside a power",
        {"Power": kwh_in, "Leistung": watts},
        hours=4,
        suggested={"Power": IMPORT},
    ),
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
    ("tell", "is_absolute"),
    [
        (lambda house: abs(watts(house)), True),
        (lambda house: abs(kw(house)), True),
        (watts, False),
        (drawn, False),
        (lambda house: abs(amperes(house)), False),
    ],
    ids=["absolute", "absolute in kW", "signed", "drawn only", "a current"],
)
def test_a_power_without_sign(tell: Callable[[House], float], is_absolute: bool) -> None:
    inference = watch(PV | {"Power": tell}, 24, sun=4000)
    assert inference.absolute_power is is_absolute


# What readers do


def restarts(seconds: float, message: dict[str, float]) -> dict[str, float]:
    return dict.fromkeys(message, 0.0) if seconds in {0.0, 10.0, 1200.0, 4000.0} else message


def single_keys(seconds: float, message: dict[str, float]) -> dict[str, float]:
    return message if seconds % 300 == 0 else {"Power": message["Power"]}


def nulls(seconds: float, message: dict[str, float]) -> dict[str, float]:
    return dict.fromkeys(message, math.nan) if seconds % 700 == 0 else message


def one_is_lost(seconds: float, message: dict[str, float]) -> dict[str, float]:
    return {"Power": message["Power"]} if 3600 < seconds < 4800 else message


def silences(seconds: float, message: dict[str, float]) -> dict[str, float]:
    return message if seconds % 3600 < 2400 else {}


@pytest.mark.parametrize("spoil", [restarts, single_keys, nulls, one_is_lost, silences])
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


def test_an_even_load_shows_nothing() -> None:
    inference = KeyInference(NAMES.get)
    for number in range(4000):
        numbers = {"Power": 360.0 + number % 2, "foo": 5000.1 + number / 1000}
        inference.observe(START + timedelta(seconds=10 * number), numbers)
    assert inference.suggestions == {}


def test_the_clock_goes_back() -> None:
    inference = watch(WATTS | FOO, 4, inference=watch(WATTS, 1))
    assert inference.suggestions == {"foo": IMPORT}


def test_keys_are_bounded() -> None:
    inference = KeyInference(NAMES.get)
    for number in range(1000):
        inference.observe(START + timedelta(seconds=10 * number), {f"key{number}": 1.0})
    assert len(inference._keys) == MAX_UNKNOWN_KEYS


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

NUMBERS: Final = st.one_of(st.floats(), st.floats(-10, 20000), st.just(0.0))
MESSAGES: Final = st.dictionaries(
    st.sampled_from(["foo", "bar", "Power", "E_in", "E_out", "Total", "current"]), NUMBERS
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1000, 2000), MESSAGES), max_size=60))
def test_nothing_raises(stream: list[tuple[float, dict[str, float]]]) -> None:
    inference, now = KeyInference(NAMES.get), START
    for seconds, message in stream:
        now += timedelta(seconds=seconds)
        inference.observe(now, message)
        assert inference.suggestions.keys() <= {"foo", "bar", "Power", "Total"}


@settings(deadline=None, max_examples=30)
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
