"""The dialog for a contract, and what a contract of several counters amounts to."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.costs.account import CONF_PRICES, stored_prices
from custom_components.py_hab.costs.contract import Contract, Instalment
from custom_components.py_hab.flows.energy_counters import connections_and_consumers
from custom_components.py_hab.flows.energy_plan import energies_shown
from custom_components.py_hab.history.cost_statistic import cost_statistic_id
from homeassistant.components.energy.data import async_get_manager
from homeassistant.components.recorder import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from tests.support.dialogue import Dialogue, prefer
from tests.support.living import recorded, rows
from tests.support.passing_time import Time
from tests.support.priced import days_ago
from tests.support.two_tariffs import FED_IN, HIGH, LOW, TOTAL, entity_of, two_tariff_meter
from tests.support.watching import state_of

SINCE: Final = "2020-01-01"
BASE: Final = 11.9
CENTS: Final = {HIGH: 36.12, LOW: 27.34, TOTAL: 33.0, FED_IN: 8.11}


@pytest.fixture
async def entry(
    time: Time,
    recorder_mock: Recorder,
    hass: HomeAssistant,
    mock_hass_config: None,
    mqtt_client_mock: Any,
) -> AsyncIterator[MockConfigEntry]:
    """A meter with two tariffs."""
    async for found in two_tariff_meter(time, hass, mqtt_client_mock):
        yield found


async def calculated(hass: HomeAssistant) -> None:
    """Wait until all costs are calculated."""
    for _ in range(2):
        await hass.async_block_till_done(wait_background_tasks=True)
        await recorded(hass)


async def form(hass: HomeAssistant, entry: MockConfigEntry, key: str, what: str) -> Dialogue:
    """Open the form for a new price or the contract of a counter."""
    dialogue = await prefer(hass, entry, "prices")
    await dialogue.answer(counter=key)
    if dialogue.step == "prices_what":
        await dialogue.answer(what=what)
    return dialogue


async def price(
    hass: HomeAssistant, entry: MockConfigEntry, key: str, **more: Any
) -> dict[str, Any]:
    """Give a counter a price; return what the preview shows."""
    dialogue = await form(hass, entry, key, "new")
    await dialogue.answer(**{"since": SINCE, "price": CENTS[key], **more})
    assert dialogue.step == "price_preview", dialogue.errors
    shown = dict(dialogue.placeholders)
    await dialogue.answer()
    await calculated(hass)
    return shown


async def spent(hass: HomeAssistant, key: str, first: date, *, base: float = 0.0) -> float:
    """Return what a counter has cost since a day, from nothing but its hours and its price."""
    total = 0.0
    for row in await rows(hass, entity_of(hass, key)):
        local = dt_util.as_local(dt_util.utc_from_timestamp(row["start"]))
        if local.date() < first:
            continue
        month = datetime(local.year, local.month, 1, tzinfo=local.tzinfo)
        following = (month + timedelta(days=32)).replace(day=1)
        hours = (following.timestamp() - month.timestamp()) / 3600
        total += row["change"] * CENTS[key] / 100 + base / hours
    return total


async def test_high_and_low_tariff_have_one_contract(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await price(hass, entry, HIGH, base=BASE)
    # The base price of the meter is entered once.
    dialogue = await form(hass, entry, LOW, "new")
    await dialogue.answer(since=SINCE, price=CENTS[LOW], base=BASE)
    assert dialogue.errors == {"base": "base_price_twice"}
    assert "tariff 1" in dialogue.placeholders["where"]
    await dialogue.leave()
    await price(hass, entry, LOW)
    # The contract is offered with all tariffs of the meter that have prices.
    dialogue = await form(hass, entry, HIGH, "contract")
    assert dialogue.suggested == {"start": SINCE, "others": [LOW]}
    offered = [option["value"] for option in dialogue.field("others").config["options"]]
    assert sorted(offered) == sorted([TOTAL, LOW, FED_IN])
    start = days_ago(33)
    entered = {"start": start.isoformat(), "instalment": 95.0, "others": [LOW]}
    # What contains the same energy, or has no price, is refused.
    await dialogue.answer(**entered | {"others": [LOW, TOTAL]})
    assert dialogue.errors == {"base": "contract_counted_twice"}
    assert "tariff 1" in dialogue.placeholders["where"]
    await dialogue.answer(**entered | {"others": [LOW, FED_IN]})
    assert dialogue.errors == {"base": "contract_no_price"}
    assert dialogue.suggested["others"] == [LOW, FED_IN]
    await dialogue.answer(**entered)
    await calculated(hass)
    assert stored_prices(entry.options)[HIGH].contract == Contract(
        start=start, instalment=95.0, others=[LOW]
    )
    shown = state_of(hass, f"{HIGH}_cost_contract_year")
    truth = await spent(hass, HIGH, start, base=BASE) + await spent(hass, LOW, start)
    assert float(shown or 0) == pytest.approx(truth, abs=0.005)
    assert state_of(hass, f"{HIGH}_contract_paid") == "190.0"
    # The contract has one set of sensors; the amounts of the tariffs are told apart.
    names = {state.name.removeprefix("MT681 ") for state in hass.states.async_all("sensor")}
    assert "Cost this contract year" in names
    assert {each for each in names if each.startswith("Cost today")} == {
        "Cost today (Energy import tariff 1)",
        "Cost today (Energy import tariff 2)",
    }
    assert not any("Base load" in each for each in names)
    # A price of one tariff is previewed with the whole contract.
    dialogue = await form(hass, entry, LOW, "new")
    await dialogue.answer(since=days_ago(0).isoformat(), price=CENTS[LOW])
    whole = await spent(hass, HIGH, days_ago(365), base=BASE) + await spent(
        hass, LOW, days_ago(365)
    )
    report = dialogue.placeholders["report"]
    assert "All counters of the contract together" in report
    assert f"cost {whole:,.2f} EUR." in report
    await dialogue.leave()
    # The same contract is shown with each of its counters.
    dialogue = await form(hass, entry, LOW, "contract")
    assert "tariff 1" in dialogue.placeholders["name"]
    assert dialogue.suggested == entered
    await dialogue.answer(**entered | {"remove": True})
    await calculated(hass)
    assert stored_prices(entry.options)[HIGH].contract is None


async def test_feed_in_on_the_same_bill_reduces_the_costs(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    await price(hass, entry, TOTAL, base=BASE)
    shown = await price(hass, entry, FED_IN, base=1.5)
    assert "Earnings with these prices: " in shown["report"]
    start = days_ago(4)
    dialogue = await form(hass, entry, TOTAL, "contract")
    assert dialogue.suggested == {"start": SINCE}
    await dialogue.answer(start=start.isoformat(), others=[FED_IN])
    await calculated(hass)
    drawn = await spent(hass, TOTAL, start, base=BASE)
    fed_in = await spent(hass, FED_IN, start, base=-1.5)
    year = state_of(hass, f"{TOTAL}_cost_contract_year")
    assert float(year or 0) == pytest.approx(drawn - fed_in, abs=0.005)
    # With a price for a tariff, the same energy would be counted again.
    shown = await price(hass, entry, HIGH)
    assert "Energy import counts the same energy" in shown["report"]
    # Its costs go, and the contract goes on without it.
    dialogue = await form(hass, entry, FED_IN, "0")
    await dialogue.answer(since=SINCE, price=CENTS[FED_IN], base=1.5, remove=True)
    await dialogue.answer()
    await calculated(hass)
    assert stored_prices(entry.options)[TOTAL].contract == Contract(start=start)
    year = state_of(hass, f"{TOTAL}_cost_contract_year")
    assert float(year or 0) == pytest.approx(drawn, abs=0.005)
    # The contract goes with the prices of the counter that it is stored with.
    dialogue = await form(hass, entry, TOTAL, "0")
    await dialogue.answer(since=SINCE, price=CENTS[TOTAL], base=BASE, remove=True)
    assert "Its contract is removed as well." in dialogue.placeholders["report"]
    await dialogue.leave()
    # A contract that is still to begin says so.
    dialogue = await form(hass, entry, TOTAL, "contract")
    await dialogue.answer(start=days_ago(-3).isoformat(), instalment=80.0)
    await calculated(hass)
    state = hass.states.get(entity_of(hass, f"{TOTAL}_cost_contract_year"))
    assert state is not None
    assert (state.state, state.attributes["begins"]) == ("unknown", days_ago(-3).isoformat())
    assert state_of(hass, f"{TOTAL}_contract_paid") == "unknown"


async def test_contracts_that_were_stored_before_load_and_can_be_joined(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    start, since = days_ago(30), SINCE
    stored = {
        key: {
            "id": "1",
            "prices": [{"since": since, "price": CENTS[key] / 100, "base": BASE}],
            "contract": {"start": start.isoformat(), "instalment": 50.0, "bonus": 20.0},
        }
        for key in (HIGH, LOW)
    }
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_PRICES: stored})
    await hass.config_entries.async_reload(entry.entry_id)
    await calculated(hass)
    for key in (HIGH, LOW):
        year = state_of(hass, f"{key}_cost_contract_year")
        assert float(year or 0) == pytest.approx(await spent(hass, key, start, base=BASE), abs=0.01)
    # Two contracts with a base price each become one.
    joined = {
        "start": start.isoformat(),
        "instalment": 100.0,
        "bonus": 20.0,
        "others": [LOW],
        "changes": [{"since": days_ago(1).isoformat(), "instalment": 110.0}],
    }
    dialogue = await form(hass, entry, HIGH, "contract")
    await dialogue.answer(**joined)
    assert dialogue.errors == {"base": "contract_of_its_own"}
    await dialogue.leave()
    dialogue = await form(hass, entry, LOW, "contract")
    await dialogue.answer(start=start.isoformat(), remove=True)
    await calculated(hass)
    dialogue = await form(hass, entry, HIGH, "contract")
    await dialogue.answer(**joined)
    assert dialogue.errors == {"base": "contract_base_twice"}
    await dialogue.leave()
    dialogue = await form(hass, entry, LOW, "0")
    await dialogue.answer(since=since, price=CENTS[LOW], base=0.0)
    await dialogue.answer()
    await calculated(hass)
    dialogue = await form(hass, entry, HIGH, "contract")
    await dialogue.answer(**joined)
    await calculated(hass)
    contract = stored_prices(entry.options)[HIGH].contract
    assert contract is not None
    assert contract.changes == [Instalment(since=days_ago(1), amount=110.0)]
    assert replace(contract, changes=[], others=[]) == Contract(
        start=start, instalment=100.0, bonus=20.0
    )
    truth = await spent(hass, HIGH, start, base=BASE) + await spent(hass, LOW, start)
    year = state_of(hass, f"{HIGH}_cost_contract_year")
    assert float(year or 0) == pytest.approx(truth, abs=0.005)
    dialogue = await form(hass, entry, HIGH, "contract")
    assert dialogue.suggested == joined
    await dialogue.leave()
    # An entry may be unloaded while the form is open.
    dialogue = await form(hass, entry, LOW, "contract")
    assert await hass.config_entries.async_unload(entry.entry_id)
    await dialogue.answer(**joined | {"others": [TOTAL]})
    assert dialogue.errors == {"base": "contract_counted_twice"}
    await dialogue.answer(start=start.isoformat())
    await calculated(hass)
    assert stored_prices(entry.options)[HIGH].contract == Contract(start=start)


async def test_the_energy_dashboard_shows_tariffs_with_their_costs_or_their_total_but_never_both(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    assert await async_setup_component(hass, "energy", {})
    await hass.async_block_till_done()
    manager = await async_get_manager(hass)
    total, high, low, fed_in = (entity_of(hass, key) for key in (TOTAL, HIGH, LOW, FED_IN))

    def grid() -> list[str]:
        found, _ = connections_and_consumers(hass, energies_shown(manager.data or {}))
        return [energy for item in found for energy in item.energies]

    assert grid() == [total, fed_in]
    await price(hass, entry, HIGH, base=BASE)
    await price(hass, entry, LOW)
    assert grid() == [high, low, fed_in]
    dialogue = await prefer(hass, entry, "energy")
    assert dialogue.suggested["grid"] == [high]
    await dialogue.answer(grid=[high])
    assert manager.data is not None
    shown: Any = manager.data["energy_sources"]
    assert [
        (each["stat_energy_from"], each["stat_energy_to"], each["stat_cost"]) for each in shown
    ] == [
        (high, fed_in, cost_statistic_id(HIGH)),
        (low, None, cost_statistic_id(LOW)),
    ]
    # The total does not come on top, neither with a price of its own nor without those of the tariffs.
    await price(hass, entry, TOTAL)
    assert grid() == [high, low, fed_in]
    with_total: Any = {"energy_sources": [{**shown[0], "stat_energy_from": total}]}
    await manager.async_update(with_total)
    assert grid() == [total, fed_in]
    # A meter without a counter of all tariffs has only these.
    nothing: Any = {"energy_sources": []}
    await manager.async_update(nothing)
    er.async_get(hass).async_update_entity(total, disabled_by=er.RegistryEntryDisabler.USER)
    assert grid() == [high, low, fed_in]
