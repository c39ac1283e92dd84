"""What costs amount to in a year."""

from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from custom_components.py_hab.costs.contract import Contract, contract_year
from custom_components.py_hab.costs.figures import costs_since, outlook, standing
from custom_components.py_hab.costs.forecast import Measured
from custom_components.py_hab.costs.hours import HourCost, hourly_costs
from custom_components.py_hab.costs.prices import HOUR, Price, Tariff

BERLIN: Final = ZoneInfo("Europe/Berlin")
TARIFF: Final = Tariff([Price(since=date(2020, 1, 1), price=0.3, base=10.0)], BERLIN)
START: Final = int(datetime(2025, 4, 15, tzinfo=BERLIN).timestamp())
DAY: Final = 24 * HOUR


def measured(first: int, end: int) -> Measured:
    """Return hours with 0.2 kWh each."""
    energies = dict.fromkeys(range(first, end, HOUR), 0.2)
    return Measured(energies=energies, tariff=TARIFF, entity_prices={})


def test_the_outlook_of_a_year_counts_the_bonus() -> None:
    year = contract_year(Contract(start=date(2025, 4, 15), bonus=60.0), date(2025, 6, 1))
    assert year is not None
    known = measured(START - 400 * DAY, START + 47 * DAY)
    found = outlook(known, hourly_costs(known.energies, TARIFF, {}), year, BERLIN)
    truth = 8760 * 0.2 * 0.3 + 120 - 60
    assert found is not None
    assert found.expected == pytest.approx(truth, rel=1e-3)
    assert found.low < truth < found.high
    assert found.fitting_instalment == pytest.approx(truth / 12, rel=1e-3)
    new = measured(START, START + 47 * DAY)
    assert outlook(new, hourly_costs(new.energies, TARIFF, {}), year, BERLIN) is None


def test_what_a_counter_costs_all_the_time_and_in_a_year() -> None:
    known = measured(START, START + 20 * DAY)
    found = standing(known, hourly_costs(known.energies, TARIFF, {}), BERLIN)
    assert found.base_load == pytest.approx(200)
    assert found.base_load_per_year == pytest.approx(0.2 * 8766 * 0.3)
    assert found.per_year == pytest.approx(0.2 * 8766 * 0.3 + 120, rel=0.02)
    short = measured(START, START + 5 * HOUR)
    none = standing(short, hourly_costs(short.energies, TARIFF, {}), BERLIN)
    assert (none.base_load, none.base_load_per_year, none.per_year) == (None, None, None)


def test_a_contract_year_with_unknown_costs_has_no_outlook() -> None:
    year = contract_year(Contract(start=date(2025, 4, 15)), date(2025, 6, 1))
    assert year is not None
    known = measured(START - 400 * DAY, START + 47 * DAY)
    costs = hourly_costs(known.energies, TARIFF, {})
    whole = outlook(known, costs, year, BERLIN)
    assert whole is not None
    # Prices that were entered for the last ten days only.
    late = [hour for hour in costs if hour.start >= START + 37 * DAY]
    assert outlook(known, late, year, BERLIN) is None
    # Single hours that wait for their price will cost something.
    waiting = [waits(hour) if hour.start // HOUR % 20 == 0 else hour for hour in costs]
    found = outlook(known, waiting, year, BERLIN)
    assert found is not None
    assert found.expected == pytest.approx(whole.expected, rel=1e-3)


def waits(hour: HourCost) -> HourCost:
    """Return an hour that waits for its price."""
    return HourCost(hour.start, None)


def test_costs_that_begin_within_a_contract_year_are_said_to() -> None:
    year = contract_year(Contract(start=date(2025, 4, 15)), date(2025, 6, 1))
    assert year is not None
    first = datetime(2025, 5, 2, tzinfo=BERLIN)
    assert costs_since(year, first, BERLIN) == first
    assert costs_since(year, datetime(2025, 4, 15, 12, tzinfo=BERLIN), BERLIN) is None
    assert costs_since(year, None, BERLIN) is None
