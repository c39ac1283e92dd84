"""What a meter's numbers show of its keys and is applied: the unit of a power and its sign."""

from collections.abc import Callable
from datetime import timedelta
import math
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.sml.inference import KeyInference
from custom_components.py_hab.sml.key_record import MAX_UNKNOWN_KEYS
from custom_components.py_hab.sml.registers import KeyMapping, Quantity
from tests.support.key_houses import (
    E_IN,
    FOO,
    IMPORT,
    IN_KW,
    KILOWATTS,
    NAMES,
    POWER,
    PV,
    START,
    WATTS,
    House,
    Script,
    Spoil,
    World,
    amperes,
    drawn,
    kw,
    watch,
    watts,
)

DRAWN: Final = {"Pi": KeyMapping(Quantity.POWER_IMPORT)}
DRAWN_IN_KW: Final = {"1.7.0": KeyMapping(Quantity.POWER_IMPORT, 1000.0)}
WORLDS: Final = (
    World("nothing to learn", PV | WATTS, sun=4000),
    World("power in kW", E_IN | IN_KW, hours=2, applied={"Power": KILOWATTS}),
    World("power in no unit", E_IN | {"Power": amperes}),
    World("power drawn in W, not kW", E_IN | {"Pi": watts}, hours=4, applied=DRAWN),
    World("doubtful power in W", E_IN | {"current": watts}, hours=4, applied={"current": POWER}),
    World("doubtful power in amperes", E_IN | {"current": amperes}),
    World("doubtful power in kW", E_IN | {"1.7.0": kw}, hours=4, applied=DRAWN_IN_KW),
)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_what_is_applied(world: World) -> None:
    world.assert_seen()


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


@pytest.mark.parametrize(("hours", "every"), [(0.49, 10.0), (30.0, 1800.0)])
def test_too_few_messages_show_nothing(hours: float, every: float) -> None:
    assert watch(WATTS | FOO, hours, every=every).suggestions == {}
    assert watch(E_IN | IN_KW, hours, every=every).inferred == {}


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
