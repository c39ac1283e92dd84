"""What a meter's numbers tell about keys whose names leave it open."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
import math
from random import Random

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.py_hab.sml.evidence import MAX_KEYS
from custom_components.py_hab.sml.inference import InferredKey, KeyInference
from custom_components.py_hab.sml.registers import KeyMapping, Quantity

IMPORT = KeyMapping(Quantity.ENERGY_IMPORT)
EXPORT = KeyMapping(Quantity.ENERGY_EXPORT)
POWER = KeyMapping(Quantity.POWER)
NAMES = {
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
HOUR = 3600


@dataclass
class House:
    """What the meter has at a moment; power in W, counters in kWh."""

    power: float
    imported: float
    exported: float
    hours: float
    tariffs: tuple[float, float]


def life(
    hours: float, *, sun: float = 0.0, begins: float = 18.0, step: float = 5.0
) -> Iterator[House]:
    """Yield a house's meter every few seconds: base load, appliances, and the sun by day."""
    random = Random(7)
    house = House(0.0, 15119.0351, 812.3452, 0.0, (9000.1231, 6118.9121))
    appliance, until = 0.0, 0.0
    while house.hours < hours:
        if house.hours >= until:
            appliance = random.choice((0.0, 0.0, 60.0, 400.0, 1200.0, 2200.0))
            until = house.hours + random.uniform(0.05, 0.4)
        clock = (begins + house.hours) % 24
        fridge = 90.0 if house.hours % 0.7 < 0.25 else 0.0
        shine = sun * max(0.0, math.sin((clock - 6) * math.pi / 12))
        house.power = 120.0 + fridge + appliance - shine
        energy = house.power * step / HOUR / 1000
        drawn = max(energy, 0.0)
        house.imported += drawn
        house.exported += max(-energy, 0.0)
        day, night = house.tariffs
        house.tariffs = (day + drawn, night) if 6 <= clock < 22 else (day, night + drawn)
        house.hours += step / HOUR
        yield house


type Script = dict[str, Callable[[House], float]]

E_IN: Script = {"E_in": lambda house: round(house.imported, 3)}
E_OUT: Script = {"E_out": lambda house: round(house.exported, 3)}
PV: Script = E_IN | E_OUT
WATTS: Script = {"Power": lambda house: round(house.power)}
TOTAL: Script = {"foo": lambda house: round(house.imported, 3)}
FED_IN: Script = {"bar": lambda house: round(house.exported, 3)}


def watch(
    script: Script,
    hours: float,
    *,
    sun: float = 0.0,
    begins: float = 18.0,
    every: float = 10.0,
    behaviour: KeyInference | None = None,
    spoil: Callable[[float, dict[str, float]], dict[str, float]] | None = None,
) -> KeyInference:
    """Let a script publish a house, and return what was made of it."""
    behaviour = behaviour or KeyInference(NAMES.get)
    step = min(every, 10.0)
    for number, house in enumerate(life(hours, sun=sun, begins=begins, step=step)):
        now = number * step
        if now % every:
            continue
        message = {key: float(tell(house)) for key, tell in script.items()}
        if spoil:
            message = spoil(now, message)
        behaviour.observe(now, message)
    return behaviour


@dataclass
class World:
    script: Script
    hours: float
    found: Mapping[str, InferredKey]
    sun: float = 0.0
    begins: float = 18.0
    every: float = 10.0


