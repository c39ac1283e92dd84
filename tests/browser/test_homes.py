"""Homes that lack something: without a meter, without a FRITZ!Box, without either."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simulator.fritzbox_devices import IMPORT
from tests.support.browser import DASHBOARD, Browser, Page, in_browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


@asynccontextmanager
async def _without(browser: Browser, entry_id: str) -> AsyncIterator[None]:
    """Disable an entry: for the dashboard it is as if it had been removed."""
    command = "config_entries/disable"
    await browser.hass.ws(command, entry_id=entry_id, disabled_by="user")
    try:
        yield
    finally:
        await browser.hass.ws(command, entry_id=entry_id, disabled_by=None)


async def _is_spread(browser: Browser, entity_id: str) -> bool:
    """Whether the totals that the box stores have been spread over their hours."""
    found = await browser.hass.post(
        "services/py_hab/get_history?return_response", {"entity_id": entity_id}
    )
    return bool(found["service_response"]["origins"].get("spread"))


async def _says(page: Page, view: str, text: str) -> None:
    await page.open(f"{DASHBOARD}/{view}")
    await page.ui.locator("hui-markdown-card", has_text=text).wait_for()
    assert await page.ui.locator("hui-error-card").count() == 0


@in_browser
async def test_a_home_that_lacks_something_has_no_hole_and_says_what_to_do(
    browser: Browser,
) -> None:
    await browser.add_dashboard()
    counter = await browser.entity(f"{IMPORT}_energy_import")
    box, meter = (
        counter["config_entry_id"],
        (await browser.entity("reader_online"))["config_entry_id"],
    )
    await browser.hass.wait_for(
        lambda: _is_spread(browser, counter["entity_id"]), "the history of the box", seconds=120
    )
    page = await browser.page()
    async with _without(browser, box):
        async with _without(browser, meter):
            for view in ("now", "profiles", "rooms"):
                await _says(page, view, "No devices yet")
        # A meter alone.
        await page.open(f"{DASHBOARD}/now")
        await page.sees(("py-hab-house-card dl",))
        assert await page.ui.locator("py-hab-consumers-card").count() == 0
        await _says(page, "rooms", "once a FRITZ!Box has radiator controls")
    async with _without(browser, meter):
        # A box alone: most of what it stores are totals, and they are shown nevertheless.
        await page.open(f"{DASHBOARD}/now")
        await page.sees(("py-hab-house-card dl", "py-hab-consumers-card li"))
        await page.go(f"{DASHBOARD}/profiles")
        for card in ("profile", "heatmap"):
            note = page.ui.locator(f"py-hab-{card}-card .note", has_text="known in detail so far")
            await note.first.wait_for()
    assert page.faults == []
