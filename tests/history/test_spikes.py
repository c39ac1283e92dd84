"""Hours that cannot be, and what should stand there."""

from itertools import accumulate, pairwise
import math

from hypothesis import given, strategies as st
import pytest

from custom_components.py_hab.history.spikes import Spike, SpikeReason, find_spikes

FUSE = 43.5
START = 1_790_000_000 // 3600 * 3600

type Rows = list[tuple[int, float | None, float]]


def history(*hours: tuple[float, float]) -> Rows:
    """Rows from pairs of state at the end of an hour, and what was booked in it."""
    sums = accumulate(change for _, change in hours)
    return [
        (START + 3600 * number, state, total)
        for number, ((state, _), total) in enumerate(zip(hours, sums, strict=True))
    ]


def corrected(rows: Rows, spikes: list[Spike]) -> Rows:
    """Shift all sums from each spike on."""
    shifts = {spike.start: spike.proposed - spike.change for spike in spikes}
    moved, result = 0.0, []
    for start, state, total in rows:
        moved += shifts.get(start, 0.0)
        result.append((start, state, total + moved))
    return result


def changes(rows: Rows) -> list[float]:
    """Return what each hour but the first holds."""
    return [round(after[2] - before[2], 6) for before, after in pairwise(rows)]


CALM = [(15119.0, 0.0), (15119.2, 0.2), (15119.4, 0.2)]
SPOILED = {
    "a single zero": ([*CALM, (15119.6, 15119.6), (15119.8, 0.2)], [0.2, 0.2, 0.2, 0.2]),
    "a zero at the end of an hour": (
        [*CALM, (0.0, 0.0), (15119.8, 15119.8), (15120.0, 0.2)],
        [0.2, 0.2, 0.0, 0.4, 0.2],
    ),
    "garbage and back": (
        [*CALM, (99999999.0, 99984879.6), (15119.8, 15119.8), (15120.0, 0.2)],
        [0.2, 0.2, 0.2, 0.2, 0.2],
    ),
    "a total that heals itself": (
        [*CALM, (0.0, -15119.4), (15119.8, 15119.8)],
        [0.2, 0.2, 0.0, 0.4],
    ),
    "decimals lost": (
        [*CALM, (15119.0, -0.4), (15120.0, 1.0), (15120.4, 0.4)],
        [0.2, 0.2, 0.0, 0.6, 0.4],
    ),
    "a new meter": ([*CALM, (500.3, 500.3), (500.5, 0.2)], [0.2, 0.2, 0.0, 0.2]),
    "a lower reading accepted": (
        [*CALM, (15100.0, -19.4), (15100.2, 0.2)],
        [0.2, 0.2, 0.0, 0.2],
    ),
    "no states": (
        [(math.nan, 0.0), (math.nan, 0.2), (math.nan, 900.0), (math.nan, 0.2)],
        [0.2, 0.2, 0.2],
    ),
    "nothing but nonsense": ([(1.0, 0.0), (5000.0, 4999.0)], [0.0]),
}


@pytest.mark.parametrize(("hours", "truth"), SPOILED.values(), ids=SPOILED)
def test_what_readings_tell_is_proposed(
    hours: list[tuple[float, float]], truth: list[float]
) -> None:
    rows = history(*hours)
    spikes = find_spikes(rows, max_power=FUSE)
    assert changes(corrected(rows, spikes)) == pytest.approx(truth)
    assert all(spike.change != spike.proposed for spike in spikes)


def test_hours_are_named_with_their_reason() -> None:
    rows = history(*SPOILED["decimals lost"][0])
    assert [(spike.start, spike.reason) for spike in find_spikes(rows, max_power=FUSE)] == [
        (START + 3 * 3600, SpikeReason.NEGATIVE),
        (START + 4 * 3600, SpikeReason.COUNTED_TWICE),
    ]


def test_sum_that_began_anew_after_a_long_silence_goes_on() -> None:
    month = START + 30 * 24 * 3600
    rows: Rows = [
        (START, 1000.0, 0.0),
        (START + 3600, 1230.0, 228.9),
        (month, 1300.0, 0.0),
        (month + 3600, 1300.5, 0.5),
    ]
    (first, spike) = find_spikes(rows, max_power=FUSE)
    assert first.reason is SpikeReason.TOO_HIGH
    assert spike.start == month
    assert spike.proposed == pytest.approx(70.0)


def test_tower_after_an_outage_is_possible() -> None:
    later = START + 48 * 3600
    rows: Rows = [(START, 100.0, 0.0), (later, 600.0, 500.0)]
    assert find_spikes(rows, max_power=FUSE) == []
    assert len(find_spikes(rows, max_power=3.7)) == 1


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(-1e9, 1e9), st.just(math.nan)),
            st.one_of(st.floats(-1e9, 1e9), st.just(math.inf), st.floats(0, 5)),
        ),
        max_size=60,
    ),
    st.floats(0.1, 100),
)
def test_proposals_are_possible_and_leave_nothing_to_find(
    hours: list[tuple[float | None, float]], max_power: float
) -> None:
    sums = accumulate(change for _, change in hours)
    rows: Rows = [
        (START + 3600 * number, state, total)
        for number, ((state, _), total) in enumerate(zip(hours, sums, strict=True))
    ]
    spikes = find_spikes(rows, max_power=max_power)
    assert all(-1e-6 <= spike.proposed <= max_power * len(rows) + 1e-6 for spike in spikes)
    finite = [row for row in rows if math.isfinite(row[2])]
    left = find_spikes(corrected(finite, spikes), max_power=max_power)
    # Sums of a billion have a noise of their own.
    assert all(-1e-5 < spike.change < max_power * len(rows) + 1e-5 for spike in left)
