"""Sensors of counters with prices."""

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.costs.account import CONF_PRICES, CounterPrices
from custom_components.py_hab.costs.contract import Contract
from custom_components.py_hab.costs.figures import (
    Amount,
    ContractFigures,
    CostFigures,
    Outlook,
    Standing,
)
from custom_components.py_hab.costs.prices import Price
from custom_components.py_hab.sensors.costs import (
    COST_SENSORS,
    COST_SHARE,
    counted_twice,
    share,
    total_of,
)
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity_component import async_update_entity
from homeassistant.util import dt as dt_util
from simulator.fritzbox_devices import EXPORT, IMPORT, REFRIGERATOR
from tests.support.living import recorded
from tests.support.measured_home import write_hours
from tests.support.passing_time import Time
from tests.support.priced import EXPORT_KEY, FRIDGE_KEY, LONG_AGO, METER_KEY, priced
from tests.support.watching import state_of

METER: Final = "sensor.stromzahler_energy_import"
PRICE: Final = Price(since=LONG_AGO, price=0.3, base=7.2)
CONTRACT: Final = Contract(start=date(2025, 10, 1), instalment=95.0, bonus=60.0)
AT: Final = datetime(2026, 3, 20, 18, tzinfo=UTC)
FIGURES: Final = CostFigures(
    until=AT,
    today=Amount(amount=1.23456, since=AT),
    month=Amount(amount=30.0, since=AT),
    contract=ContractFigures(
        first=date(2025, 10, 1),
        end=date(2026, 10, 1),
        spent=Amount(amount=500.0, since=AT),
        paid=570.0,
        bonus=60.0,
        outlook=Outlook(expected=1000.0, low=950.0, high=1050.006, fitting_instalment=88.333),
    ),
    standing=Standing(base_load=101.5, base_load_per_year=266.9, per_year=990.0),
)


@pytest.fixture
def ains() -> Collection[str]:
    """A meter and a plug."""
    return {IMPORT.removesuffix("-1"), IMPORT, EXPORT, REFRIGERATOR}


def values(figures: CostFigures) -> dict[str, float | None]:
    """Return what all sensors show."""
    return {item.key: item.value_fn(figures) for item in COST_SENSORS}


def test_sensors_show_what_the_figures_say() -> None:
    assert values(FIGURES) == {
        "cost_today": 1.2346,
        "cost_month": 30.0,
        "cost_contract_year": 500.0,
        "contract_paid": 570.0,
        "contract_forecast": 1000.0,
        "contract_forecast_low": 950.0,
        "contract_forecast_high": 1050.01,
        "contract_instalment": 88.33,
        "contract_bonus": 60.0,
        "cost_per_year": 990.0,
        "base_load": 101.5,
        "base_load_cost": 266.9,
    }


def test_what_is_not_known_yet_is_no_number() -> None:
    new = CostFigures(until=AT, today=FIGURES.today, month=FIGURES.month)
    known = {key: value for key, value in values(new).items() if value is not None}
    assert known == {"cost_today": 1.2346, "cost_month": 30.0}
    year = next(item for item in COST_SENSORS if item.key == "cost_contract_year")
    assert year.since_fn is not None
    assert (year.since_fn(new), year.since_fn(FIGURES)) == (None, AT)
    today = next(item for item in COST_SENSORS if item.key == "cost_today")
    assert today.attributes_fn is not None
    assert today.attributes_fn(new) == {}
    assert today.attributes_fn(replace(new, waiting=3)) == {"hours_without_price": 3}


@pytest.mark.parametrize(
    ("unique_id", "contract", "count"),
    [
        ("1_energy_import", None, 5),
        ("1_energy_import", CONTRACT, 12),
        ("1_energy_import", replace(CONTRACT, bonus=0.0), 11),
        ("1_energy_export", None, 3),
        # While another tariff holds, a tariff has no base load.
        ("1_energy_import_t2", CONTRACT, 10),
    ],
)
def test_a_counter_has_the_sensors_that_make_sense(
    unique_id: str, contract: Contract | None, count: int
) -> None:
    prices = CounterPrices(id="1", prices=[PRICE], contract=contract)
    assert sum(item.exists_fn(unique_id, prices) for item in COST_SENSORS) == count


def test_what_counts_the_same_energy_is_known() -> None:
    counters = ["1_energy_import", "1_energy_import_t1", "2_energy_import_t1", "1_energy_export_t2"]
    assert counted_twice(counters) == [("1_energy_import_t1", "1_energy_import")]
    assert [total_of(each) for each in counters] == [
        None,
        "1_energy_import",
        "2_energy_import",
        "1_energy_export",
    ]
    assert total_of("1_t1") is total_of("1_energy_import_t9") is None


def test_the_share_of_a_plug_is_that_of_all_imports() -> None:
    others = {"1_energy_import": FIGURES, "2_energy_export": FIGURES, "3_energy": FIGURES}
    assert share(99.0, others) == 10.0
    assert share(99.0, {"3_energy": FIGURES}) is None
    # A meter counts what it draws in total, and again for each tariff.
    tariffs = {f"1_energy_import_t{number}": FIGURES for number in (1, 2)}
    assert share(99.0, others | tariffs) == 10.0
    assert share(99.0, tariffs) == 5.0
    prices = CounterPrices(id="1", prices=[PRICE])
    has_share = [each for each in others if COST_SHARE.exists_fn(each, prices)]
    assert has_share == ["3_energy"]


