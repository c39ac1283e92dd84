"""The keys of a meter: their units, doubtful ones, suggestions and what is stored about them."""

import math
from typing import Any

import pytest

from custom_components.py_hab.const import (
    DOMAIN,
)
from custom_components.py_hab.meter.key_resolver import MAX_UNKNOWN, OTHER_UNIT_AFTER, LearnedKeys
from custom_components.py_hab.meter.meter import Meter, MeterUpdate
from custom_components.py_hab.sml.registers import KeyMapping, Quantity
from homeassistant.core import HomeAssistant
from tests.support.mocked_reader import (
    MINUTE,
    MockedReader,
)
from tests.support.one_meter import (
    EXPORT,
    IMPORT,
    POWER,
    Clock,
    OneMeter,
    counted,
)
from tests.support.passing_time import Time
from tests.support.watching import (
    meter_values,
)


@pytest.mark.parametrize(
    ("fields", "quantity", "value"),
    [
        ({"import": 123456}, IMPORT, 123.456),
        ({"kw_l1+l2+l3": 1.5}, POWER, 1500.0),
        ({"frequency": 50}, Quantity.FREQUENCY, 50.0),
        ({"phase_angle_p1": -7}, Quantity.PHASE_ANGLE_L1, -7.0),
        ({"Power": 0}, POWER, 0.0),
    ],
)
def test_values_are_in_the_unit_of_their_quantity(
    fake_clock: Clock, fields: dict[str, float], quantity: Quantity, value: float
) -> None:
    one = OneMeter(fake_clock)
    one.receive_fields(0, fields)
    assert one.meter.values == {quantity: value}


