"""The costs of counters, kept by a real recorder while a house lives."""

from datetime import timedelta
from typing import Any, Final

import pytest

from custom_components.py_hab.costs.account import CONF_PRICES
from custom_components.py_hab.costs.contract import Contract
from custom_components.py_hab.costs.figures import CostFigures
from custom_components.py_hab.costs.prices import HOUR, Price, Window
from custom_components.py_hab.history import costs as module
from custom_components.py_hab.history.cost_statistic import cost_statistic_id
from custom_components.py_hab.history.statistics.editor import get_editor
from custom_components.py_hab.history.undo import async_take_back, async_undo, runs
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import get_metadata
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
from tests.support.box_house import FRIDGE, METER, House, outage
from tests.support.living import recorded
from tests.support.priced import (
    FRIDGE_KEY,
    LONG_AGO,
    MARKET,
    METER_KEY,
    costs,
    days_ago,
    priced,
    true_costs,
)

NIGHT: Final = Window(start=22 * 60, end=6 * 60, price=0.21)
FLAT: Final = Price(since=LONG_AGO, price=0.32, base=11.9)
HT_NT: Final = Price(since=LONG_AGO, price=0.36, base=11.9, windows=[NIGHT])
COST: Final = cost_statistic_id(METER_KEY)


def figures(house: House, key: str = METER_KEY) -> CostFigures:
    """Return what the costs of a counter amount to."""
    found: CostFigures = house.entry.runtime_data.costs.figures[key]
    return found


async def new_prices(
    house: House, *prices: Price, id: str = "second", key: str = METER_KEY
) -> None:
    """Let the user change the prices."""
    entries = house.hass.config_entries
    entries.async_update_entry(
        house.entry, options={**house.entry.options, **priced(*prices, id=id, key=key)}
    )
    await entries.async_reload(house.entry.entry_id)
    await calculated(house)


async def calculated(house: House) -> None:
    """Wait until all costs are calculated, those of the hour included that was just compiled."""
    await recorded(house.hass)
    await house.hass.async_block_till_done(wait_background_tasks=True)
    await recorded(house.hass)


async def metadata(hass: HomeAssistant, statistic_id: str) -> Any:
    """Return the metadata of a statistic."""
    found = await get_instance(hass).async_add_executor_job(
        lambda: get_metadata(hass, statistic_ids={statistic_id})
    )
    return found[statistic_id][1]


async def test_the_past_and_each_new_hour_cost_what_they_should(house: House) -> None:
    await house.start_new(**priced(HT_NT))
    await house.lives(timedelta(minutes=10))
    await calculated(house)
    first = await costs(house.hass)
    assert len(first) > 40
    assert first == pytest.approx(await true_costs(house.hass, METER, HT_NT), abs=1e-5)
    await house.to_the_hour(10)
    await house.to_the_hour(10)
    await calculated(house)
    later = await costs(house.hass)
    assert len(later) == len(first) + 2
    assert later == pytest.approx(await true_costs(house.hass, METER, HT_NT), abs=1e-5)
    found = await metadata(house.hass, COST)
    assert (found["source"], found["unit_of_measurement"], found["has_sum"]) == (
        "py_hab",
        "EUR",
        True,
    )
    assert found["name"] == "Stromzähler Energy import: costs"
    known = figures(house)
    midnight = dt_util.start_of_local_day().timestamp()
    today = sum(cost for start, cost in later.items() if start >= midnight)
    assert known.today.amount == pytest.approx(today, abs=1e-5)
    assert known.today.since.timestamp() == midnight
    assert known.until.timestamp() == max(later) + HOUR
    assert known.month.amount == pytest.approx(sum(later.values()), abs=1e-5)
    assert known.contract is None


async def test_a_price_that_is_entered_at_noon_holds_from_the_start_of_its_day(
    house: House,
) -> None:
    await house.start_new(**priced(FLAT))
    await house.lives(timedelta(minutes=10))
    await calculated(house)
    before = await costs(house.hass)
    prices = (FLAT, Price(since=days_ago(1), price=0.5, base=20.0))
    await new_prices(house, *prices)
    after = await costs(house.hass)
    assert after == pytest.approx(await true_costs(house.hass, METER, *prices), abs=1e-5)
    assert {start for start in after if abs(after[start] - before[start]) > 1e-6} == {
        start for start in after if start >= dt_util.start_of_local_day(days_ago(1)).timestamp()
    }
    # The change of prices is a run of its own, and can be taken back.
    found = [run for run in runs(house.hass, house.entry.entry_id) if run.reason == "cost"]
    assert [run.run for run in found] == ["second", "first"]
    await async_take_back(house.hass, "second", [COST], dry_run=False)
    await calculated(house)
    assert await costs(house.hass) == pytest.approx(before, abs=1e-6)
    # It stays taken back, until the user asks for costs again.
    await house.to_the_hour(10)
    assert await costs(house.hass) == pytest.approx(before, abs=1e-6)
    get_editor(house.hass).journal.changes_of(COST).undone = False
    await new_prices(house, *prices, id="third")
    assert await costs(house.hass) == pytest.approx(
        await true_costs(house.hass, METER, *prices), abs=1e-5
    )
    assert METER_KEY in house.entry.runtime_data.costs.figures
    await async_undo(house.hass, COST, dry_run=False)
    await calculated(house)
    assert await costs(house.hass) == {}
    assert house.entry.runtime_data.costs.figures == {}


