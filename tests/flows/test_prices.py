"""The dialog for prices, on a real recorder."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.costs.account import CONF_PRICES, stored_prices, to_options
from custom_components.py_hab.costs.contract import Contract
from custom_components.py_hab.costs.prices import HOUR, Price, Window
from custom_components.py_hab.flows import price_list
from custom_components.py_hab.history.cost_statistic import cost_statistic_id
from custom_components.py_hab.history.statistics import gateway
from custom_components.py_hab.history.statistics.editor import get_editor
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import async_import_statistics
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from tests.support.dialogue import Dialogue, prefer
from tests.support.living import recorded, rows
from tests.support.measured_home import DAYS, this_hour, write_hours
from tests.support.priced import (
    EXPORT_KEY,
    FRIDGE_KEY,
    MARKET,
    METER_KEY,
    costs,
    days_ago,
    local_hour,
)

METER: Final = "sensor.stromzahler_energy_import"
SINCE: Final = "2026-01-01"
EVERY_DAY: Final = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
NIGHT: Final = {"weekdays": EVERY_DAY, "start": "22:00:00", "end": "06:00:00", "price": 21.5}


@pytest.fixture
async def measured(hass: HomeAssistant, box_entry: MockConfigEntry) -> MockConfigEntry:
    """A box whose meter has two days of hours, 0.1 kWh each."""
    await write_hours(hass, METER)
    return box_entry


async def price_form(hass: HomeAssistant, entry: MockConfigEntry, key: str = METER_KEY) -> Dialogue:
    """Open the form for a price of a counter; for a new one if it has prices."""
    dialogue = await prefer(hass, entry, "prices")
    await dialogue.answer(counter=key)
    if dialogue.step == "prices_what":
        await dialogue.answer(what="new")
    assert dialogue.step == "price"
    return dialogue


async def saved(dialogue: Dialogue, hass: HomeAssistant) -> None:
    """Agree to the preview, and wait for the costs."""
    assert dialogue.step == "price_preview", dialogue.errors
    await dialogue.answer()
    await hass.async_block_till_done(wait_background_tasks=True)
    await recorded(hass)


async def test_a_first_price_is_suggested_previewed_and_gives_the_whole_history_its_cost(
    hass: HomeAssistant, measured: MockConfigEntry
) -> None:
    dialogue = await prefer(hass, measured, "prices")
    labels = {
        option["value"]: option["label"] for option in dialogue.field("counter").config["options"]
    }
    assert labels[METER_KEY] == "Stromzähler Energy import: no price"
    assert {EXPORT_KEY, FRIDGE_KEY} < labels.keys()
    await dialogue.answer(counter=METER_KEY)
    first = dt_util.now() - timedelta(days=DAYS)
    assert dialogue.suggested["since"] == first.date().isoformat()
    # The user has set a price on the FRITZ!Box.
    assert dialogue.suggested["price"] > 20
    assert "remove" not in dialogue.suggested
    page = dialogue.page
    assert page["windows"]["selector"]["object"]["fields"]["start"]["label"] == "From"
    await dialogue.answer(since=SINCE, price=30.0, base=7.2)
    report = dialogue.placeholders["report"]
    assert report == "Costs with these prices: 1.88 EUR (2 days until now)."
    assert "30.00 ct/kWh, 7.20 EUR per month from 2026-01-01 on" in dialogue.placeholders["prices"]
    await saved(dialogue, hass)
    assert stored_prices(measured.options)[METER_KEY].prices == [
        Price(since=date.fromisoformat(SINCE), price=0.3, base=7.2)
    ]
    costs = await rows(hass, cost_statistic_id(METER_KEY))
    assert len(costs) == DAYS * 24
    assert [row["change"] for row in costs[1:]] == pytest.approx(
        [0.03 + 7.2 / 743] * (len(costs) - 1), rel=0.01
    )


async def test_windows_an_entity_and_a_second_price_are_stored(
    hass: HomeAssistant, measured: MockConfigEntry
) -> None:
    hass.states.async_set(MARKET, "-3.5", {"unit_of_measurement": "ct/kWh"})
    dialogue = await price_form(hass, measured)
    await dialogue.answer(since=SINCE, price=36.0, windows=[NIGHT])
    await saved(dialogue, hass)
    dialogue = await price_form(hass, measured)
    assert dialogue.suggested == {"since": dt_util.now().date().isoformat()}
    await dialogue.answer(since="2026-03-20", price=15.0, entity=MARKET)
    assert "With the present prices: " in dialogue.placeholders["report"]
    await saved(dialogue, hass)
    first, second = stored_prices(measured.options)[METER_KEY].prices
    assert first.windows == [Window(start=1320, end=360, price=0.215)]
    assert (second.price, second.entity) == (0.15, MARKET)
    # The first one is shown again as it was entered.
    dialogue = await prefer(hass, measured, "prices")
    await dialogue.answer(counter=METER_KEY)
    await dialogue.answer(what="0")
    assert dialogue.suggested == {"since": SINCE, "price": 36.0, "base": 0.0, "windows": [NIGHT]}
    # The last price but one is removed.
    await dialogue.answer(since=SINCE, price=36.0, remove=True)
    await saved(dialogue, hass)
    assert stored_prices(measured.options)[METER_KEY].prices == [second]


async def test_costs_before_a_new_price_stay_although_the_prices_of_the_entity_were_purged(
    hass: HomeAssistant, measured: MockConfigEntry
) -> None:
    hour = timedelta(hours=1)
    first = this_hour() - DAYS * 24 * hour
    cents = [float(number % 24) - 6 for number in range(DAYS * 24)]
    async_import_statistics(
        hass,
        gateway.new_metadata(gateway.Statistic(id=MARKET, unit="ct/kWh", has_sum=False)),
        [{"start": first + number * hour, "mean": each} for number, each in enumerate(cents)],
    )
    hass.states.async_set(MARKET, "12", {"unit_of_measurement": "ct/kWh"})
    await recorded(hass)
    dialogue = await price_form(hass, measured)
    await dialogue.answer(since=SINCE, price=10.0, entity=MARKET)
    await saved(dialogue, hass)
    before = await costs(hass)
    # The first hour holds what was counted before: nothing.
    assert list(before.values())[1:] == pytest.approx(
        [0.1 * (0.1 + each / 100) for each in cents[1:]], abs=1e-9
    )
    get_instance(hass).async_clear_statistics([MARKET])
    await recorded(hass)
    hass.states.async_remove(MARKET)
    # Each of these changes makes the earlier costs those of another set of prices.
    for days in (1, 0):
        dialogue = await price_form(hass, measured)
        await dialogue.answer(since=days_ago(days).isoformat(), price=30.0)
        await saved(dialogue, hass)
    midnight = int(dt_util.start_of_local_day(days_ago(1)).timestamp())
    assert await costs(hass) == pytest.approx(
        {start: cost if start < midnight else 0.03 for start, cost in before.items()}
        | {min(before): before[min(before)]},
        abs=1e-9,
    )
    figures = measured.runtime_data.costs.figures[METER_KEY]
    assert figures.waiting == 0
    assert figures.first == first
    # A set of prices that was never written passes on what it might have kept.
    known = stored_prices(measured.options)[METER_KEY]
    unwritten = to_options({METER_KEY: replace(known, id="unwritten", kept_until=midnight)})
    hass.config_entries.async_update_entry(measured, options={CONF_PRICES: unwritten})
    dialogue = await price_form(hass, measured)
    await dialogue.answer(since="2040-01-01", price=30.0)
    await saved(dialogue, hass)
    assert stored_prices(measured.options)[METER_KEY].kept_until == midnight


async def test_a_price_that_cannot_be_used_is_refused(
    hass: HomeAssistant, measured: MockConfigEntry
) -> None:
    hass.states.async_set(MARKET, "unknown", {"unit_of_measurement": "ct/kWh"})
    hass.states.async_set("input_number.price", "0.31")
    dialogue = await price_form(hass, measured)
    late_evening = NIGHT | {"start": "21:00:00", "end": "23:00:00"}
    refused: list[tuple[dict[str, Any], dict[str, str], str]] = [
        ({}, {"base": "no_price"}, "-"),
        ({"price": 30.0, "base": -1.0}, {"base": "negative_base_price"}, "-"),
        ({"windows": [NIGHT]}, {"base": "price_gap"}, "Monday 06:00"),
        (
            {"price": 30.0, "windows": [NIGHT, late_evening]},
            {"base": "price_overlap"},
            "Monday 22:00",
        ),
        ({"entity": "sensor.nobody"}, {"entity": "price_entity_no_number"}, "-"),
        ({"entity": MARKET}, {"entity": "price_entity_no_number"}, "-"),
        ({"entity": "input_number.price"}, {"entity": "price_entity_unit"}, "-"),
        ({"entity": "sensor.kuhlschrank_power"}, {"entity": "price_entity_unit"}, "-"),
    ]
    for entered, error, where in refused:
        await dialogue.answer(since=SINCE, **entered)
        assert dialogue.step == "price"
        assert dialogue.errors == error, entered
        assert dialogue.placeholders["where"] == where
        assert dialogue.suggested == {"since": SINCE, **entered}


async def test_a_price_that_changes_in_the_middle_of_a_day_is_stored_shown_and_calculated(
    hass: HomeAssistant, measured: MockConfigEntry
) -> None:
    dialogue = await price_form(hass, measured)
    await dialogue.answer(since=SINCE, price=30.0)
    await saved(dialogue, hass)
    dialogue = await price_form(hass, measured)
    noon = dt_util.now().replace(hour=12, minute=15, second=0, microsecond=0) - timedelta(days=1)
    entered = {"since": noon.date().isoformat(), "time": "12:15:00", "price": 40.0}
    await dialogue.answer(**entered)
    assert f"40.00 ct/kWh from {noon:%Y-%m-%d} 12:15 on" in dialogue.placeholders["prices"]
    await saved(dialogue, hass)
    assert stored_prices(measured.options)[METER_KEY].prices[1].begin == noon.replace(tzinfo=None)
    # Each hour has counted 0.1 kWh.
    found = await costs(hass)
    hour = local_hour(noon)
    assert [found[hour + number * HOUR] for number in (-1, 0, 1)] == pytest.approx(
        [0.03, 0.1 * (0.3 / 4 + 0.4 * 3 / 4), 0.04]
    )
    dialogue = await prefer(hass, measured, "prices")
    await dialogue.answer(counter=METER_KEY)
    await dialogue.answer(what="1")
    assert dialogue.suggested == entered | {"base": 0.0}


async def test_two_prices_from_one_time_are_refused_and_without_any_there_are_no_costs(
    hass: HomeAssistant, measured: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialogue = await price_form(hass, measured)
    await dialogue.answer(since=SINCE, price=30.0)
    await saved(dialogue, hass)
    dialogue = await price_form(hass, measured)
    await dialogue.answer(since=SINCE, price=31.0)
    assert dialogue.errors == {"base": "price_same_time"}
    await dialogue.leave()
    dialogue = await prefer(hass, measured, "prices")
    await dialogue.answer(counter=METER_KEY)
    await dialogue.answer(what="0")
    await dialogue.answer(since=SINCE, price=30.0, remove=True)
    assert dialogue.placeholders["prices"] == ""
    with monkeypatch.context() as refused:
        refused.setattr(get_editor(hass), "is_ready", lambda: False)
        await dialogue.answer()
    assert dialogue.errors == {"base": "no_recorder"}
    await saved(dialogue, hass)
    assert stored_prices(measured.options) == {}
    assert await rows(hass, cost_statistic_id(METER_KEY)) == []
    assert not get_editor(hass).journal.changes_of(cost_statistic_id(METER_KEY)).undone


async def test_a_contract_is_stored_changed_and_removed(
    hass: HomeAssistant, measured: MockConfigEntry
) -> None:
    dialogue = await price_form(hass, measured)
    await dialogue.answer(since=SINCE, price=30.0)
    await saved(dialogue, hass)
    known = stored_prices(measured.options)[METER_KEY]

    async def contract(**values: Any) -> dict[str, Any]:
        dialogue = await prefer(hass, measured, "prices")
        await dialogue.answer(counter=METER_KEY)
        await dialogue.answer(what="contract")
        shown = dialogue.suggested
        await dialogue.answer(**values)
        await hass.async_block_till_done(wait_background_tasks=True)
        return shown

    assert await contract(start="2025-10-01", instalment=95.0, bonus=60.0) == {"start": SINCE}
    stored = stored_prices(measured.options)[METER_KEY]
    assert stored.contract == Contract(start=date(2025, 10, 1), instalment=95.0, bonus=60.0)
    # The costs follow from the prices, which are the same.
    assert (stored.id, stored.prices) == (known.id, known.prices)
    assert await contract(start="2025-10-01", remove=True) == {
        "start": "2025-10-01",
        "instalment": 95.0,
        "bonus": 60.0,
    }
    assert stored_prices(measured.options)[METER_KEY].contract is None


async def test_prices_need_a_loaded_entry_with_counters(
    hass: HomeAssistant, measured: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_list, "energy_counters", lambda *_: [])
    assert (await prefer(hass, measured, "prices")).end == "no_counters"
    assert await hass.config_entries.async_unload(measured.entry_id)
    assert (await prefer(hass, measured, "prices")).end == "not_loaded"