def test_unknown_keys_are_kept_with_their_newest_value_and_do_no_harm(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    nested: Any = []
    for _ in range(50_000):
        nested = [nested]
    one.receive(0, Power=1, foo=1, bar="x" * 999, baz=nested, qux=None, quux=True)
    one.receive(1, foo=2.5)
    assert one.meter.resolver.unknown == {
        "foo": "2.5",
        "bar": "x" * 80,
        "baz": "",
        "qux": "",
        "quux": "True",
    }
    while nested:
        nested = nested[0]


def test_unknown_keys_are_bounded(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    for start in range(0, 10_000, 100):
        one.receive_fields(1, {f"foo{number}bar": number for number in range(start, start + 100)})
    assert len(one.meter.resolver.unknown) == MAX_UNKNOWN
    one.receive(1, foo7bar=99)
    assert one.meter.resolver.unknown["foo7bar"] == "99"


def test_what_is_known_to_be_no_measurement_is_not_unknown(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    assert one.receive(0, Time="12:00", year=2026) == MeterUpdate()
    assert one.meter.resolver.unknown == {}


def test_a_power_that_copies_a_counter_is_none(fake_clock: Clock) -> None:
    one = counted(fake_clock)
    one.receive(1, E_in=100.1, Power=100.1)
    assert one.meter.values == {IMPORT: 100.1}
    one.receive(1, E_in=100.2, Power=100.2, Leistung=7)
    assert one.meter.values[POWER] == 7.0


def test_a_power_of_zero_copies_no_counter(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive(1, E_in=100.1, E_out=0.0, Power=0)
    assert one.meter.values[POWER] == 0.0


def test_a_doubtful_counter_waits_for_the_user(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    assert one.receive(0, Zaehlerstand=100.0) == MeterUpdate()
    assert one.counter(IMPORT) is None
    assert one.meter.resolver.unknown == {"Zaehlerstand": "100.0"}


def test_a_doubtful_counter_that_was_adopted_earlier_is_read(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.meter.restore(LearnedKeys(inferred={"Zaehlerstand": KeyMapping(IMPORT, 0.001)}))
    assert one.meter.resolver.mappings.mapping_of("Zaehlerstand") == KeyMapping(IMPORT, 0.001)
    assert one.receive(0, Zaehlerstand=123456).changed
    assert one.meter.values == {IMPORT: 123.456}


@pytest.mark.parametrize(
    ("key", "quantity", "published", "value"),
    [
        ("Power_in", POWER, 0.412, 412.0),
        ("Power_in", POWER, 412, 412_000.0),
        ("Power_in", POWER, -0.5, -500.0),
        ("1.7.0", Quantity.POWER_IMPORT, 3.21, 3210.0),
        ("current", POWER, 377, 377.0),
    ],
)
def test_a_doubtful_power_is_shown_as_its_name_says(
    fake_clock: Clock, key: str, quantity: Quantity, published: float, value: float
) -> None:
    one = OneMeter(fake_clock, max_power=500.0)
    one.receive_fields(0, {key: published})
    assert one.meter.values == {quantity: value}


@pytest.mark.parametrize(("sign", "max_power"), [(1, 43.5), (-1, 43.5), (1, 24.0)])
def test_what_the_house_cannot_draw_is_in_watts(
    fake_clock: Clock, sign: int, max_power: float
) -> None:
    one = OneMeter(fake_clock, max_power=max_power)
    one.receive(0, Power_in=sign * max_power)
    assert one.meter.values == {POWER: sign * 1000 * max_power}
    for _ in range(OTHER_UNIT_AFTER - 1):
        one.receive(1, Power_in=sign * (max_power + 1))
        assert one.meter.values == {POWER: sign * 1000 * max_power}, "it may be a glitch"
    one.receive(1, Power_in=sign * (max_power + 1))
    assert one.meter.values == {POWER: sign * (max_power + 1)}
    one.receive(1, Power_in=sign * 7)
    assert one.meter.values == {POWER: sign * 7.0}, "and was all the time"
    assert one.meter.resolver.mappings.inferred == {"Power_in": KeyMapping(POWER)}


def test_glitches_prove_no_unit(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    for _ in range(5 * OTHER_UNIT_AFTER):
        one.receive(1, Power_in=65.5)
        one.receive(1, Power_in=0.3)
    assert one.meter.values == {POWER: 300.0}
    assert one.meter.resolver.mappings.inferred == {}


def test_a_power_that_is_certain_is_never_scaled(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    one.receive_fields(0, {"kW_in": 30})
    assert one.meter.values[Quantity.POWER_IMPORT] == 30_000.0
    assert one.meter.resolver.mappings.inferred == {}


def draw(one: OneMeter, counter: str, power: str, *, watts: float = 1.0, kwh: float = 1.0) -> None:
    """Draw 3 kW and 300 W by turns, for half an hour each and six hours together.

    The numbers are published in so many W and kWh.
    """
    drawn = 15_119.0
    for second in range(0, 6 * 3600, 10):
        load = 300.0 if second // 1800 % 2 else 3000.0
        drawn += load / 360_000
        one.receive_fields(10, {counter: round(drawn / kwh, 3), power: load / watts})


@pytest.mark.parametrize("key", ["foo", "Zaehlerstand"], ids=["unknown", "doubtful"])
@pytest.mark.parametrize("kwh", [1.0, 0.001])
def test_a_counter_is_suggested_and_not_shown(fake_clock: Clock, key: str, kwh: float) -> None:
    one = OneMeter(fake_clock)
    draw(one, key, "Power", kwh=kwh)
    assert one.meter.resolver.suggestions == {key: KeyMapping(IMPORT, kwh)}
    assert one.meter.values.keys() == {POWER}
    assert one.counter(IMPORT) is None
    assert key in one.meter.resolver.unknown
    assert one.meter.learned.as_stored()["findings"] == {}


def test_a_power_is_suggested_and_not_shown(fake_clock: Clock) -> None:
    one = counted(fake_clock, energy_import=15_119.0)
    draw(one, "E_in", "foo", watts=1000.0)
    assert one.meter.resolver.suggestions == {"foo": KeyMapping(POWER, 1000.0)}
    assert one.meter.values.keys() == {IMPORT}
    assert one.meter.learned.as_stored()["findings"] == {}


def test_the_unit_of_a_power_is_corrected_at_once(fake_clock: Clock) -> None:
    one = counted(fake_clock, energy_import=15_119.0)
    draw(one, "E_in", "Power", watts=1000.0)
    assert one.meter.values[POWER] == 300.0
    assert one.meter.learned.as_stored()["findings"] == {"Power": ["power", 1000.0]}
    assert one.meter.resolver.suggestions == {}


def test_a_power_that_copies_a_counter_is_suggested_to_be_none(fake_clock: Clock) -> None:
    one = counted(fake_clock, energy_import=15_119.0)
    for number in range(20):
        one.receive(30, E_in=15_119 + number / 10, Power=15_119_000 + 100 * number)
    assert one.meter.resolver.suggestions == {"Power": KeyMapping(Quantity.NO_MEASUREMENT)}
    # No house draws 15 MW.
    assert POWER not in one.meter.values


@pytest.mark.parametrize("quantity", [Quantity.NO_MEASUREMENT, Quantity.ENERGY_IMPORT_T1])
def test_nothing_is_suggested_for_what_the_user_has_assigned(
    fake_clock: Clock, quantity: Quantity
) -> None:
    one = OneMeter(fake_clock, assigned={"foo": KeyMapping(quantity)})
    draw(one, "foo", "Power")
    assert one.meter.resolver.suggestions == {}
    assert one.meter.resolver.mappings.mapping_of("foo") == KeyMapping(quantity)


def test_a_confirmed_suggestion_is_shown(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    draw(one, "foo", "Power")
    later = OneMeter(fake_clock, assigned=one.meter.resolver.suggestions)
    draw(later, "foo", "Power")
    assert later.counter(IMPORT) == pytest.approx(15_119 + 9.9)
    assert later.meter.resolver.suggestions == {}


@pytest.mark.parametrize(
    ("finding", "published", "quantity", "value"),
    [
        (["energy_import", 1.0], 15_119.0, IMPORT, 15_119.0),
        (["energy_export", 0.001], 77_000, EXPORT, 77.0),
        (["power", 1000.0], 0.3, POWER, 300.0),
    ],
)
def test_what_earlier_versions_have_adopted_goes_on(
    fake_clock: Clock, finding: list[object], published: float, quantity: Quantity, value: float
) -> None:
    one = OneMeter(fake_clock)
    one.counters.accept({quantity: value}, fake_clock.now)
    notes = {"findings": {"foo": finding, "Power": ["no_measurement", 1.0]}}
    one.meter.restore(LearnedKeys.from_stored(notes))
    for _ in range(700):
        one.receive(10, foo=published, Power=1234.5)
    assert one.meter.values == {quantity: value}
    assert one.meter.resolver.suggestions == {}
    assert one.meter.learned.as_stored()["findings"] == notes["findings"]


def test_a_doubtful_counter_waits_however_large_it_is(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    for _ in range(5 * OTHER_UNIT_AFTER):
        one.receive(10, Pin=15_119_035, Total=51_234.5)
    assert one.meter.values == {}
    assert one.meter.resolver.mappings.inferred == {}


def test_findings_survive_a_restart(fake_clock: Clock) -> None:
    one = OneMeter(fake_clock)
    for _ in range(OTHER_UNIT_AFTER):
        one.receive(1, Power_in=412_000)
    later = OneMeter(fake_clock)
    later.meter.restore(LearnedKeys.from_stored(one.meter.learned.as_stored()))
    assert later.meter.learned == one.meter.learned
    assert later.meter.resolver.mappings.inferred == {"Power_in": KeyMapping(POWER)}
    later.receive(0, Power_in=7)
    assert later.meter.values == {POWER: 7.0}


def learned(fake_clock: Clock, notes: object) -> Meter:
    meter = OneMeter(fake_clock).meter
    meter.restore(LearnedKeys.from_stored(notes))
    return meter


@pytest.mark.parametrize(
    "notes",
    [
        None,
        [],
        "findings",
        {},
        {"findings": {}},
        {"findings": [], "absolute_power": "True"},
        {"findings": {}, "absolute_power": 1},
        {"findings": None, "absolute_power": None, "keys": None},
        {"keys": {"energy": "E_in", "power": 1}},
    ],
    ids=repr,
)
def test_garbage_notes_are_ignored(fake_clock: Clock, notes: object) -> None:
    meter = learned(fake_clock, notes)
    assert not meter.resolver.mappings.inferred
    assert not meter.learned.absolute_power
    assert not meter.keys


@pytest.mark.parametrize(
    "finding",
    [
        None,
        "power",
        [],
        ["power"],
        ["power", 1, 1],
        ["power", None],
        ["power", "1"],
        ["power", 0],
        ["power", 0.0],
        ["power", -1],
        ["power", math.nan],
        ["power", math.inf],
        ["powder", 1],
        [None, 1],
        [1, 1],
        {"role": "power"},
    ],
    ids=repr,
)
def test_of_notes_a_garbage_finding_alone_is_ignored(fake_clock: Clock, finding: object) -> None:
    notes = {"findings": {"x": finding, "y": ["energy_import", 0.001]}, "absolute_power": True}
    meter = learned(fake_clock, notes)
    assert meter.resolver.mappings.inferred == {"y": KeyMapping(IMPORT, 0.001)}
    assert meter.learned.absolute_power


async def test_what_was_learned_of_keys_survives_a_restart(
    time: Time, hass: HomeAssistant, hass_storage: dict[str, Any], mocked_reader: MockedReader
) -> None:
    """A doubtful "Power_in" of more than the house can draw is in W, not in kW."""
    entry = mocked_reader.entry(prefix="MT681")
    mocked_reader.blocks = {"MT681": {"E_in": 15119.035, "Power_in": 2500.0}}
    await mocked_reader.set_up(entry)
    await mocked_reader.lives(5 * MINUTE, E_in=0.01)
    assert meter_values(entry)["power"] == 2500
    mocked_reader.blocks["MT681"]["Power_in"] = 12.0
    await mocked_reader.reload(entry)
    assert meter_values(entry)["power"] == 12
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["notes"]
    assert stored["learned"][""]["findings"] == {"Power_in": ["power", 1.0]}
    assert stored["meters"][""]["prefix"] == "MT681"
