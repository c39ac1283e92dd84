"""The dashboard as its users see it: Chromium, a real Home Assistant, a simulated home.

Needs Chromium on the machine, and Playwright: `scripts/screenshots` installs it.
"""

from collections.abc import AsyncIterator, Sequence
import json
from pathlib import Path
import shutil
from typing import Any, Final

import pytest

from demo.hass import Hass
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER
from simulator.household import Household

CHROMIUM: Final = shutil.which("chromium")
playwright_api = pytest.importorskip(
    "playwright.async_api", reason="Playwright is not installed: scripts/screenshots does so"
)
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
]

DASHBOARD: Final = "home-energy"
DRAWN: Final = {
    "now": ("hui-tile-card", "hui-distribution-card", "hui-statistic-card"),
    "energy": ("hui-statistics-graph-card ha-chart-base canvas",),
    "profiles": ("py-hab-profile-card ha-chart-base canvas", "py-hab-heatmap-card canvas"),
    "rooms": ("hui-tile-card",),
}
"""What must stand in each view."""


class Browser:
    """A browser whose pages note what goes wrong in them."""

    def __init__(self, hass: Hass, chromium: Any) -> None:
        self.hass = hass
        self._chromium = chromium
        self.faults: list[str] = []

    async def page(self, *, language: str = "en", width: int = 1280, scheme: str = "light") -> Any:
        """Return a page of a new context, logged in."""
        context = await self._chromium.new_context(
            viewport={"width": width, "height": 1000}, color_scheme=scheme
        )
        page = await context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        tokens = {
            **self.hass.tokens,
            "hassUrl": self.hass.url,
            "clientId": "http://127.0.0.1/",
            "expires": 9_999_999_999_999,
        }
        stored = {"hassTokens": json.dumps(tokens), "selectedLanguage": json.dumps(language)}
        await page.add_init_script(f"Object.assign(window.localStorage, {json.dumps(stored)})")
        return page

    def _note(self, message: Any) -> None:
        if message.type == "error":
            self.faults.append(message.text)

    async def sees(self, page: Any, view: str, selectors: Sequence[str]) -> None:
        """Open a view and wait until it is drawn, without an error card."""
        await page.goto(f"{self.hass.url}/{DASHBOARD}/{view}")
        for selector in selectors:
            await page.locator(selector).first.wait_for(timeout=60_000)
        assert await page.locator("hui-error-card").count() == 0
        # Home Assistant preloads its modules; leaving the page before would end that as a fault.
        await page.wait_for_load_state("networkidle")


@pytest.fixture(name="browser")
async def _browser(tmp_path: Path) -> AsyncIterator[Browser]:
    """A browser in front of a home with a box and a meter."""
    async with (
        Household() as household,
        Hass(tmp_path) as hass,
        playwright_api.async_playwright() as playwright,
    ):
        await hass.add_mqtt("127.0.0.1", household.broker.port)
        await hass.add_fritzbox(household.box.url, DEFAULT_USER, DEFAULT_PASSWORD)
        await hass.add_meter(household.reader.tele_topic("SENSOR"))
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield Browser(hass, chromium)
        await chromium.close()


async def _statistics_are_there(hass: Hass) -> bool:
    ids = await hass.ws("recorder/list_statistic_ids")
    return any("energy" in item["statistic_id"] for item in ids)


async def test_the_dashboard_is_added_by_its_dialog_and_drawn(browser: Browser) -> None:
    """Every view, then in German, in the dark and on a phone; nothing complains."""
    hass = browser.hass
    await hass.wait_for(lambda: _statistics_are_there(hass), "statistics", seconds=60)
    page = await browser.page()
    await page.goto(f"{hass.url}/config/lovelace/dashboards")
    await page.get_by_text("Add dashboard").first.click()
    await page.get_by_text("Home energy").click()
    await page.get_by_role("button", name="Create").click()
    await page.get_by_role("button", name="Create").wait_for(state="hidden")
    for view, selectors in DRAWN.items():
        await browser.sees(page, view, selectors)

    page = await browser.page(language="de", width=390, scheme="dark")
    for view, selectors in DRAWN.items():
        await browser.sees(page, view, selectors)
    await browser.sees(page, "profiles", DRAWN["profiles"])
    await page.get_by_text("Mittlerer Tag").wait_for()

    heatmap = page.locator("py-hab-heatmap-card")
    await heatmap.locator("canvas").focus()
    await page.keyboard.press("ArrowLeft")
    await heatmap.locator(".note", has_text=" W").wait_for()
    assert browser.faults == []