WORLDS = {
    "nothing to tell": World(PV | WATTS, 30, {}, sun=4000),
    "import in kWh": World(WATTS | TOTAL, 4, {"foo": InferredKey(Quantity.ENERGY_IMPORT)}),
    "import in Wh": World(
        WATTS | {"foo": lambda house: round(house.imported * 1000)},
        4,
        {"foo": InferredKey(Quantity.ENERGY_IMPORT, 0.001)},
    ),
    "import, a message every five minutes": World(
        WATTS | TOTAL, 26, {"foo": InferredKey(Quantity.ENERGY_IMPORT)}, every=300
    ),
    "both counters": World(
        WATTS | TOTAL | FED_IN,
        30,
        {"foo": InferredKey(Quantity.ENERGY_IMPORT), "bar": InferredKey(Quantity.ENERGY_EXPORT)},
        sun=4000,
    ),
    "export beside a known import": World(
        WATTS | E_IN | FED_IN, 20, {"bar": InferredKey(Quantity.ENERGY_EXPORT)}, sun=4000, begins=6
    ),
    "counter for kW": World(
        {"Power": lambda house: round(house.power / 1000, 3)} | TOTAL,
        4,
        {"foo": InferredKey(Quantity.ENERGY_IMPORT), "Power": InferredKey(Quantity.POWER, 1000)},
    ),
    "counter beside power drawn in kW": World(
        {"Pi": lambda house: max(round(house.power / 1000, 3), 0)} | TOTAL,
        4,
        {"foo": InferredKey(Quantity.ENERGY_IMPORT)},
    ),
    "role is taken": World(WATTS | E_IN | TOTAL, 30, {}),
    "tariffs and total": World(
        WATTS
        | TOTAL
        | {
            "day": lambda house: round(house.tariffs[0], 3),
            "night": lambda house: round(house.tariffs[1], 3),
        },
        30,
        {"foo": InferredKey(Quantity.ENERGY_IMPORT)},
    ),
    "tariffs without total": World(
        WATTS
        | {
            "day": lambda house: round(house.tariffs[0], 3),
            "night": lambda house: round(house.tariffs[1], 3),
        },
        30,
        {},
    ),
    "one tariff in force, the other stands": World(
        WATTS
        | {
            "day": lambda house: round(house.tariffs[0], 3),
            "night": lambda house: round(house.tariffs[1], 3),
        },
        10,
        {},
        begins=8,
    ),
    "two copies": World(WATTS | TOTAL | {"copy": TOTAL["foo"]}, 30, {}),
    "sum of both directions": World(
        WATTS | TOTAL | E_OUT | {"both": lambda house: round(house.imported + house.exported, 3)},
        30,
        {"foo": InferredKey(Quantity.ENERGY_IMPORT)},
        sun=4000,
    ),
    "counter of the day": World(
        WATTS | {"today": lambda house: round(house.imported - 15119.0, 3)}, 10, {}
    ),
    "rolling window": World(
        WATTS | {"window": lambda house: round((house.imported - 15119.0) % 3, 3)}, 30, {}
    ),
    "whole kWh without PIN": World(
        {"Power": lambda _: 0.0, "foo": lambda house: math.floor(house.imported)}, 30, {}
    ),
    "other energy": World(WATTS | {"kvarh": lambda house: house.imported * 0.3}, 30, {}),
    "hours of operation": World(WATTS | {"hours": lambda house: 500.1 + house.hours / 2}, 30, {}),
    "counter without any power": World(TOTAL, 30, {}),
    "power in W": World(
        PV | {"foo": WATTS["Power"]}, 20, {"foo": InferredKey(Quantity.POWER)}, sun=4000
    ),
    "power in kW": World(
        PV | {"foo": lambda house: round(house.power / 1000, 3)},
        20,
        {"foo": InferredKey(Quantity.POWER, 1000)},
        sun=4000,
    ),
    "power without an export counter": World(
        E_IN | {"foo": WATTS["Power"]}, 4, {"foo": InferredKey(Quantity.POWER)}
    ),
    "power among phases, voltage and current": World(
        PV
        | {
            "sum": WATTS["Power"],
            "a": lambda house: round(house.power * 0.6),
            "b": lambda house: round(house.power * 0.4),
            "u": lambda house: 230 + 3 * math.sin(house.hours * 40),
            "i": lambda house: round(abs(house.power) / 230, 2),
        },
        20,
        {"sum": InferredKey(Quantity.POWER)},
        sun=4000,
    ),
    "voltage like the mean power": World(
        E_IN | {"u": lambda house: 640 + 3 * math.sin(house.hours * 40)}, 30, {}
    ),
    "power by another name is there": World(PV | WATTS | {"foo": WATTS["Power"]}, 30, {}, sun=4000),
    "only the power drawn": World(
        PV | {"foo": lambda house: max(round(house.power), 0)}, 30, {}, sun=4000, begins=6
    ),
    "named power is in kW": World(
        E_IN | {"Power": lambda house: round(house.power / 1000, 3)},
        2,
        {"Power": InferredKey(Quantity.POWER, 1000)},
    ),
    "named power is in no unit we know": World(
        E_IN | {"Power": lambda house: round(house.power / 230, 2)}, 30, {}
    ),
    "power drawn is in W, not in kW": World(
        E_IN | {"Pi": WATTS["Power"]}, 4, {"Pi": InferredKey(Quantity.POWER_IMPORT, 1)}
    ),
    "doubtful power drawn is in kW indeed": World(
        E_IN | {"1.7.0": lambda house: round(house.power / 1000, 3)},
        4,
        {"1.7.0": InferredKey(Quantity.POWER_IMPORT, 1000)},
    ),
    "doubtful power in W": World(
        E_IN | {"current": WATTS["Power"]}, 4, {"current": InferredKey(Quantity.POWER)}
    ),
    "doubtful power is a current": World(
        E_IN | {"current": lambda house: round(house.power / 230, 2)}, 30, {}
    ),
    "doubtful counters in Wh": World(
        WATTS
        | {
            "Total": lambda house: round(house.imported * 1000),
            "Pout": lambda house: round(house.exported * 1000),
        },
        30,
        {
            "Total": InferredKey(Quantity.ENERGY_IMPORT, 0.001),
            "Pout": InferredKey(Quantity.ENERGY_EXPORT, 0.001),
        },
        sun=4000,
    ),
    "doubtful counter is no energy": World(
        WATTS | {"Total": lambda house: round(100 + house.hours / 7, 3)}, 30, {}
    ),
    "power that is the counter": World(
        E_IN | {"Power": E_IN["E_in"]}, 2, {"Power": InferredKey(Quantity.NO_MEASUREMENT)}
    ),
    "power that is the counter in Wh": World(
        E_IN | {"Power": lambda house: round(house.imported * 1000)},
        2,
        {"Power": InferredKey(Quantity.NO_MEASUREMENT)},
    ),
    "power that is the only counter": World({"Power": E_IN["E_in"]}, 30, {}),
    "power that is the counter, and a power": World(
        {"Power": E_IN["E_in"], "Leistung": WATTS["Power"]},
        4,
        {"Power": InferredKey(Quantity.ENERGY_IMPORT)},
    ),
}


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_findings(world: World) -> None:
    behaviour = watch(
        world.script, world.hours, sun=world.sun, begins=world.begins, every=world.every
    )
    assert behaviour.inferred == world.found
    assert not behaviour.absolute_power


