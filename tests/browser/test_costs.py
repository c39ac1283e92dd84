"""What a home with prices and a contract sees: years of costs on the Energy dashboard, and its contract."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from demo.hass import Hass, HassError
from simulator.fritzbox_devices import IMPORT
from tests.support.browser import DASHBOARD, DRAWN_WITHIN, Browser, in_browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

PRICE: Final = 0.32
"""EUR per kWh."""
THIS_YEAR: Final = date.today().year
PICK_LAST_YEAR: Final = """
    year => {
        const {connection} = document.querySelector("home-assistant").hass;
        const collection = connection._energy_dashboard;
        collection.setPeriod(new Date(year, 0, 1), new Date(new Date(year + 1, 0, 1) - 1));
        collection.refresh();
    }
"""
"""What the date picker of the Energy dashboard does."""
SUGGESTED: Final = """
    id => window.customCards
        .filter(card => card.getEntitySuggestion?.(document.querySelector("home-assistant").hass, id))
        .map(({type}) => type)
"""


async def _of_last_year(hass: Hass, statistic_id: str) -> float:
    """Return what a statistic has counted last year; 0 while it has not counted in each month."""
    zone = (await hass.get("config"))["time_zone"]
    assert zone == "Europe/Berlin"
    first, end = (
        # Midnight of the first of January is 23:00 UTC; the month of the end is included.
        datetime(year, 1, 1, tzinfo=UTC) - timedelta(hours=hours)
        for year, hours in ((THIS_YEAR - 1, 1), (THIS_YEAR, 2))
    )
    found = await hass.ws(
        "recorder/statistics_during_period",
        start_time=first.isoformat(),
        end_time=end.isoformat(),
        statistic_ids=[statistic_id],
        period="month",
        types=["change"],
    )
    months = found.get(statistic_id, [])
    return sum(month["change"] for month in months) if len(months) == 12 else 0.0


async def _preferences(hass: Hass) -> dict[str, Any]:
    """Return what the Energy dashboard shows; Home Assistant refuses as long as that is nothing."""
    try:
        found: dict[str, Any] = await hass.ws("energy/get_prefs")
    except HassError:
        return {"energy_sources": [], "device_consumption": []}
    return found


async def _store(hass: Hass, counter: dict[str, Any], *steps: dict[str, Any]) -> None:
    """Go through the dialog of prices; while the entry is reloaded, it says so and is tried again."""
    start = {"next_step_id": "prices"}, {"counter": counter["unique_id"]}

    async def is_stored() -> bool:
        answer = await hass.options(counter["config_entry_id"], *start, *steps)
        return bool(answer["type"] == "create_entry")

    await hass.wait_for(is_stored, f"the dialog of prices: {steps}", seconds=60)


@asynccontextmanager
async def _priced(hass: Hass, counter: dict[str, Any]) -> AsyncIterator[None]:
    """Give a counter a price and a contract in the dialogs, and take them away at the end."""
    known, since = await _preferences(hass), {"since": "2020-01-01"}
    await _store(hass, counter, since | {"price": 100 * PRICE}, {})
    contract = {"start": f"{THIS_YEAR - 2}-01-01", "instalment": 95, "bonus": 60}
    await _store(hass, counter, {"what": "contract"}, contract)
    try:
        yield
    finally:
        await hass.ws("energy/save_prefs", **known)
        await _store(hass, counter, {"what": "0"}, since | {"remove": True}, {})


async def _costs_shown(hass: Hass, counter: dict[str, Any]) -> str | None:
    """Add the counter to the Energy dashboard in our dialog; return its costs there."""
    entity_id = counter["entity_id"]
    sources = (await _preferences(hass))["energy_sources"]
    shown = next((each for each in sources if each.get("stat_energy_from") == entity_id), None)
    if shown is not None and shown.get("stat_cost"):
        return str(shown["stat_cost"])
    # As long as the entry is reloaded, its counters are not offered.
    with suppress(HassError):
        step = {} if shown is not None else {"grid": [entity_id]}
        await hass.options(counter["config_entry_id"], {"next_step_id": "energy"}, step)
    return None


@in_browser
async def test_costs_of_last_year_are_on_the_energy_dashboard_and_the_contract_on_ours(
    browser: Browser,
) -> None:
    hass = browser.hass
    counter = await browser.entity(f"{IMPORT}_energy_import")
    energy = await hass.wait_for(
        lambda: _of_last_year(hass, counter["entity_id"]), "last year's energy", seconds=120
    )
    async with _priced(hass, counter):
        statistic_id = await hass.wait_for(
            lambda: _costs_shown(hass, counter), "costs on the dashboard", seconds=120
        )
        costs = await hass.wait_for(
            lambda: _of_last_year(hass, statistic_id), "last year's costs", seconds=120
        )
        assert costs == pytest.approx(PRICE * energy, abs=0.01)

        page = await browser.page()
        await page.open("energy/electricity")
        table = page.ui.locator("hui-energy-sources-table-card")
        await table.get_by_text("€").first.wait_for()
        await page.ui.evaluate(PICK_LAST_YEAR, THIS_YEAR - 1)
        await table.get_by_text(f"€{costs:,.2f}").first.wait_for(timeout=DRAWN_WITHIN)
        assert page.faults == []

        await browser.add_dashboard()
        page = await browser.page(language="de", width=390, scheme="dark")
        await page.open(f"{DASHBOARD}/energy")
        card = page.ui.locator("py-hab-contract-card")
        await card.get_by_text("Bisherige Kosten").wait_for(timeout=DRAWN_WITHIN)
        # Two years of history allow a forecast; the second year has no bonus.
        await card.get_by_text("in neun von zehn Fällen zwischen").wait_for(timeout=DRAWN_WITHIN)
        assert await card.get_by_text("Bonus").count() == 0
        spent = await browser.entity("_cost_contract_year")
        assert await page.ui.evaluate(SUGGESTED, spent["entity_id"]) == ["py-hab-contract-card"]
        assert await page.ui.evaluate(SUGGESTED, counter["entity_id"]) != []
        await card.get_by_role("button", name="Prognose für das Jahr").press("Enter")
        dialog = page.ui.locator("ha-more-info-dialog")
        await dialog.get_by_text("Forecast of the contract year").first.wait_for()
        assert await page.ui.evaluate("document.documentElement.scrollWidth") <= 390
        assert page.faults == []

        # A card without an entity does not claim that there is no contract.
        await browser.add_cards("no-contract", {"type": "custom:py-hab-contract-card"})
        page = await browser.page(language="de")
        await page.open("no-contract")
        await page.ui.get_by_text("Vertrag auswählen").wait_for(timeout=DRAWN_WITHIN)
