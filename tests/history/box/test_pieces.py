"""Days and months of a box in the shape of its quarters, six hours, and of hours that are known."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
import math
from typing import Final
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.py_hab.fritzbox.device_stats import Series
from custom_components.py_hab.history.box.calendar import (
    DAY_STEP,
    MONTH_STEP,
    QUARTER_STEP,
    SIX_HOUR_STEP,
)
from custom_components.py_hab.history.box.pieces import (
    Piece,
    ShapedPieces,
    even_split,
    reported_hours,
)
from custom_components.py_hab.history.box.reconstruct import EnergyHistory, energy_history
from custom_components.py_hab.history.planning.load_shape import Daylight
from custom_components.py_hab.history.planning.rows import HOUR

# Hypothesis says so of its own generator, on this version of Python.
pytestmark = pytest.mark.filterwarnings("ignore:It looks like `register_random`")

BERLIN: Final = ZoneInfo("Europe/Berlin")
NOW: Final = datetime(2026, 11, 20, 14, 0, tzinfo=BERLIN).astimezone(UTC)


def daylight() -> list[Daylight]:
    """Sunrise and sunset near 52 degrees north, to a few minutes."""
    found = []
    first = datetime(2024, 1, 1, tzinfo=UTC)
    for day in range(3 * 366):
        noon = first + timedelta(days=day, hours=11)
        half = 6.1 + 2.2 * math.sin((noon.timetuple().tm_yday - 80) / 365.25 * 2 * math.pi)
        found.append(Daylight(noon.timestamp() - half * HOUR, noon.timestamp() + half * HOUR))
    return found


DAYLIGHT: Final = daylight()


def months(*watt_hours: int) -> list[datetime]:
    """Return the starts of as many months, newest first."""
    found = [NOW.astimezone(BERLIN).replace(day=1, hour=0)]
    while len(found) < len(watt_hours):
        found.append((found[-1] - timedelta(days=1)).replace(day=1))
    return found


def history_of(watt_hours: list[int], *, is_fed_in: bool = True) -> EnergyHistory:
    """The history of a counter of which only months are known, from the first of them on."""
    series = Series(step=MONTH_STEP, values=tuple(wh / 1000 for wh in watt_hours), at=NOW)
    return energy_history(
        [series],
        counter=sum(watt_hours) / 1000 + 5000,
        now=NOW,
        zone=BERLIN,
        known={},
        daylight=DAYLIGHT if is_fed_in else None,
    )


def hourly(history: EnergyHistory) -> dict[int, float]:
    """The kWh of each hour."""
    return {
        one: history.readings[two] - history.readings[one]
        for one, two in pairwise(history.readings)
    }


def test_a_summer_from_months_feeds_in_by_day_only_and_months_are_exact() -> None:
    watt_hours = [20_123, 95_001, 310_457, 402_339, 455_120, 460_007, 440_998, 300_003]
    history = history_of(watt_hours)
    found = hourly(history)
    starts_of_months = months(*watt_hours)
    for begin, end, wh in zip(starts_of_months[1:], starts_of_months, watt_hours[1:], strict=False):
        # The first night, before anything was counted, is left out.
        total = history.readings[int(end.timestamp())] - history.readings.get(
            int(begin.timestamp()), 5000.0
        )
        assert round(total * 1000, 6) == wh
    nights = 0
    for hour, kwh in found.items():
        is_dark = not any(
            light.start < hour + HOUR and light.end > hour
            for light in DAYLIGHT
            if abs(light.start - hour) < 48 * HOUR
        )
        nights += is_dark
        assert kwh == pytest.approx(0, abs=1e-9) if is_dark else kwh > 0
    assert nights > 2000
    assert not history.reported


def test_a_month_has_the_shape_of_known_hours_and_quarters_are_reported() -> None:
    def watts(hour: int) -> float:
        return 2.0 if datetime.fromtimestamp(hour, BERLIN).hour == 19 else 0.5

    now = NOW
    quarters = tuple(watts(int(now.timestamp()) - 900 * (number + 1)) / 4 for number in range(96))
    today = sum(quarters[: 14 * 4])
    days = (today, *[round(23 * 0.5 + 2.0, 3)] * 19)
    series = [
        Series(step=QUARTER_STEP, values=quarters, at=now),
        Series(step=DAY_STEP, values=days, at=now),
        Series(step=MONTH_STEP, values=(sum(days), 31 * 13.5 + 0.5), at=now),
    ]
    history = energy_history(series, counter=9000.0, now=now, zone=BERLIN, known={})
    found = hourly(history)
    for hour, kwh in found.items():
        assert kwh == pytest.approx(watts(hour), rel=0.01), datetime.fromtimestamp(hour, BERLIN)
    last = int(now.timestamp())
    assert history.reported == set(range(last - 24 * HOUR, last, HOUR))


def test_six_hours_say_how_days_are_distributed_but_are_not_hours() -> None:
    start = int(datetime(2026, 11, 2, tzinfo=UTC).timestamp())
    six = [
        Piece(
            start + number * SIX_HOUR_STEP, start + (number + 1) * SIX_HOUR_STEP, kwh, SIX_HOUR_STEP
        )
        for number, kwh in enumerate((0.6, 1.2, 2.4, 0.6))
    ]
    day = Piece(start - 86400, start, 4.8, DAY_STEP)
    shapes = ShapedPieces([*six[::-1], day], {}, UTC, None)
    counted = shapes.split(day)
    edges = [counted[start - 86400 + SIX_HOUR_STEP * number] for number in (1, 2, 3, 4)]
    assert edges == pytest.approx([0.6, 1.8, 4.2, 4.8])
    assert reported_hours(six) == set()
    assert shapes.split(six[0])[start + HOUR] == pytest.approx(0.1)


def test_quarters_are_even_and_an_hour_needs_all_of_them() -> None:
    pieces = [Piece(900 * number, 900 * (number + 1), 0.1, 900) for number in range(7)]
    assert reported_hours(pieces) == {0}
    assert even_split(Piece(1800, 2 * HOUR, 3.0, 2 * HOUR)) == pytest.approx({HOUR: 1.0, 7200: 3.0})
    shapes = ShapedPieces(pieces, {}, UTC, None)
    assert shapes.split(pieces[3]) == {HOUR: 0.1}


@settings(max_examples=15, deadline=None)
@given(
    watt_hours=st.lists(st.integers(1, 900_000), min_size=2, max_size=12),
    is_fed_in=st.booleans(),
)
def test_months_stay_exactly_those_of_the_box(watt_hours: list[int], *, is_fed_in: bool) -> None:
    readings = history_of(watt_hours, is_fed_in=is_fed_in).readings
    totals: defaultdict[tuple[int, int], float] = defaultdict(float)
    for one, two in pairwise(readings):
        local = datetime.fromtimestamp(one, BERLIN)
        totals[local.year, local.month] += readings[two] - readings[one]
    expected = {
        (begin.year, begin.month): wh
        for begin, wh in zip(months(*watt_hours), watt_hours, strict=True)
    }
    for month, total in list(totals.items())[1:]:
        assert round(total * 1000, 3) == expected[month]