@pytest.mark.parametrize(
    ("tell", "absolute"),
    [
        (lambda house: abs(round(house.power)), True),
        (lambda house: abs(round(house.power / 1000, 3)), True),
        (lambda house: round(house.power), False),
        (lambda house: max(round(house.power), 0), False),
        (lambda house: abs(round(house.power / 230, 2)), False),
    ],
    ids=["absolute", "absolute in kW", "signed", "drawn only", "a current"],
)
def test_a_power_without_sign(tell: Callable[[House], float], absolute: bool) -> None:
    behaviour = watch(PV | {"Power": tell}, 24, sun=4000)
    assert behaviour.absolute_power is absolute


# Evidence must survive what readers do.


def restart(now: float, message: dict[str, float]) -> dict[str, float]:
    return dict.fromkeys(message, 0.0) if now in (1200.0, 4000.0) else message


def single_keys(now: float, message: dict[str, float]) -> dict[str, float]:
    return message if now % 300 == 0 else {"Power": message["Power"]}


def null(now: float, message: dict[str, float]) -> dict[str, float]:
    return dict.fromkeys(message, math.nan) if now % 700 == 0 else message


def one_is_lost(now: float, message: dict[str, float]) -> dict[str, float]:
    if 3600 < now < 3600 + 1200:
        del message["foo"]
    return message


@pytest.mark.parametrize("spoil", [restart, single_keys, null, one_is_lost])
def test_evidence_survives(
    spoil: Callable[[float, dict[str, float]], dict[str, float]],
) -> None:
    behaviour = watch(WATTS | TOTAL, 8, spoil=spoil)
    assert behaviour.inferred == {"foo": InferredKey(Quantity.ENERGY_IMPORT)}


def test_zeros_before_the_first_reading_are_no_rise() -> None:
    def boot(now: float, message: dict[str, float]) -> dict[str, float]:
        return dict.fromkeys(message, 0.0) if now < 60 else message

    behaviour = watch(WATTS | TOTAL, 4, spoil=boot)
    assert behaviour.inferred == {"foo": InferredKey(Quantity.ENERGY_IMPORT)}


