"""Prices that an entity has shown, from long-term statistics and states."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.costs.prices import Price
from custom_components.py_hab.history.entity_prices import (
    async_entity_prices,
    async_follow_names,
    price_now,
)
from custom_components.py_hab.history.planning.rows import HOUR
from custom_components.py_hab.history.statistics.gateway import Statistic, new_metadata
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.history import state_changes_during_period
from homeassistant.components.recorder.models import StatisticMeanType
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from tests.support.living import T0, recorded
from tests.support.priced import LONG_AGO, MARKET, priced

START = int(T0.timestamp())


async def shows(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, at: datetime, value: str, **more: Any
) -> None:
    """Let the entity show a price from a time on."""
    freezer.move_to(at)
    hass.states.async_set(MARKET, value, {"unit_of_measurement": "ct/kWh"} | more)
    await recorded(hass)


async def test_states_fill_the_hours_that_statistics_lack(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(T0)
    async_import_statistics(
        hass,
        {
            "source": "recorder",
            "statistic_id": MARKET,
            "name": None,
            "unit_of_measurement": "ct/kWh",
            "unit_class": None,
            "has_sum": False,
            "mean_type": StatisticMeanType.ARITHMETIC,
        },
        [
            {"start": T0 - timedelta(hours=back), "mean": mean, "min": mean, "max": mean}
            for back, mean in ((3, 10.0), (2, -5.0))
        ],
    )
    await recorded(hass)
    await shows(hass, freezer, T0 - timedelta(minutes=30), "20")
    await shows(hass, freezer, T0 + timedelta(minutes=30), "40")
    await shows(hass, freezer, T0 + timedelta(minutes=60), "unavailable")
    freezer.move_to(T0 + timedelta(hours=3))
    found = await async_entity_prices(hass, MARKET, START - 3 * HOUR, START + 3 * HOUR)
    assert found == {
        START - 3 * HOUR: pytest.approx(0.10),
        START - 2 * HOUR: pytest.approx(-0.05),
        START - HOUR: pytest.approx(0.20),
        START: pytest.approx(0.30),
    }
    only = await async_entity_prices(hass, MARKET, START - 3 * HOUR, START - HOUR)
    assert sorted(only) == [START - 3 * HOUR, START - 2 * HOUR]


async def test_each_price_has_the_unit_in_which_it_was_shown(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(T0)
    async_import_statistics(
        hass,
        new_metadata(Statistic(id=MARKET, unit="ct/kWh", has_sum=False)),
        [{"start": T0 - timedelta(hours=2), "mean": 30.0}],
    )
    await shows(hass, freezer, T0 - timedelta(hours=1), "31")
    await shows(hass, freezer, T0, "0.32", unit_of_measurement="EUR/kWh")
    freezer.move_to(T0 + timedelta(hours=1))
    found = await async_entity_prices(hass, MARKET, START - 2 * HOUR, START + HOUR)
    assert found == {
        START + number * HOUR: pytest.approx(price)
        for number, price in ((-2, 0.30), (-1, 0.31), (0, 0.32))
    }


async def test_a_price_that_has_not_changed_for_days_holds_after_its_states_were_purged(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await shows(hass, freezer, T0, "31.5")
    freezer.move_to(T0 + timedelta(days=30))
    await hass.services.async_call("recorder", "purge", {"keep_days": 1}, blocking=True)
    await recorded(hass)
    late = START + 29 * 24 * HOUR
    for _ in range(20):
        states = await recorder_mock.async_add_executor_job(
            lambda: state_changes_during_period(hass, T0, entity_id=MARKET)
        )
        if not states:
            break
        await recorded(hass)
    assert not states
    found = await async_entity_prices(hass, MARKET, late, late + 2 * HOUR)
    assert found == {late: pytest.approx(0.315), late + HOUR: pytest.approx(0.315)}
    # Before it was shown, nobody knows.
    assert await async_entity_prices(hass, MARKET, START - 2 * HOUR, START) == {}


async def test_prices_follow_an_entity_that_is_renamed(hass: HomeAssistant) -> None:
    registry = er.async_get(hass)
    market, other = (
        registry.async_get_or_create("sensor", "market", each, suggested_object_id=each).entity_id
        for each in ("market", "other")
    )
    since = Price(since=LONG_AGO, price=0.1)
    dynamic = replace(since, since=date(2025, 1, 1), entity=market)
    entry = MockConfigEntry(options={"else": 1, **priced(since, dynamic)})
    entry.add_to_hass(hass)
    stop = async_follow_names(hass, entry)
    registry.async_update_entity(other, new_entity_id="sensor.another")
    registry.async_update_entity(market, name="Market")
    await hass.async_block_till_done()
    assert entry.options == {"else": 1, **priced(since, dynamic)}
    registry.async_update_entity(market, new_entity_id="sensor.exchange")
    await hass.async_block_till_done()
    renamed = priced(since, replace(dynamic, entity="sensor.exchange"))
    assert entry.options == {"else": 1, **renamed}
    stop()
    registry.async_update_entity("sensor.exchange", new_entity_id=market)
    await hass.async_block_till_done()
    assert entry.options == {"else": 1, **renamed}


async def test_an_entity_without_a_unit_of_prices_has_none(
    recorder_mock: Recorder, hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    await shows(hass, freezer, T0, "20", unit_of_measurement="W")
    assert await async_entity_prices(hass, MARKET, START, START + HOUR) == {}
    assert await async_entity_prices(hass, "sensor.nobody", START, START + HOUR) == {}


@pytest.mark.parametrize(
    ("state", "unit", "price"),
    [
        ("31.5", "ct/kWh", 0.315),
        ("-0.02", "EUR/kWh", -0.02),
        ("31.5", None, None),
        ("on", "EUR/kWh", None),
        ("85.5", "EUR/MWh", 0.0855),
        ("-0.0003", "EUR/Wh", -0.3),
        ("-12", "ct / kWh", -0.12),
        ("0.31", "€/kWh", 0.31),
        ("unavailable", "EUR/kWh", None),
        ("0.31", "CHF/kWh", None),
        ("0.31", "EUR", None),
        ("inf", "EUR/kWh", None),
        ("1e300", "EUR/kWh", None),
        ("nan", "EUR/kWh", None),
    ],
)
def test_an_entity_shows_a_price_or_none(state: str, unit: str | None, price: float | None) -> None:
    shown = State(MARKET, state, {"unit_of_measurement": unit} if unit else {})
    assert price_now(shown, "EUR") == (price if price is None else pytest.approx(price))
    assert price_now(None, "EUR") is None
