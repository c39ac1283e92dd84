"""What is written into a cost statistic."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Final

from custom_components.py_hab.costs.hours import HourCost
from custom_components.py_hab.history.planning.change import StatisticRows, WriteRows
from custom_components.py_hab.history.planning.costs import plan_costs
from custom_components.py_hab.history.planning.rows import HOUR, Row, SumRow

FIRST: Final = 1_774_000_800


def hours(*costs: float | None, first: int = 0) -> list[HourCost]:
    """Return consecutive hours."""
    return [HourCost(FIRST + (first + number) * HOUR, cost) for number, cost in enumerate(costs)]


def stored(*sums: float | None) -> StatisticRows:
    """Return what the database has; None for an hour without a row."""
    rows = [
        Row(FIRST + number * HOUR, HOUR, total, total)
        for number, total in enumerate(sums)
        if total is not None
    ]
    return StatisticRows(hourly=rows, until=FIRST + 100 * HOUR)


def planned(
    costs: Sequence[HourCost],
    rows: StatisticRows,
    *,
    is_whole: bool = True,
    kept_until: float = inf,
) -> Mapping[int, float]:
    """Return the sums that are written, by the number of the hour."""
    change = plan_costs(costs, rows, is_whole=is_whole, kept_until=kept_until)
    written = {}
    for step in change:
        assert isinstance(step, WriteRows)
        for row in step.rows:
            assert isinstance(row, SumRow)
            written[(row.start - FIRST) // HOUR] = round(row.sum, 9)
    return written


def test_all_hours_are_written_at_first_and_nothing_the_second_time() -> None:
    assert planned(hours(1.0, -0.5, 2.0), stored()) == {0: 1.0, 1: 0.5, 2: 2.5}
    assert planned(hours(1.0, -0.5, 2.0), stored(1.0, 0.5, 2.5)) == {}
    assert planned([], stored()) == {}


def test_a_correction_is_written_from_its_hour_to_where_the_sums_agree_again() -> None:
    rows = stored(1.0, 2.0, 3.0, 4.0)
    assert planned(hours(1.0, 1.5, 0.5, 1.0), rows) == {1: 2.5}
    assert planned(hours(1.0, 1.5, 1.0, 1.0), rows) == {1: 2.5, 2: 3.5, 3: 4.5}


def test_new_hours_continue_the_sum() -> None:
    rows = stored(1.0, 2.0, 3.0)
    assert planned(hours(1.0, 4.0, first=2), rows, is_whole=False) == {3: 7.0}
    assert planned(hours(4.0, first=3), stored(), is_whole=False) == {3: 4.0}


def test_an_hour_that_waits_has_no_row_until_its_price_is_known() -> None:
    assert planned(hours(1.0, None, 1.0), stored()) == {0: 1.0, 2: 2.0}
    assert planned(hours(1.0, 3.0, 1.0), stored(1.0, None, 2.0)) == {1: 4.0, 2: 5.0}


def test_an_hour_whose_price_was_purged_keeps_its_cost_unless_the_prices_changed() -> None:
    rows = stored(1.0, 3.0, 4.0)
    assert planned(hours(1.0, None, 1.0), rows) == {}
    assert planned(hours(1.5, None, 1.0), rows) == {0: 1.5, 1: 3.5, 2: 4.5}
    assert planned(hours(1.0, None, 1.0), rows, kept_until=-inf) == {1: 1.0, 2: 2.0}
    assert planned(hours(1.0, None, 1.0), rows, kept_until=FIRST + 2 * HOUR) == {}
    # The prices have changed within the hour.
    assert planned(hours(1.0, None, 1.0), rows, kept_until=FIRST + 2 * HOUR - 1) == {
        1: 1.0,
        2: 2.0,
    }


def test_hours_without_energy_any_more_cost_nothing() -> None:
    assert planned(hours(1.0, first=2), stored(1.0, 2.0, 3.0, 4.0)) == {
        0: 0.0,
        1: 0.0,
        2: 1.0,
        3: 1.0,
    }
    assert planned([], stored(1.0)) == {0: 0.0}