def test_what_was_during_a_gap_does_not_count() -> None:
    behaviour = KeyInference(NAMES.get)
    for number, house in enumerate(life(6, step=10)):
        # Of each hour 40 minutes are heard.
        if number * 10 % HOUR < 2400:
            behaviour.observe(
                number * 10.0,
                {"Power": round(house.power), "foo": round(house.imported, 3)},
            )
    assert behaviour.inferred == {"foo": InferredKey(Quantity.ENERGY_IMPORT)}


def test_messages_that_are_too_rare_tell_nothing() -> None:
    assert watch(WATTS | TOTAL, 30, every=1800).inferred == {}


def test_a_counter_that_fell_once_is_never_adopted() -> None:
    def fall(now: float, message: dict[str, float]) -> dict[str, float]:
        return message | {"foo": message["foo"] - 0.9} if now == 600 else message

    assert watch(WATTS | TOTAL, 30, spoil=fall).inferred == {}


def test_half_an_hour_is_the_least() -> None:
    assert watch(WATTS | TOTAL, 0.49).inferred == {}


def test_an_even_load_tells_nothing() -> None:
    behaviour = KeyInference(NAMES.get)
    for number in range(4000):
        behaviour.observe(
            number * 10.0, {"Power": 360.0 + number % 2, "foo": 5000.1 + number / 1000}
        )
    assert behaviour.inferred == {}


def test_the_clock_goes_back() -> None:
    behaviour = watch(WATTS | TOTAL, 4, behaviour=watch(WATTS, 1))
    assert behaviour.inferred == {"foo": InferredKey(Quantity.ENERGY_IMPORT)}


def test_keys_are_bounded() -> None:
    behaviour = KeyInference(NAMES.get)
    for number in range(1000):
        behaviour.observe(number * 10.0, {f"key{number}": 1.0})
    assert len(behaviour._tracks) == MAX_KEYS


# When watching may end.


def test_settled_when_the_names_were_right() -> None:
    assert not KeyInference(NAMES.get).settled
    assert watch(E_IN | WATTS | {"Volt": lambda _: 230.1}, 3).settled


def test_not_settled_before_the_unit_is_known() -> None:
    locked: Script = {"Power": lambda _: 0.0, "E_in": lambda house: math.floor(house.imported)}
    assert not watch(locked, 60, every=60).settled


def test_settled_with_an_unknown_key_after_two_days() -> None:
    script = E_IN | WATTS | {"foo": lambda _: 17.25}
    assert not watch(script, 47, every=60).settled
    assert watch(script, 49, every=60).settled


def test_not_settled_while_nothing_was_fed_in() -> None:
    assert not watch(PV | WATTS, 49, every=60).settled
    assert watch(PV | WATTS, 24, sun=4000, every=60).settled


def test_settled_without_anything_to_learn_from() -> None:
    assert watch({"Power": WATTS["Power"]}, 49, every=60).settled


# Whatever comes.


NUMBERS = st.one_of(st.floats(), st.floats(-10, 20000), st.just(0.0))
MESSAGES = st.dictionaries(
    st.sampled_from(["foo", "bar", "Power", "E_in", "Total", "current"]), NUMBERS
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.one_of(st.floats(), st.floats(0, 700)), MESSAGES), max_size=60))
def test_nothing_raises(stream: list[tuple[float, dict[str, float]]]) -> None:
    behaviour = KeyInference(NAMES.get)
    now = 0.0
    for step, message in stream:
        now = now + step if abs(step) <= 700 else step
        behaviour.observe(now, message)
        assert behaviour.settled in (True, False)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.floats(0, 5), min_size=60, max_size=60),
    st.lists(st.floats(-5000, 9000), min_size=60, max_size=60),
    st.floats(1, 90000),
)
def test_what_falls_or_stands_is_no_counter(
    falls: list[float], powers: list[float], begin: float
) -> None:
    behaviour = KeyInference(NAMES.get)
    falling = begin
    for number, (fall, power) in enumerate(zip(falls, powers, strict=True)):
        falling -= fall
        behaviour.observe(
            number * 120.0,
            {"Power": power, "falling": falling, "Total": begin - number, "constant": begin},
        )
    quantities = {finding.quantity for finding in behaviour.inferred.values()}
    assert not quantities & {Quantity.ENERGY_IMPORT, Quantity.ENERGY_EXPORT}
