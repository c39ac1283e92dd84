"""One meter: from what is published to what the entities show."""

from collections.abc import Iterator
from dataclasses import replace
import math
from random import Random
from typing import Any, Final

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.counters.verdict import Verdict
from custom_components.py_hab.meter.counter_stage import Replacement
from custom_components.py_hab.meter.key_resolver import MAX_UNKNOWN, OTHER_UNIT_AFTER, LearnedKeys
from custom_components.py_hab.meter.meter import Meter, MeterUpdate
from custom_components.py_hab.sml.health import MeterProblem
from custom_components.py_hab.sml.meter_id import MeterId
from custom_components.py_hab.sml.registers import KeyMapping, Quantity
from tests.support.one_meter import NOON, Clock, OneMeter, turned

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

IMPORT: Final = Quantity.ENERGY_IMPORT
EXPORT: Final = Quantity.ENERGY_EXPORT
POWER: Final = Quantity.POWER


@pytest.fixture
def clock() -> Iterator[Clock]:
    with turned() as clock:
        yield clock


def counted(clock: Clock, **options: Any) -> OneMeter:
    """Return a meter that has drawn 100 kWh and fed in 50."""
    return OneMeter(clock, **{"energy_import": 100.0, "energy_export": 50.0, **options})


# Messages


def test_a_message_becomes_values(clock: Clock) -> None:
    one = OneMeter(clock)
    taken = one.take(0, Total_in=15119.035, Power_cur=377, Total_out=62331.037, Power_p1=14)
    assert taken == MeterUpdate(changed=True, became_available=True)
    assert one.meter.values == {
        IMPORT: 15119.035,
        POWER: 377.0,
        EXPORT: 62331.037,
        Quantity.POWER_L1: 14.0,
    }
    assert one.meter.keys == {
        IMPORT: "Total_in",
        POWER: "Power_cur",
        EXPORT: "Total_out",
        Quantity.POWER_L1: "Power_p1",
    }


def test_partial_messages_are_merged(clock: Clock) -> None:
    one = OneMeter(clock)
    assert one.take(0, E_in=100.0).changed
    assert one.take(1, Power=377).changed
    assert one.take(0, Volt_p1=230.1).changed
    assert not one.take(1, Power=377).changed
    assert one.meter.values == {IMPORT: 100.0, POWER: 377.0, Quantity.VOLTAGE_L1: 230.1}


def test_an_empty_message_changes_nothing(clock: Clock) -> None:
    one = counted(clock)
    assert one.take(1) == MeterUpdate()
    assert one.meter.values == {}
    assert one.meter.last_seen is None


@pytest.mark.parametrize(
    "value",
    [None, True, False, "377 W", "", [377], {"a": 377}, math.nan, math.inf, -math.inf, 10**400],
    ids=lambda value: repr(value)[:12],
)
def test_values_that_are_no_numbers_change_nothing(clock: Clock, value: object) -> None:
    one = counted(clock)
    one.take(1, E_in=100.1, Power=377, Volt_p1=230.0)
    assert one.take(1, E_in=value, Power=value, Volt_p1=value) == MeterUpdate()
    assert one.meter.values == {IMPORT: 100.1, POWER: 377.0, Quantity.VOLTAGE_L1: 230.0}
    assert one.counters.rejected == {
        (quantity, Verdict.NOT_FINITE): 1 for quantity in (IMPORT, POWER, Quantity.VOLTAGE_L1)
    }
    assert one.take(1, E_in=100.2, Power=378).changed


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
def test_values_are_in_the_unit_of_their_role(
    clock: Clock, fields: dict[str, float], quantity: Quantity, value: float
) -> None:
    one = OneMeter(clock)
    one.take_fields(0, fields)
    assert one.meter.values == {quantity: value}


@pytest.mark.parametrize(("meter_index", "key"), [("", "energy_import"), ("2", "2_energy_import")])
def test_each_meter_has_counters_of_its_own(clock: Clock, meter_index: str, key: str) -> None:
    one = OneMeter(clock, meter_index=meter_index)
    one.take(0, E_in=1.0)
    assert one.meter.counter_key(IMPORT) == key
    assert one.counters.last(key) == 1.0


# Unknown keys


def test_unknown_keys_are_kept_with_their_newest_value_and_do_no_harm(clock: Clock) -> None:
    one = OneMeter(clock)
    nested: Any = []
    for _ in range(50_000):
        nested = [nested]
    one.take(0, Power=1, foo=1, bar="x" * 999, baz=nested, qux=None, quux=True)
    one.take(1, foo=2.5)
    assert one.meter.resolver.unknown == {
        "foo": "2.5",
        "bar": "x" * 80,
        "baz": "",
        "qux": "",
        "quux": "True",
    }
    while nested:
        nested = nested[0]


