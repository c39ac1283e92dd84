"""Readings are put in the order of time, in October too."""

from datetime import UTC, datetime
from itertools import chain

import pytest

from custom_components.py_hab.history.files.clock import WallClock, WallTime
from custom_components.py_hab.history.files.readings import Readings
from tests.support.portals import BERLIN, at, quarters


@pytest.mark.parametrize("is_newest_first", [False, True])
@pytest.mark.parametrize("has_lengths", [False, True])
def test_the_hour_that_occurs_twice_is_told_apart_by_the_order(
    *, is_newest_first: bool, has_lengths: bool
) -> None:
    clock, readings = WallClock(BERLIN), Readings()
    moments = list(quarters(at("2025-10-26T00:00:00"), 100))
    for number, moment in enumerate(moments[:: -1 if is_newest_first else 1]):
        time = clock.parse(f"{moment:%Y-%m-%dT%H:%M:%S}".encode())
        assert isinstance(time, WallTime)
        readings.add(time, f"{moment:%Y-%m-%d}", float(number))
        if has_lengths:
            readings.lengths.append(number)
    readings.sort(rising=False)
    assert list(readings.times) == [int(moment.timestamp()) for moment in moments]
    amounts = [float(number) for number in range(100)]
    assert list(readings.amounts) == (amounts[::-1] if is_newest_first else amounts)
    assert list(readings.lengths) == (list(map(int, readings.amounts)) if has_lengths else [])


def test_rows_in_any_order_are_sorted() -> None:
    readings = Readings()
    times = [int(datetime(2025, 1, day, tzinfo=UTC).timestamp()) for day in (1, 9, 3, 5)]
    for number, time in enumerate(times):
        readings.times.append(time)
        readings.amounts.append(number)
    readings.sort(rising=True)
    assert list(readings.times) == sorted(times)
    assert list(chain(readings.amounts)) == [0, 2, 3, 1]
    Readings().sort(rising=True)
