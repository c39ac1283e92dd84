"""Every view is drawn, on each supported Home Assistant: light and dark, wide and on a phone."""

import pytest

from tests.support.browser import DASHBOARD, VIEWS, Browser, in_browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser, pytest.mark.views]


async def _statistics(browser: Browser) -> bool:
    ids = await browser.hass.ws("recorder/list_statistic_ids")
    return any("energy" in each["statistic_id"] for each in ids)


@in_browser
async def test_the_dashboard_is_added_by_its_dialog_and_drawn(browser: Browser) -> None:
    hass = browser.hass
    await hass.wait_for(lambda: _statistics(browser), "statistics", seconds=60)
    page = await browser.page()
    await page.open("config/lovelace/dashboards")
    await page.ui.get_by_text("Add dashboard").first.click()
    await page.ui.get_by_text("Home energy").click()
    await page.ui.get_by_role("button", name="Create").click()
    await page.ui.get_by_role("button", name="Create").wait_for(state="hidden")
    await browser.add_meter_to_energy_dashboard()
    await page.views()
    assert page.faults == []


@in_browser
async def test_it_is_drawn_in_german_in_the_dark_and_on_a_phone(browser: Browser) -> None:
    await browser.add_dashboard()
    await browser.hass.wait_for(lambda: _statistics(browser), "statistics", seconds=60)
    await browser.add_meter_to_energy_dashboard()
    page = await browser.page(language="de", width=390, scheme="dark")
    await page.views()
    await page.open(f"{DASHBOARD}/now")
    await page.ui.get_by_text("Leistung des Hauses").wait_for()
    # Nothing is wider than the phone.
    assert await page.ui.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.faults == []


@in_browser
async def test_each_device_has_a_page_with_its_history(browser: Browser) -> None:
    await browser.add_dashboard()
    plug = await browser.entity("11630 0714031_energy")
    page = await browser.page()
    await page.open(f"{DASHBOARD}/device-{plug['device_id']}")
    await page.sees(("py-hab-history-card dl", "py-hab-heatmap-card canvas", *VIEWS["rooms"]))
    await page.ui.get_by_text("Reported by the FRITZ!Box").wait_for()
    assert page.faults == []