async def test_hours_wait_for_the_price_of_an_entity_and_are_filled(house: House) -> None:
    price = Price(since=LONG_AGO, price=0.05, entity=MARKET)
    house.hass.states.async_set(MARKET, "unavailable")
    await house.start_new(**priced(price, key=FRIDGE_KEY))
    await house.to_the_hour(10)
    await calculated(house)
    assert await costs(house.hass, FRIDGE_KEY) == {}
    assert FRIDGE_KEY not in house.entry.runtime_data.costs.figures
    attributes = {"unit_of_measurement": "ct/kWh"}
    market = {}
    for number, shown in enumerate(("-12.5", "unknown", "30")):
        start = int(dt_util.utcnow().timestamp()) // HOUR * HOUR
        # The price of the hour is shown from its first ten minutes on.
        house.hass.states.async_set(MARKET, shown, attributes)
        if number != 1:
            market[start] = float(shown) / 100
        await house.to_the_hour(10 if number == 2 else 0)
    await calculated(house)
    truth = await true_costs(house.hass, FRIDGE, price, market=market)
    assert len([cost for cost in truth.values() if cost is not None]) >= 2
    found = await costs(house.hass, FRIDGE_KEY)
    assert found == pytest.approx(
        {start: cost for start, cost in truth.items() if cost is not None}, abs=1e-5
    )
    assert figures(house, FRIDGE_KEY).waiting == len(truth) - len(found)


async def test_an_outage_that_is_mended_after_the_price_has_changed_costs_what_it_should(
    house: House,
) -> None:
    await house.start(**priced(FLAT))
    await outage(house, 3)
    prices = (FLAT, Price(since=days_ago(0), price=0.5, base=20.0))
    await new_prices(house, *prices)
    await house.lives(timedelta(hours=2))
    await calculated(house)
    assert house.gaps == []
    found = await costs(house.hass)
    assert found == pytest.approx(await true_costs(house.hass, METER, *prices), abs=1e-5)


async def test_costs_begin_anew_in_another_currency(house: House) -> None:
    await house.start_new(**priced(FLAT))
    await house.lives(timedelta(minutes=10))
    await calculated(house)
    before = await costs(house.hass)
    # All hours are calculated at once, not only the last ones, and sensors follow.
    await house.hass.config.async_update(currency="CHF")
    await calculated(house)
    assert (await metadata(house.hass, COST))["unit_of_measurement"] == "CHF"
    assert await costs(house.hass) == pytest.approx(before)
    await new_prices(house, FLAT)
    assert (await metadata(house.hass, COST))["unit_of_measurement"] == "CHF"
    assert await costs(house.hass) == pytest.approx(before)
    # Another name of the home changes nothing.
    await house.hass.config.async_update(location_name="Elsewhere")
    today = "sensor.stromzahler_cost_today"
    for currency in ("CHF", "EUR"):
        await house.hass.config.async_update(currency=currency)
        await calculated(house)
        state = house.hass.states.get(today)
        assert state is not None
        assert state.attributes["unit_of_measurement"] == currency


async def test_an_entry_without_prices_has_no_costs(house: House) -> None:
    await house.start_new()
    await house.to_the_hour(10)
    await calculated(house)
    assert await costs(house.hass) == {}
    assert house.entry.runtime_data.costs.figures == {}


async def test_costs_that_cannot_be_calculated_are_tried_again_with_the_next_hour(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: Any) -> Any:
        raise HomeAssistantError(translation_domain="py_hab", translation_key="database_refused")

    with monkeypatch.context() as locked:
        locked.setattr(module, "async_calculate", refuse)
        await house.start_new(**priced(FLAT, contract=Contract(start=days_ago(1), instalment=90.0)))
        await house.to_the_hour(10)
        await calculated(house)
        assert await costs(house.hass) == {}
    await house.to_the_hour(10)
    await calculated(house)
    await house.to_the_hour(10)
    await calculated(house)
    found = await costs(house.hass)
    assert found == pytest.approx(await true_costs(house.hass, METER, FLAT), abs=1e-5)
    contract = figures(house).contract
    assert contract is not None
    since = dt_util.start_of_local_day(days_ago(1)).timestamp()
    spent = sum(cost for start, cost in found.items() if start >= since)
    assert contract.spent.amount == pytest.approx(spent, abs=1e-5)
    assert (contract.paid, contract.outlook) == (90.0, None)


async def test_a_contract_of_two_counters_follows_each_hour_of_both_while_both_are_known(
    house: House,
) -> None:
    contract = Contract(start=days_ago(1), instalment=90.0, others=[FRIDGE_KEY])
    both = priced(FLAT, contract=contract)[CONF_PRICES] | priced(HT_NT, key=FRIDGE_KEY)[CONF_PRICES]
    await house.start_new(**{CONF_PRICES: both})
    await house.lives(timedelta(minutes=10))
    since = dt_util.start_of_local_day(days_ago(1)).timestamp()
    for _ in range(2):
        await house.to_the_hour(10)
        await calculated(house)
        spent = 0.0
        for entity_id, key, price in ((METER, METER_KEY, FLAT), (FRIDGE, FRIDGE_KEY, HT_NT)):
            truth = await true_costs(house.hass, entity_id, price)
            spent += sum(cost or 0.0 for start, cost in truth.items() if start >= since)
            assert figures(house, key).until == figures(house).until
        found = figures(house).contract
        assert found is not None
        assert found.spent.amount == pytest.approx(spent, abs=1e-4)
        assert found.paid == 90.0
    assert figures(house, FRIDGE_KEY).contract is None
    # What one of them has cost was taken back: nobody knows what the contract costs.
    await async_undo(house.hass, cost_statistic_id(FRIDGE_KEY), dry_run=False)
    await calculated(house)
    assert figures(house).contract is None
