"""Impossible hours, and what they should hold."""

from itertools import accumulate
import math
from typing import Final

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.history.planning.rows import HourlySum
from custom_components.py_hab.history.planning.spikes import Spike, SpikeReason, find_spikes

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

FUSE: Final = 43.5
"""kW; three phases of 63 A."""
HOUR: Final = 3600
START: Final = 1_790_000_000 // HOUR * HOUR

type Rows = list[HourlySum]
type Hours = list[tuple[float | None, float]]
"""State at the end of each hour, and the kWh booked in it."""


def history(hours: Hours) -> Rows:
    """Return rows, hour by hour."""
    sums = accumulate(change for _, change in hours)
    return [
        HourlySum(START + HOUR * number, state, total)
        for number, ((state, _), total) in enumerate(zip(hours, sums, strict=True))
    ]


def corrected(rows: Rows, spikes: list[Spike]) -> Rows:
    """Return the rows with all sums shifted from each spike on, as the action does it."""
    corrections = {spike.start: spike.proposed - spike.change for spike in spikes}
    adjusted, result = 0.0, []
    for start, state, total in rows:
        adjusted += corrections.get(start, 0.0)
        result.append(HourlySum(start, state, total + adjusted))
    return result


def changes(rows: Rows) -> list[float]:
    """Return the kWh that Home Assistant shows for each row."""
    sums = [total for _, _, total in rows]
    return [after - before for before, after in zip([0.0, *sums], sums, strict=False)]


def repaired(rows: Rows) -> list[float]:
    """Return the kWh of each row after correction, which leaves nothing to be found."""
    right = corrected(rows, find_spikes(rows, max_power=FUSE))
    assert find_spikes(right, max_power=FUSE) == []
    return changes(right)


