"""What a meter's numbers suggest that its keys mean."""

from datetime import timedelta
import math
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.sml.inference import KeyInference
from custom_components.py_hab.sml.registers import KeyMapping, Quantity
from tests.support.key_houses import (
    BALCONY,
    BAR,
    CONSTANTS,
    E_IN,
    E_OUT,
    EVEN,
    EXPORT,
    FOO,
    IMPORT,
    IN_KW,
    KILOWATTS,
    LOAD_BY_DAY,
    NAMES,
    PHASE,
    POWER,
    PV,
    START,
    TARIFFS,
    UNUSED,
    WATTS,
    ZERO,
    World,
    both,
    drawn,
    kw,
    kwh_in,
    kwh_out,
    life,
    new,
    watch,
    watts,
    wh_in,
    wh_out,
)

IS_IMPORT: Final = {"foo": IMPORT}
IN_WH: Final = {
    "Total": KeyMapping(Quantity.ENERGY_IMPORT, 0.001),
    "Pout": KeyMapping(Quantity.ENERGY_EXPORT, 0.001),
}
POWER_IN: Final = {"Power": IMPORT}
WORLDS: Final = (
    # Counters
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
    # The power
    World("power in W", PV | {"foo": watts}, hours=20, sun=4000, suggested={"foo": POWER}),
    World("unknown kW", PV | {"foo": kw}, hours=20, sun=4000, suggested={"foo": KILOWATTS}),
    World("no export counter", E_IN | {"foo": watts}, hours=4, suggested={"foo": POWER}),
    World("phases", PV | {"foo": watts} | PHASE, hours=20, sun=4000, suggested={"foo": POWER}),
    World("two powers", E_IN | {"foo": watts, "bar": watts}),
    World("a voltage", E_IN | {"u": lambda house: 640 + 3 * math.sin(house.hours * 40)}),
    World("power is known", PV | WATTS | {"foo": watts}, sun=4000),
    World("only the power drawn", PV | {"foo": drawn}, sun=4000, begins=6),
    # A power that is none
    World("copy", {"E_in": new, "Power": new}, hours=2, suggested={"Power": UNUSED}),
    World("copy in Wh", E_IN | {"Power": wh_in}, hours=2, suggested={"Power": UNUSED}),
    World("copy of nothing", {"Power": kwh_in}),
    World("copy, and a power", {"Power": kwh_in, "Leistung": watts}, hours=4, suggested=POWER_IN),
)


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.name)
def test_what_is_suggested(world: World) -> None:
    world.assert_seen()


def test_a_counter_that_fell_once_is_never_suggested() -> None:
    def fall(seconds: float, message: dict[str, float]) -> dict[str, float]:
        return message | {"foo": message["foo"] - 0.9} if seconds == 600 else message

    assert watch(WATTS | FOO, 30, spoil=fall).suggestions == {}


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