@pytest.fixture
async def entry(
    time: Time, recorder_mock: Recorder, hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> MockConfigEntry:
    """A box whose meter has two days of hours, 0.1 kWh each, and no prices yet."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    assert await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    await hass.async_block_till_done()
    await write_hours(hass, METER)
    return fritzbox_entry


async def enter(hass: HomeAssistant, entry: MockConfigEntry, options: dict[str, Any]) -> None:
    """Let the user enter prices."""
    hass.config_entries.async_update_entry(entry, options=options)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    await recorded(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_a_counter_with_prices_shows_what_it_costs(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await enter(hass, entry, priced(PRICE, contract=CONTRACT))
    midnight = dt_util.start_of_local_day()
    hours = int((dt_util.utcnow() - midnight).total_seconds()) // 3600
    hourly = 0.03 + 7.2 / 743
    today = hass.states.get("sensor.stromzahler_cost_today")
    assert today is not None
    assert float(today.state) == pytest.approx(hours * hourly, abs=1e-3)
    assert dt_util.parse_datetime(today.attributes["last_reset"]) == midnight
    assert today.attributes["unit_of_measurement"] == "EUR"
    assert (today.attributes["state_class"], today.attributes["device_class"]) == (
        "total",
        "monetary",
    )
    shown = {
        key: state_of(hass, f"{METER_KEY}_{key}")
        for key in ("cost_contract_year", "contract_paid", "contract_forecast", "base_load")
    }
    # The first hour holds what was counted before.
    assert float(shown.pop("cost_contract_year") or 0) == pytest.approx(
        47 * 0.03 + 48 * 7.2 / 743, abs=0.01
    )
    assert shown == {
        "contract_paid": "570.0",
        # A new home cannot know yet.
        "contract_forecast": "unknown",
        "base_load": "100.0",
    }
    # The contract is older than the history: its costs are not all of them.
    year = hass.states.get("sensor.stromzahler_cost_this_contract_year")
    assert year is not None
    since = dt_util.parse_datetime(year.attributes["costs_since"])
    assert since is not None
    assert timedelta(days=1) < dt_util.utcnow() - since < timedelta(days=3)
    registry = er.async_get(hass)
    meter, cost = (registry.async_get(each) for each in (METER, today.entity_id))
    assert meter
    assert cost
    assert meter.device_id == cost.device_id
    assert dr.async_get(hass).async_get(cost.device_id or "")


async def test_the_sun_does_not_hide_the_base_load_of_a_home_that_feeds_in(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await write_hours(hass, METER, idle_at=12)
    await enter(hass, entry, priced(PRICE))
    assert state_of(hass, f"{METER_KEY}_base_load") == "100.0"


async def test_feed_in_has_earnings(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await write_hours(hass, "sensor.stromzahler_energy_export")
    await enter(hass, entry, priced(Price(since=LONG_AGO, price=0.08), key=EXPORT_KEY))
    state = hass.states.get("sensor.stromzahler_earnings_this_month")
    assert state is not None
    assert float(state.state) == pytest.approx(47 * 0.008, abs=1e-3)


async def test_a_plug_knows_its_share_once_a_year_is_known(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await enter(hass, entry, priced(PRICE, key=FRIDGE_KEY))
    assert state_of(hass, f"{FRIDGE_KEY}_cost_share") == "unknown"
    entry.runtime_data.costs.figures.update({METER_KEY: FIGURES, FRIDGE_KEY: FIGURES})
    await async_update_entity(hass, "sensor.kuhlschrank_share_of_the_cost")
    assert state_of(hass, f"{FRIDGE_KEY}_cost_share") == "100.0"


async def test_sensors_of_two_counters_of_one_device_are_named_after_them(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    registry = er.async_get(hass)
    meter = registry.async_get(METER)
    assert meter is not None
    other = f"{METER_KEY}_t1"
    registry.async_get_or_create(
        "sensor", DOMAIN, other, device_id=meter.device_id, original_name="Tariff 1"
    )
    prices = [priced(PRICE, key=key)[CONF_PRICES] for key in (METER_KEY, other)]
    await enter(hass, entry, {CONF_PRICES: prices[0] | prices[1]})
    names = {state.name for state in hass.states.async_all("sensor") if "Cost today" in state.name}
    assert names == {
        "Stromzähler Cost today (Energy import)",
        "Stromzähler Cost today (Tariff 1)",
    }


async def test_sensors_go_with_the_prices_and_the_contract(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    registry = er.async_get(hass)

    def registered() -> int:
        found = er.async_entries_for_config_entry(registry, entry.entry_id)
        return sum(item.unique_id.startswith(f"{METER_KEY}_") for item in found)

    await enter(hass, entry, priced(PRICE, contract=CONTRACT))
    assert registered() == 12
    await enter(hass, entry, priced(PRICE))
    assert registered() == 5
    await enter(hass, entry, {CONF_PRICES: {}})
    assert registered() == 0
    assert hass.states.get("sensor.stromzahler_cost_today") is None