CALM: Final[Hours] = [(15119.0, 0.0), (15119.2, 0.2), (15119.4, 0.2)]
UNSEEN: Final[Hours] = [(None, change) for _, change in CALM]
"""The same without states."""
PLUG: Final[Hours] = [(29.8, 0.0), (30.0, 0.2)]
SPOILED: Final[dict[str, tuple[Hours, list[float]]]] = {
    "a single zero": ([*CALM, (15119.6, 15119.6), (15119.8, 0.2)], [0, 0.2, 0.2, 0.2, 0.2]),
    "a single zero in the first hour": ([(15119.2, 15119.2), (15119.4, 0.2)], [0, 0.2]),
    "a zero at the end of an hour": (
        [*CALM, (0.0, 0.0), (15119.8, 15119.8), (15120.0, 0.2)],
        [0, 0.2, 0.2, 0, 0.4, 0.2],
    ),
    "garbage and back, in the next hour": (
        [*CALM, (99999999.0, 99984879.6), (15119.8, 15119.8), (15120.0, 0.2)],
        [0, 0.2, 0.2, 0.2, 0.2, 0.2],
    ),
    "garbage and back, in the same hour": (
        [*CALM, (15119.6, 99984879.6 + 15119.6), (15119.8, 0.2)],
        [0, 0.2, 0.2, 0.2, 0.2],
    ),
    "a total that heals itself": (
        [*CALM, (0.0, -15119.4), (15119.8, 15119.8)],
        [0, 0.2, 0.2, 0, 0.4],
    ),
    "a total that heals itself, without states": (
        [*UNSEEN, (None, -15119.4), (None, 15119.8)],
        [0, 0.2, 0.2, 0, 0.4],
    ),
    "garbage of a total, and back": (
        [*CALM, (99999999.0, 99984879.6), (15119.8, -99984879.2)],
        [0, 0.2, 0.2, 0.2, 0.2],
    ),
    "too high for some hours, and back": (
        [*UNSEEN, (None, 800.0), (None, 0.3), (None, -799.6)],
        [0, 0.2, 0.2, 0.2, 0.3, 0.2],
    ),
    "too high, with less left than was booked meanwhile": (
        [*UNSEEN, (None, 800.0), (None, 0.9), (None, -800.3)],
        [0, 0.2, 0.2, 0.2, 0.2, 0.2],
    ),
    "decimals lost": (
        [*CALM, (15119.0, -0.4), (15120.0, 1.0), (15120.4, 0.4)],
        [0, 0.2, 0.2, 0, 0.6, 0.4],
    ),
    "decimals lost twice": (
        [*CALM, (15119.0, -0.4), (15119.3, 0.3), (15119.0, -0.3), (15120.0, 1.0)],
        [0, 0.2, 0.2, 0, 0, 0, 0.6],
    ),
    "decimals lost, and counted again slowly": (
        [*CALM, (15119.0, -0.4), *[(15119.0, 0.0)] * 100, (15120.0, 1.0)],
        [0, 0.2, 0.2, 0, *[0] * 100, 0.6],
    ),
    "decimals lost after a spike": (
        [*UNSEEN, (None, 50.0), (None, -0.4), (None, 1.0)],
        [0, 0.2, 0.2, 0.2, 0, 0.6],
    ),
    "decimals lost, then a single zero": (
        [*CALM, (15119.0, -0.4), (15120.0, 15120.0), (15120.2, 0.2)],
        [0, 0.2, 0.2, 0, 0.6, 0.2],
    ),
    "a deep dip that comes back within what is possible": (
        [*CALM, (15100.0, -19.4), (15119.6, 19.6)],
        [0, 0.2, 0.2, 0, 0.2],
    ),
    "a deep dip that does not come back": (
        [*CALM, (15100.0, -19.4), *[(15100.0, 0.0)] * 30, (15100.2, 0.2)],
        [0, 0.2, 0.2, 0, *[0] * 30, 0.2],
    ),
    "a fall that is followed by another one, not by its return": (
        [
            *UNSEEN,
            *[(None, -15119.4), (None, 2 * 15119.4)],
            *[(None, -15119.3), (None, 15119.5)],
        ],
        [0, 0.2, 0.2, 0, 0.2, 0, 0.2],
    ),
    "a small counter at 0 for a moment": (
        [*PLUG, (0.0, -30.0), (30.2, 30.2)],
        [0, 0.2, 0, 0.2],
    ),
    "a small counter that starts anew": (
        [*PLUG, (0.0, -30.0), *[(3.0 * hour, 3.0) for hour in range(1, 15)]],
        [0, 0.2, 0, *[3.0] * 14],
    ),
    "a counter below 1 that starts anew": (
        [(0.0, 0.0), (0.8, 0.8), (0.0, -0.8), (0.4, 0.4), (0.8, 0.4), (1.2, 0.4)],
        [0, 0.8, 0, 0.4, 0.4, 0.4],
    ),
    "a new meter, whose reading is booked": (
        [*CALM, (500.3, 500.3), (500.5, 0.2)],
        [0, 0.2, 0.2, 0, 0.2],
    ),
    "a new meter, the old one taken off": (
        [*CALM, (12.0, -15107.4), (12.2, 0.2)],
        [0, 0.2, 0.2, 0, 0.2],
    ),
    "a sum that restarts beside a counter that goes on": (
        [*CALM, (15119.6, -0.4), (15119.8, 0.2)],
        [0, 0.2, 0.2, 0.2, 0.2],
    ),
    "states in Wh": (
        [(1000.0, 0.0), (1030.0, 0.03), (1060.0, 0.03), (1090.0, 900.0), (1120.0, 0.03)],
        [0, 0.03, 0.03, 0.03, 0.03],
    ),
    "states in MWh": (
        [(15.0, 0.0), (15.002, 2.0), (15.005, 3.0), (15.009, 900.0), (15.01, 1.0)],
        [0, 2.0, 3.0, 4.0, 1.0],
    ),
    "no states": ([*UNSEEN, (None, 900.0), (None, 0.2)], [0, 0.2, 0.2, 0.2, 0.2]),
    "states that are no numbers": (
        [(math.nan, 0.0), (math.inf, 0.2), (math.nan, 900.0)],
        [0, 0.2, 0.2],
    ),
    "a fall without states": ([*UNSEEN, (None, -900.0), (None, 0.2)], [0, 0.2, 0.2, 0, 0.2]),
    "nothing but nonsense": ([(1.0, 0.0), (5000.0, 4999.0)], [0, 0]),
    "a sum that begins below 0": ([(1.0, -500.0), (2.0, 1.0), (3.0, 1.0)], [0, 1.0, 1.0]),
    "a sum of one row": ([(700.0, 700.0)], [0]),
}