def test_unknown_keys_are_bounded(clock: Clock) -> None:
    one = OneMeter(clock)
    for start in range(0, 10_000, 100):
        one.take_fields(1, {f"foo{number}bar": number for number in range(start, start + 100)})
    assert len(one.meter.resolver.unknown) == MAX_UNKNOWN
    one.take(1, foo7bar=99)
    assert one.meter.resolver.unknown["foo7bar"] == "99"


def test_what_is_known_to_be_no_measurement_is_not_unknown(clock: Clock) -> None:
    one = OneMeter(clock)
    assert one.take(0, Time="12:00", year=2026) == MeterUpdate()
    assert one.meter.resolver.unknown == {}


# The meter's number


def test_a_meter_tells_its_number_and_maker(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(0, Meter_Number=0, Power=1)
    assert (one.meter.identity.number, one.meter.identity.manufacturer) == (None, None)
    one.take(1, Meter_Number="0a0149534b00056940c8", Power=1)
    number = MeterId("1ISK0090783944", "Iskraemeco")
    assert one.meter.identity.number == number
    one.take(1, Meter_Number="", Power=1)
    one.take(1, Meter_Number=["?"], Power=1)
    assert one.meter.identity.number == number
    one.take(1, meter_id="5a5041", Power=1)
    assert (one.meter.identity.number, one.meter.identity.manufacturer) == (number, "ZPA")


# Counters


def test_a_rejected_counter_leaves_everything_as_it_was(clock: Clock) -> None:
    one = counted(clock)
    one.take(1, E_in=100.1)
    for garbage in (0, -1, 5.0, 9000.0, 99.9, "?"):
        taken = one.take(1, E_in=garbage, Power=7)
        assert taken.replacements == ()
        assert one.meter.values[IMPORT] == 100.1
    assert one.counters.rejected == {
        (IMPORT, verdict): 1
        for verdict in (
            Verdict.ZERO,
            Verdict.NEGATIVE,
            Verdict.DECREASED,
            Verdict.IMPLAUSIBLE_RISE,
            Verdict.JITTER,
            Verdict.NOT_FINITE,
        )
    }


def test_a_first_reading_waits_for_a_second_one(clock: Clock) -> None:
    one = OneMeter(clock, quarantined=True)
    taken = one.take(0, E_in=100.0, Power=7)
    assert taken.is_unconfirmed
    assert one.meter.values == {POWER: 7.0}
    taken = one.take(5, E_in=100.0)
    assert not taken.is_unconfirmed
    assert one.meter.values[IMPORT] == 100.0


def test_under_quarantine_the_counter_shows_what_was_believed_before(clock: Clock) -> None:
    one = counted(clock)
    one.counters.quarantine(IMPORT)
    assert one.take(1, E_in=100.2).is_unconfirmed
    assert one.meter.values == {IMPORT: 100.0}


def test_a_dip_keeps_the_counter_and_its_clock(clock: Clock) -> None:
    """Without its PIN, a meter is read nevertheless."""
    one = counted(clock)
    one.take(3600, E_in=99.2)
    assert one.meter.values == {IMPORT: 100.0}
    assert one.meter.is_fresh(IMPORT, one.clock.utcnow())


@pytest.mark.parametrize(
    "garbage", [(0,), (-5,), (math.nan,), ("?",), (9000.0, 7.0), (7.0, 0)], ids=repr
)
def test_garbage_does_not_keep_a_counter_fresh(
    clock: Clock, garbage: tuple[float | str, ...]
) -> None:
    one = counted(clock)
    one.take(0, E_in=100.0)
    for number in range(90):
        assert one.meter.is_fresh(IMPORT, one.clock.utcnow())
        one.take(10, E_in=garbage[number % len(garbage)], Power=7)
    assert not one.meter.is_fresh(IMPORT, one.clock.utcnow())
    assert one.meter.is_fresh(POWER, one.clock.utcnow())


@pytest.mark.parametrize("new", [3.0, 5000.0], ids=["lower", "higher"])
def test_a_replacement_is_told_and_shown_at_once(clock: Clock, new: float) -> None:
    one = counted(clock)
    one.take(0, E_in=100.0)
    takens = [one.take(150, E_in=new) for _ in range(5)]
    assert [len(taken.replacements) for taken in takens] == [0, 0, 0, 0, 1]
    (replacement,) = takens[-1].replacements
    assert replace(replacement, gap=None) == Replacement(
        quantity=IMPORT, verdict=Verdict.REPLACED, before=100.0, now=new
    )
    assert replacement.gap is not None
    assert replacement.gap in one.counters.gaps
    assert [taken.changed for taken in takens] == [False] * 4 + [True]
    assert replacement.is_question
    assert one.meter.values == {IMPORT: new}
    assert one.take(60, E_in=new + 0.1) == MeterUpdate(changed=True)


def test_a_display_that_starts_anew_is_no_question(clock: Clock) -> None:
    one = OneMeter(clock, energy_import=999_999.9)
    one.take(0, E_in=999_999.9)
    assert one.take(10, E_in=0.2).replacements == ()
    taken = one.take(10, E_in=0.3)
    assert taken.changed
    (replacement,) = taken.replacements
    assert replace(replacement, gap=None) == Replacement(
        quantity=IMPORT, verdict=Verdict.ROLLED_OVER, before=999_999.9, now=0.3
    )
    assert not replacement.is_question
    assert one.meter.values == {IMPORT: 0.3}


def test_a_counter_that_stands_at_zero_beside_one_that_counts_is_shown(clock: Clock) -> None:
    one = OneMeter(clock)
    for _ in range(10):
        taken = one.take(30, E_in=100.0, E_out=0.0, Power=7)
        assert taken.replacements == ()
    assert one.meter.values == {IMPORT: 100.0, EXPORT: 0.0, POWER: 7.0}


def test_a_head_that_has_not_read_its_meter_has_no_counter(clock: Clock) -> None:
    one = OneMeter(clock)
    for _ in range(100):
        one.take(60, E_in=0, E_out=0, Power=0)
    assert one.counter(IMPORT) is None
    assert one.counter(EXPORT) is None
    assert one.counters.rejected == {(quantity, Verdict.ZERO): 100 for quantity in (IMPORT, EXPORT)}


def test_a_message_of_zeros_is_ignored(clock: Clock) -> None:
    """The head has started anew: nothing it tells is true."""
    one = counted(clock)
    one.take(1, E_in=100.1, E_out=50.0, Power=377, Volt_p1=230.1)
    assert one.take(1, E_in=0, E_out=0, Power=0, Volt_p1=0) == MeterUpdate()
    assert one.meter.values[POWER] == 377.0
    assert one.meter.values[Quantity.VOLTAGE_L1] == 230.1


@pytest.mark.parametrize(
    "fields",
    [{"Power": 0}, {"E_in": 100.1, "Power": 0}, {"E_in": 0, "E_out": 50.0, "Power": 0}],
    ids=["immediate", "at rest", "one counter"],
)
def test_a_zero_among_others_is_a_value(clock: Clock, fields: dict[str, float]) -> None:
    one = counted(clock)
    one.take(1, E_in=100.1, E_out=50.0, Power=377)
    assert one.take(1, **fields).changed
    assert one.meter.values[POWER] == 0.0


# Two keys for one register


@pytest.mark.parametrize(
    ("locked", "unlocked"),
    [
        ({"E_in": 0.1234, "E_inoP": 1234.0}, {"E_in": 1234.5678, "E_inoP": 12345678.0}),
        ({"E_in": 0.0, "E_inoP": 1234.0}, {"E_in": 1234.5678, "E_inoP": 0.0}),
    ],
    ids=["two scales", "one at zero"],
)
def test_of_two_scales_the_right_one_is_read_with_and_without_pin(
    clock: Clock, locked: dict[str, float], unlocked: dict[str, float]
) -> None:
    for first, second in ((locked, unlocked), (unlocked, locked)):
        one = OneMeter(clock)
        one.take(0, **first, Power=1)
        assert one.counter(IMPORT) == pytest.approx(1234, abs=1)
        for _ in range(100):
            assert one.take(10, **second, Power=1).replacements == ()
        assert one.counter(IMPORT) == max(1234.0, first["E_in"], second["E_in"])


def test_of_two_keys_one_may_be_no_number(clock: Clock) -> None:
    one = counted(clock)
    one.take(1, E_in="?", E_inoP=100.1)
    assert one.counter(IMPORT) == 100.1
    one.take(1, E_in="?", E_inoP=None)
    assert one.counter(IMPORT) == 100.1
    assert one.counters.rejected == {(IMPORT, Verdict.NOT_FINITE): 1}


def test_at_first_a_reading_that_no_display_shows_is_not_taken(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(0, E_in=12.5, E_inoP=12_500_000.0)
    assert one.counter(IMPORT) == 12.5


def test_of_two_keys_for_a_measurement_the_first_one_goes_on(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(0, Power=1, Leistung=2)
    one.take(1, Leistung=3)
    assert one.meter.values == {POWER: 1.0}
    one.take(1, Leistung=4, Power=5)
    assert one.meter.values == {POWER: 5.0}
    assert one.meter.keys[POWER] == "Power"


def test_another_key_takes_over_when_the_first_one_is_silent(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(0, Power=1)
    one.take(899, Leistung=2)
    assert one.meter.values == {POWER: 1.0}
    one.take(1, Leistung=3)
    assert one.meter.values == {POWER: 3.0}
    assert one.meter.keys[POWER] == "Leistung"


def test_a_power_that_copies_a_counter_is_none(clock: Clock) -> None:
    one = counted(clock)
    one.take(1, E_in=100.1, Power=100.1)
    assert one.meter.values == {IMPORT: 100.1}
    one.take(1, E_in=100.2, Power=100.2, Leistung=7)
    assert one.meter.values[POWER] == 7.0


def test_a_power_of_zero_copies_no_counter(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(1, E_in=100.1, E_out=0.0, Power=0)
    assert one.meter.values[POWER] == 0.0


# Doubtful keys


def test_a_doubtful_counter_waits_for_the_user(clock: Clock) -> None:
    one = OneMeter(clock)
    assert one.take(0, Zaehlerstand=100.0) == MeterUpdate()
    assert one.counter(IMPORT) is None
    assert one.meter.resolver.unknown == {"Zaehlerstand": "100.0"}


def test_a_doubtful_counter_that_was_adopted_earlier_is_read(clock: Clock) -> None:
    one = OneMeter(clock)
    one.meter.restore(LearnedKeys(inferred={"Zaehlerstand": KeyMapping(IMPORT, 0.001)}))
    assert one.meter.resolver.mapping_of("Zaehlerstand") == KeyMapping(IMPORT, 0.001)
    assert one.take(0, Zaehlerstand=123456).changed
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
    clock: Clock, key: str, quantity: Quantity, published: float, value: float
) -> None:
    one = OneMeter(clock, max_power=500.0)
    one.take_fields(0, {key: published})
    assert one.meter.values == {quantity: value}


@pytest.mark.parametrize(("sign", "max_power"), [(1, 43.5), (-1, 43.5), (1, 24.0)])
def test_what_the_house_cannot_draw_is_in_watts(clock: Clock, sign: int, max_power: float) -> None:
    one = OneMeter(clock, max_power=max_power)
    one.take(0, Power_in=sign * max_power)
    assert one.meter.values == {POWER: sign * 1000 * max_power}
    for _ in range(OTHER_UNIT_AFTER - 1):
        one.take(1, Power_in=sign * (max_power + 1))
        assert one.meter.values == {POWER: sign * 1000 * max_power}, "it may be a glitch"
    one.take(1, Power_in=sign * (max_power + 1))
    assert one.meter.values == {POWER: sign * (max_power + 1)}
    one.take(1, Power_in=sign * 7)
    assert one.meter.values == {POWER: sign * 7.0}, "and was all the time"
    assert one.meter.resolver.inferred == {"Power_in": KeyMapping(POWER)}


def test_glitches_prove_no_unit(clock: Clock) -> None:
    one = OneMeter(clock)
    for _ in range(5 * OTHER_UNIT_AFTER):
        one.take(1, Power_in=65.5)
        one.take(1, Power_in=0.3)
    assert one.meter.values == {POWER: 300.0}
    assert one.meter.resolver.inferred == {}


def test_a_power_that_is_certain_is_never_scaled(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take_fields(0, {"kW_in": 3000})
    assert one.meter.values[Quantity.POWER_IMPORT] == 3_000_000.0
    assert one.meter.resolver.inferred == {}


# What the values show


def draw(one: OneMeter, counter: str, power: str, *, watts: float = 1.0, kwh: float = 1.0) -> None:
    """Draw 3 kW and 300 W by turns, for half an hour each and six hours together.

    The numbers are published in so many W and kWh.
    """
    drawn = 15_119.0
    for second in range(0, 6 * 3600, 10):
        load = 300.0 if second // 1800 % 2 else 3000.0
        drawn += load / 360_000
        one.take_fields(10, {counter: round(drawn / kwh, 3), power: load / watts})


@pytest.mark.parametrize("key", ["foo", "Zaehlerstand"], ids=["unknown", "doubtful"])
@pytest.mark.parametrize("kwh", [1.0, 0.001])
def test_a_counter_is_suggested_and_not_shown(clock: Clock, key: str, kwh: float) -> None:
    one = OneMeter(clock)
    draw(one, key, "Power", kwh=kwh)
    assert one.meter.resolver.suggestions == {key: KeyMapping(IMPORT, kwh)}
    assert one.meter.values.keys() == {POWER}
    assert one.counter(IMPORT) is None
    assert key in one.meter.resolver.unknown
    assert one.meter.learned.as_stored()["findings"] == {}


def test_a_power_is_suggested_and_not_shown(clock: Clock) -> None:
    one = counted(clock, energy_import=15_119.0)
    draw(one, "E_in", "foo", watts=1000.0)
    assert one.meter.resolver.suggestions == {"foo": KeyMapping(POWER, 1000.0)}
    assert one.meter.values.keys() == {IMPORT}
    assert one.meter.learned.as_stored()["findings"] == {}


def test_the_unit_of_a_power_is_corrected_at_once(clock: Clock) -> None:
    one = counted(clock, energy_import=15_119.0)
    draw(one, "E_in", "Power", watts=1000.0)
    assert one.meter.values[POWER] == 300.0
    assert one.meter.learned.as_stored()["findings"] == {"Power": ["power", 1000.0]}
    assert one.meter.resolver.suggestions == {}


def test_a_power_that_copies_a_counter_is_suggested_to_be_none(clock: Clock) -> None:
    one = counted(clock, energy_import=15_119.0)
    for number in range(20):
        one.take(30, E_in=15_119 + number / 10, Power=15_119_000 + 100 * number)
    assert one.meter.resolver.suggestions == {"Power": KeyMapping(Quantity.NO_MEASUREMENT)}
    assert POWER in one.meter.values


@pytest.mark.parametrize("quantity", [Quantity.NO_MEASUREMENT, Quantity.ENERGY_IMPORT_T1])
def test_nothing_is_suggested_for_what_the_user_has_assigned(
    clock: Clock, quantity: Quantity
) -> None:
    one = OneMeter(clock, assigned={"foo": KeyMapping(quantity)})
    draw(one, "foo", "Power")
    assert one.meter.resolver.suggestions == {}
    assert one.meter.resolver.mapping_of("foo") == KeyMapping(quantity)


def test_a_confirmed_suggestion_is_shown(clock: Clock) -> None:
    one = OneMeter(clock)
    draw(one, "foo", "Power")
    later = OneMeter(clock, assigned=one.meter.resolver.suggestions)
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
    clock: Clock, finding: list[object], published: float, quantity: Quantity, value: float
) -> None:
    one = OneMeter(clock)
    one.counters.believe({quantity: value}, clock.now)
    notes = {"findings": {"foo": finding, "Power": ["no_measurement", 1.0]}}
    one.meter.restore(LearnedKeys.from_stored(notes))
    for _ in range(700):
        one.take(10, foo=published, Power=1234.5)
    assert one.meter.values == {quantity: value}
    assert one.meter.resolver.suggestions == {}
    assert one.meter.learned.as_stored()["findings"] == notes["findings"]


# Power from its directions, and its sign


def test_power_follows_from_its_two_directions(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(0, P_in=500)
    assert POWER not in one.meter.values
    one.take(1, P_out=0)
    assert one.meter.values[POWER] == 500.0
    one.take(1, P_in=0, P_out=700)
    assert one.meter.values[POWER] == -700.0
    assert POWER not in one.meter.keys


def test_published_power_goes_before_the_difference(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(0, P_in=500, P_out=0, Power=123)
    assert one.meter.values[POWER] == 123.0
    one.take(1, P_in=0, P_out=700)
    assert one.meter.values[POWER] == 123.0


def without_sign(clock: Clock, **options: Any) -> OneMeter:
    one = counted(clock, **options)
    one.meter.restore(LearnedKeys.from_stored({"findings": {}, "absolute_power": True}))
    return one


def test_a_power_without_sign_gets_it_from_the_counters(clock: Clock) -> None:
    one = without_sign(clock)
    one.take(1, E_in=100.0, E_out=50.0, Power=300)
    assert one.meter.values[POWER] == 300.0
    one.take(5, E_in=100.0, E_out=50.01, Power=300)
    assert one.meter.values[POWER] == -300.0
    one.take(1, Power=310)
    assert one.meter.values[POWER] == -310.0
    one.take(1, Power=-320)
    assert one.meter.values[POWER] == -320.0, "whoever gives the sign after all"
    one.take(5, E_in=100.01, E_out=50.01, Power=300)
    assert one.meter.values[POWER] == 300.0


def test_feeding_in_nothing_is_zero_without_a_sign(clock: Clock) -> None:
    one = without_sign(clock)
    one.take(1, E_out=50.01, Power=300)
    one.take(1, Power=0)
    assert str(one.meter.values[POWER]) == "0.0"


@pytest.mark.parametrize(
    "others",
    [
        {"E_out_HT": 40.01},
        {"E_out_NT": 40.01},
        {"E_out_HT": 40.01, "E_out_NT": 40.01},
        {"kvarh_in": 40.01, "kvarh_out": 40.01},
    ],
    ids=repr,
)
def test_counters_beside_the_export_do_not_turn_its_sign(
    clock: Clock, others: dict[str, float]
) -> None:
    one = without_sign(
        clock,
        energy_export_t1=40.0,
        energy_export_t2=40.0,
        reactive_energy_import=40.0,
        reactive_energy_export=40.0,
    )
    one.take(5, E_out=50.01, **others, Power=300)
    assert one.meter.values[POWER] == -300.0


@pytest.mark.parametrize(("imported", "exported", "sign"), [(100.2, 50.01, 1), (100.01, 50.2, -1)])
def test_of_two_counters_that_rose_the_larger_rise_gives_the_sign(
    clock: Clock, imported: float, exported: float, sign: int
) -> None:
    """Five minutes of clouds lie between two messages."""
    one = without_sign(clock)
    one.take(300, E_in=imported, E_out=exported, Power=300)
    assert one.meter.values[POWER] == sign * 300.0


def test_a_power_with_its_sign_keeps_it(clock: Clock) -> None:
    one = counted(clock)
    one.take(5, E_out=50.01, Power=300)
    assert one.meter.values[POWER] == 300.0


def test_behaviour_tells_that_power_has_no_sign(clock: Clock) -> None:
    one = counted(clock)
    for second in range(0, 4 * 3600, 10):
        # By turns it draws and feeds in 3 kW, for half an hour each.
        hours, feeds_in = second / 3600, second // 1800 % 2
        drawn = 1.5 * (hours // 1) + min(hours % 1, 0.5) * 3
        one.take(10, E_in=100 + drawn, E_out=50 + hours * 3 - drawn, Power=3000)
    assert feeds_in
    assert one.meter.learned.absolute_power
    assert one.meter.values[POWER] == -3000.0
    assert one.meter.learned.absolute_power is True


# After a restart, and after a new script


def test_the_confirmed_counter_does_not_wait_for_the_remembered_one(clock: Clock) -> None:
    one = OneMeter(clock, quarantined=True, energy_import=100.0)
    assert one.take(300, E_in=100.4).changed
    assert one.meter.values == {IMPORT: 100.0}, "as remembered"
    one.take(5, E_in=100.4)
    assert one.meter.values == {IMPORT: 100.4}


def test_a_power_that_is_renamed_goes_on_at_once(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(1, E_in=100.0, Power=300)
    one.take_fields(10, {"1_8_0": 100.0, "16_7_0": 310})
    assert one.meter.values[POWER] == 310.0
    assert one.meter.keys[POWER] == "16_7_0"


def test_a_silence_is_no_standstill(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(10, E_in=100.0, Power=230)
    one.take(1200, E_in=100.08, Power=230)
    assert not one.meter.problems


def test_a_doubtful_counter_waits_however_large_it_is(clock: Clock) -> None:
    one = OneMeter(clock)
    for _ in range(5 * OTHER_UNIT_AFTER):
        one.take(10, Pin=15_119_035, Total=51_234.5)
    assert one.meter.values == {}
    assert one.meter.resolver.inferred == {}


def test_power_follows_from_directions_that_a_new_script_brings(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(10, E_in=100.0, Power=300)
    for _ in range(100):
        one.take(10, E_in=100.0, P_in=799, P_out=0)
    assert one.meter.values[POWER] == 799.0
    assert one.meter.is_fresh(POWER, one.clock.utcnow())


def test_a_meter_that_stands_still_is_there_all_the_same(clock: Clock) -> None:
    one = OneMeter(clock)
    for number in range(2 * 24 * 12):
        one.take(300, E_in=15000.3, Power=0, Volt_p1=230 + number % 3)
    assert not one.meter.problems
    for _ in range(2 * 24 * 12):
        one.take(300, E_in=15000.3, Power=0, Volt_p1=230)
    assert one.meter.problems, "it may have slipped"
    assert one.meter.is_fresh(IMPORT, one.clock.utcnow()), "or nothing is drawn"


# Clocks


def test_each_register_has_its_clock(clock: Clock) -> None:
    one = OneMeter(clock)
    assert not one.meter.is_fresh(POWER, one.clock.utcnow())
    one.take(0, E_in=100.0, Power=1)
    for _ in range(90):
        one.take(10, Power=1)
    assert one.meter.is_fresh(POWER, one.clock.utcnow())
    assert not one.meter.is_fresh(IMPORT, one.clock.utcnow())
    assert one.meter.last_seen == one.clock.utcnow() == one.clock.at(NOON + 900)
    assert one.meter.values[IMPORT] == 100.0, "it is kept"


@pytest.mark.parametrize(
    ("every", "fresh", "stale"),
    [
        (10, 899, 900),
        (300, 899, 900),
        (600, 1799, 1800),
        (3600, 10799, 10800),
        (9000, 10799, 10800),
    ],
)
def test_a_register_may_be_told_as_rarely_as_its_head_tells_it(
    clock: Clock, every: float, fresh: float, stale: float
) -> None:
    one = OneMeter(clock)
    one.take(0, Power=1)
    one.take(every, Power=2)
    assert one.meter.is_fresh(POWER, one.clock.at(one.now + fresh))
    assert not one.meter.is_fresh(POWER, one.clock.at(one.now + stale))


def test_a_clock_that_is_set_back_makes_nothing_stale(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(0, E_in=100.0, Power=1)
    one.take(-7200, E_in=100.0, Power=2)
    assert one.meter.values == {IMPORT: 100.0, POWER: 2.0}
    assert one.meter.is_fresh(POWER, one.clock.utcnow())
    assert one.meter.is_fresh(POWER, one.clock.at(one.now + 899))
    assert not one.meter.is_fresh(POWER, one.clock.at(one.now + 900))


def test_a_head_that_has_slipped_off_repeats_itself(clock: Clock) -> None:
    one = counted(clock)
    for _ in range(30):
        one.take(60, E_in=100.123, E_out=50.0, Power=3000)
    assert one.meter.problems == {MeterProblem.FROZEN}
    assert not one.meter.is_fresh(POWER, one.clock.utcnow())
    one.take(60, E_in=100.5, E_out=50.0, Power=3000)
    assert one.meter.problems == set()
    assert one.meter.is_fresh(POWER, one.clock.utcnow())


@pytest.mark.parametrize(
    ("keys", "power"),
    [
        (("Power",), 3000),
        (("P_in",), 3000),
        (("15.7.0",), 3000),
        (("P_in", "P_out"), 3000),
    ],
    ids=repr,
)
def test_whatever_power_is_told_the_counters_must_follow(
    clock: Clock, keys: tuple[str, ...], power: float
) -> None:
    one = counted(clock)
    for _ in range(30):
        one.take_fields(
            60, {"E_in": 100.123, "E_out": 50.0, **dict(zip(keys, (power, 0), strict=False))}
        )
    assert one.meter.problems == {MeterProblem.FROZEN}


@pytest.mark.parametrize(
    ("number", "problem"),
    [
        ({}, MeterProblem.PIN_LOCKED),
        ({"Meter_Number": ""}, MeterProblem.PIN_LOCKED),
        ({"Meter_Number": "0a0149534b00056940c8"}, MeterProblem.INF_OFF),
    ],
)
def test_a_meter_that_counts_in_whole_kwh_wants_something(
    clock: Clock, number: dict[str, str], problem: MeterProblem
) -> None:
    one = OneMeter(clock)
    for hour in range(5):
        one.take(600, E_in=100.0 + hour, Power=0, **number)
    assert one.meter.problems == {problem}


# How often


def test_power_is_the_mean_of_its_window(clock: Clock) -> None:
    one = OneMeter(clock, interval=10.0)
    assert one.take(0, Power=1000).changed
    for watts in (100, 101, 102, 103):
        assert not one.take(2, Power=watts).changed
    assert one.take(2, Power=105).changed
    assert one.meter.values == {POWER: 102.2}


@pytest.mark.parametrize(
    ("key", "values", "shown"),
    [
        ("Volt_p1", (230.0, 231.0, 231.0), 230.7),
        ("frequency", (50.0, 50.01, 50.01), 50.007),
        ("Curr_p1", (1.0, 2.0, 2.0), 1.667),
        ("power_factor", (1.0, 0.5, 0.5), 0.667),
        ("phase_angle_p1", (359.0, 1.0, 3.0), 3.0),
    ],
)
def test_what_changes_little_is_written_every_minute(
    clock: Clock, key: str, values: tuple[float, ...], shown: float
) -> None:
    one = OneMeter(clock, interval=10.0)
    one.take_fields(0, {key: 7})
    changes = [one.take_fields(20, {key: value}).changed for value in values]
    assert changes == [False, False, True]
    assert list(one.meter.values.values()) == [shown]


def test_without_an_interval_every_power_is_shown(clock: Clock) -> None:
    one = OneMeter(clock)
    for watts in range(100):
        assert one.take(0.5, Power=watts).changed
        assert one.meter.values == {POWER: float(watts)}


def test_a_counter_is_written_once_a_minute_and_nothing_of_it_is_lost(clock: Clock) -> None:
    one = counted(clock)
    shown = []
    for second in range(601):
        one.take(1 if second else 0, E_in=100 + second / 1000)
        shown.append(one.meter.values[IMPORT])
    assert 10 <= len({*shown}) <= 12
    assert sorted(shown) == shown
    assert one.counter(IMPORT) == 100.6


@pytest.mark.parametrize("digits", [3, 4, 7])
def test_a_day_at_1_hz_is_thinned_out(clock: Clock, digits: int) -> None:
    one = counted(clock, interval=10.0)
    random = Random(1)
    changes: dict[Quantity, int] = dict.fromkeys((IMPORT, POWER), 0)
    before: dict[Quantity, float] = {}
    counter = 100.0
    for _ in range(86_400):
        watts = random.randrange(100, 4000)
        counter += watts / 3.6e6
        one.take(1, E_in=round(counter, digits), Power=watts)
        for quantity in changes:
            changes[quantity] += one.meter.values[quantity] != before.get(quantity)
        before.update(one.meter.values)
    assert 8600 <= changes[POWER] <= 8700
    assert 1400 <= changes[IMPORT] <= 1500
    assert one.counter(IMPORT) == round(counter, digits)


def test_numbers_however_large_have_a_mean(clock: Clock) -> None:
    one = OneMeter(clock, interval=10.0)
    for _ in range(20):
        one.take(2, Power=1.7e308, P_in=1.7e308, P_out=-1.7e308)
    assert all(map(math.isfinite, one.meter.values.values()))


def test_a_difference_however_large_is_finite(clock: Clock) -> None:
    one = OneMeter(clock)
    one.take(2, P_in=1.7e308, P_out=-1.7e308)
    assert all(map(math.isfinite, one.meter.values.values()))


# Memory


def test_findings_survive_a_restart(clock: Clock) -> None:
    one = OneMeter(clock)
    for _ in range(OTHER_UNIT_AFTER):
        one.take(1, Power_in=412_000)
    later = OneMeter(clock)
    later.meter.restore(LearnedKeys.from_stored(one.meter.learned.as_stored()))
    assert later.meter.learned == one.meter.learned
    assert later.meter.resolver.inferred == {"Power_in": KeyMapping(POWER)}
    later.take(0, Power_in=7)
    assert later.meter.values == {POWER: 7.0}


def learned(clock: Clock, notes: object) -> Meter:
    meter = OneMeter(clock).meter
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
def test_garbage_notes_are_ignored(clock: Clock, notes: object) -> None:
    meter = learned(clock, notes)
    assert not meter.resolver.inferred
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
def test_of_notes_a_garbage_finding_alone_is_ignored(clock: Clock, finding: object) -> None:
    notes = {"findings": {"x": finding, "y": ["energy_import", 0.001]}, "absolute_power": True}
    meter = learned(clock, notes)
    assert meter.resolver.inferred == {"y": KeyMapping(IMPORT, 0.001)}
    assert meter.learned.absolute_power


# Whatever comes


KEYS: Final = st.sampled_from(
    [
        *("E_in", "E_inoP", "E_out", "import", "1.8.1", "kvarh_in", "Zaehlerstand", "Total"),
        *("Power", "Power_in", "P_in", "P_out", "1.7.0", "current", "15.7.0", "Volt_p1"),
        *("Meter_Number", "meter_id", "Time", "foo", "", "phase_angle_p1"),
    ]
)
VALUES: Final = st.one_of(
    st.floats(),
    st.floats(0, 1000),
    st.integers(),
    st.none(),
    st.booleans(),
    st.text(max_size=4),
    st.lists(st.integers(), max_size=2),
)


@given(
    st.lists(
        st.tuples(st.floats(-1000, 4000), st.dictionaries(KEYS, VALUES, max_size=6)), max_size=15
    ),
    st.sampled_from([0.0, 10.0]),
    st.booleans(),
    st.booleans(),
)
def test_whatever_comes_the_counters_stay_counters(
    messages: list[tuple[float, dict[str, object]]],
    interval: float,
    quarantined: bool,
    absolute_power: bool,
) -> None:
    with turned() as clock:
        one = OneMeter(clock, interval=interval, quarantined=quarantined)
        one.meter.restore(
            LearnedKeys.from_stored({"findings": {}, "absolute_power": absolute_power})
        )
        for after, fields in messages:
            before = dict(one.meter.values)
            taken = one.take_fields(after, fields)
            assert taken.changed == (one.meter.values != before)
            for quantity, value in one.meter.values.items():
                if quantity.startswith(("energy", "reactive_energy")):
                    assert 0 <= value < math.inf