@pytest.mark.parametrize(("hours", "truth"), SPOILED.values(), ids=SPOILED)
def test_what_should_stand_there(hours: Hours, truth: list[float]) -> None:
    assert repaired(history(hours)) == pytest.approx(truth, abs=1e-6)


@pytest.mark.parametrize(("hours", "truth"), SPOILED.values(), ids=SPOILED)
def test_every_spike_names_an_hour_and_changes_it(hours: Hours, truth: list[float]) -> None:
    rows = history(hours)
    booked = {row.start: change for row, change in zip(rows, changes(rows), strict=True)}
    for spike in find_spikes(rows, max_power=FUSE):
        assert spike.change == pytest.approx(booked[spike.start])
        assert spike.change != spike.proposed


def test_hours_are_named_with_their_reason() -> None:
    spikes = find_spikes(history(SPOILED["decimals lost"][0]), max_power=FUSE)
    assert [((spike.start - START) // HOUR, spike.reason) for spike in spikes] == [
        (3, SpikeReason.NEGATIVE),
        (4, SpikeReason.COUNTED_TWICE),
    ]
    (spike,) = find_spikes(history(SPOILED["a single zero"][0]), max_power=FUSE)
    assert spike.reason is SpikeReason.TOO_HIGH
    assert spike.change == pytest.approx(15119.6)
    assert spike.proposed == pytest.approx(0.2)


def test_small_phantom_of_a_new_meter_cannot_be_recognised() -> None:
    rows = history([*CALM, (12.0, 12.0), (12.2, 0.2)])
    assert find_spikes(rows, max_power=FUSE) == []


def silence(days: int, state: float | None, total: float) -> Rows:
    """Return 228.9 kWh counted in 120 hours, and a row so many days later."""
    rows = [
        HourlySum(
            START + HOUR * hour, None if state is None else 1000 + 1.9075 * hour, 1.9075 * hour
        )
        for hour in range(121)
    ]
    return [*rows, HourlySum(rows[-1].start + days * 24 * HOUR, state, total)]


def test_sum_that_began_anew_after_a_long_silence_goes_on() -> None:
    (spike,) = find_spikes(silence(30, 1298.9, 0.0), max_power=FUSE)
    assert spike.change == pytest.approx(-228.9)
    assert spike.proposed == pytest.approx(70.0)
    assert spike.reason is SpikeReason.NEGATIVE


def test_long_silence_without_states_is_filled_with_what_is_typical() -> None:
    (spike,) = find_spikes(silence(30, None, 0.0), max_power=FUSE)
    assert spike.proposed == pytest.approx(1.9075 * 24 * 30)


def test_energy_booked_after_an_outage_is_possible_if_its_hours_are() -> None:
    assert find_spikes(silence(2, None, 228.9 + 500), max_power=FUSE) == []
    assert len(find_spikes(silence(2, None, 228.9 + 500), max_power=3.7)) == 1


def test_rows_of_days_may_hold_days_from_the_first_on() -> None:
    rows = [HourlySum(START + day * 24 * HOUR, None, 60.0 * (day + 1)) for day in range(10)]
    assert find_spikes(rows, max_power=FUSE) == []


@pytest.mark.parametrize("nonsense", [math.nan, math.inf, -math.inf])
def test_sum_that_is_no_number_is_a_missing_row(nonsense: float) -> None:
    rows = [
        HourlySum(START, 1.0, 0.0),
        HourlySum(START + HOUR, 2.0, nonsense),
        HourlySum(START + 2 * HOUR, 81.0, 80.0),
    ]
    assert find_spikes(rows, max_power=FUSE) == []
    assert find_spikes(rows[1:2], max_power=FUSE) == []


def test_nothing_is_nothing() -> None:
    assert find_spikes([], max_power=FUSE) == []


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("change", "wrong"), [(-0.01, 15_001), (900.0, 15_001), (0.5, 1)])
def test_years_take_a_moment(change: float, wrong: int) -> None:
    """If each hour were compared with all others, it would be minutes."""
    rows = history([(None, 1e6), *[(None, change)] * 15_000])
    assert len(find_spikes(rows, max_power=FUSE)) == wrong


# Whatever there may be
MESS: Final = st.lists(
    st.tuples(
        st.integers(1, 60),
        st.one_of(st.none(), st.floats(-1e8, 1e8), st.floats(0, 60), st.just(math.nan)),
        st.one_of(st.floats(-1e8, 1e8), st.floats(-5, 60), st.floats(-1, 1)),
    ),
    max_size=40,
)


@given(MESS, st.floats(0.1, 100))
def test_proposals_are_possible_and_leave_nothing_to_find(
    mess: list[tuple[int, float | None, float]], max_power: float
) -> None:
    starts = accumulate(
        START + gap * HOUR if not n else gap * HOUR for n, (gap, _, _) in enumerate(mess)
    )
    sums = accumulate(change for _, _, change in mess)
    rows = [
        HourlySum(start, state, total)
        for start, total, (_, state, _) in zip(starts, sums, mess, strict=True)
    ]
    spikes = find_spikes(rows, max_power=max_power)
    before = {row.start: gap for row, (gap, _, _) in zip(rows, mess, strict=True)}
    if len(mess) > 1:
        before[rows[0].start] = mess[1][0]
    for spike in spikes:
        hours = before[spike.start] if len(mess) > 1 else 1
        assert 0 <= spike.proposed <= max_power * hours * (1 + 1e-9)
    assert find_spikes(corrected(rows, spikes), max_power=max_power) == []


CONSUMED: Final = st.lists(st.floats(0, FUSE), min_size=1, max_size=60)


@given(CONSUMED, st.booleans(), st.floats(0, 1e5))
def test_what_a_house_can_draw_is_no_spike(used: list[float], seen: bool, reading: float) -> None:
    readings = accumulate(used, initial=reading)
    hours: Hours = [(next(readings) if seen else None, kwh) for kwh in used]
    assert find_spikes(history(hours), max_power=FUSE) == []


@given(
    st.lists(st.floats(0, 5), min_size=3, max_size=30),
    st.lists(st.floats(0, 5), min_size=3, max_size=30),
    st.floats(0.01, 15000),
    st.booleans(),
)
def test_dip_and_recovery_in_the_next_hour_keep_their_energy(
    earlier: list[float], later: list[float], depth: float, seen: bool
) -> None:
    used = [0.0, *earlier, -depth, depth + later[0], *later[1:]]
    readings = accumulate(used, initial=20000.0)
    next(readings)
    rows = history(
        [(reading if seen else None, kwh) for reading, kwh in zip(readings, used, strict=True)]
    )
    right = repaired(rows)
    assert sum(right) == pytest.approx(rows[-1].sum, abs=1e-4)
    number = len(earlier) + 1
    assert right[:number] == pytest.approx(used[:number], abs=1e-6)
    assert right[number : number + 2] == pytest.approx([0, later[0]], abs=1e-4)
    assert right[number + 2 :] == pytest.approx(used[number + 2 :], abs=1e-6)


@given(
    st.lists(st.floats(0, 5), min_size=40, max_size=60),
    st.dictionaries(st.integers(1, 39), st.sampled_from(["zero", "high", "pair"]), max_size=6),
)
def test_spoiled_history_becomes_true_again(used: list[float], spoiled: dict[int, str]) -> None:
    used = [0.0, *used]
    readings = list(accumulate(used, initial=15119.0))[1:]
    states: list[float | None] = list(readings)
    booked = list(used)
    for number, how in spoiled.items():
        match how:
            case "zero":
                # Fell to 0 and rose again between two readings, as total_increasing books it.
                booked[number] += readings[number]
            case "high":
                booked[number] += 99_984_880 + readings[number]
            case _:
                # A total that stands at 0 at the end of the hour.
                states[number] = 0.0
                booked[number] -= readings[number]
                booked[number + 1] += readings[number]
    right = repaired(history(list(zip(states, booked, strict=True))))
    assert sum(right) == pytest.approx(sum(used), abs=1e-4)
