"""Takes the README's screenshots from the demo, in headless Chromium.

Run by scripts/screenshots, which installs Playwright; Chromium must be on the machine.
"""

import asyncio
from collections.abc import Sequence
import json
from pathlib import Path
import shutil
import sys
import tempfile
from typing import Final, Literal

from playwright.async_api import Browser, Page, async_playwright, expect

from demo.hass import Hass
from demo.past import COUNTERS, add_past
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER
from simulator.household import Household

CHROMIUM_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
DASHBOARD: Final = "home-energy"
DASHBOARD_PICTURES: Final[Sequence[tuple[str, str, int, int, Literal["light", "dark"]]]] = (
    ("dashboard", f"profiles?series={COUNTERS['import']}", 1180, 1000, "light"),
    ("dashboard-dark", f"profiles?series={COUNTERS['import']}", 1180, 1000, "dark"),
    ("dashboard-now", "now", 1180, 760, "light"),
)
"""Name of the picture, view, width and height, theme."""


async def _log_in(page: Page, hass: Hass) -> None:
    """Give the frontend the tokens that the demo already has."""
    tokens = {
        **hass.tokens,
        "hassUrl": hass.url,
        "clientId": "http://127.0.0.1/",
        "expires": 9_999_999_999_999,
    }
    await page.add_init_script(
        f"window.localStorage.setItem('hassTokens', {json.dumps(json.dumps(tokens))})"
    )


async def _shoot(page: Page, path: Path) -> None:
    await page.wait_for_load_state("networkidle")
    await page.wait_for_timeout(2000)
    await page.screenshot(path=path)
    print(path)


async def _take(page: Page, hass: Hass, household: Household, folder: Path) -> None:
    await hass.add_mqtt("127.0.0.1", household.broker.port)
    # The reader announces itself.
    await hass.wait_for(lambda: _discovered(hass), "the reader", seconds=60)
    await page.goto(f"{hass.url}/config/integrations/dashboard/add?domain=py_hab")
    await page.get_by_role("button", name="OK").click()
    # Of the entries, only what was discovered has a second line.
    await page.locator("dialog-add-integration [slot=supporting-text]").click()
    await page.get_by_text("Is this your meter?").wait_for()
    await _shoot(page, folder / "add-meter.png")

    await add_past(hass, household.home, household.clock.now())
    await hass.add_meter(household.reader.tele_topic("SENSOR"))
    await hass.add_fritzbox(household.box.url, DEFAULT_USER, DEFAULT_PASSWORD)
    await page.goto(f"{hass.url}/config/integrations/integration/py_hab")
    await _shoot(page, folder / "integration.png")
    await page.goto(f"{hass.url}/config/devices/device/{await _device(hass, '_radiator_mode')}")
    await _shoot(page, folder / "thermostat.png")


async def _discovered(hass: Hass) -> bool:
    flows = await hass.ws("config_entries/flow/progress")
    return any(flow["handler"] == "py_hab" for flow in flows)


async def _device(hass: Hass, unique_id_end: str) -> str:
    """Return the device of the entity whose unique id ends so."""
    found = [each for each in await hass.entities() if each["unique_id"].endswith(unique_id_end)]
    device_id: str = found[0]["device_id"]
    return device_id


async def _take_dashboard(browser: Browser, hass: Hass, folder: Path) -> None:
    """Take the dashboard: light and dark."""
    await hass.ws(
        "lovelace/dashboards/create", url_path=DASHBOARD, title="Home energy", mode="storage"
    )
    config = {"strategy": {"type": "custom:py-hab"}}
    await hass.ws("lovelace/config/save", url_path=DASHBOARD, config=config)
    for name, view, width, height, scheme in DASHBOARD_PICTURES:
        page = await browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            timezone_id="Europe/Berlin",
        )
        await _log_in(page, hass)
        # The side bar takes a quarter of the page, and shows nothing of ours.
        await page.add_init_script("localStorage.setItem('dockedSidebar', '\"always_hidden\"')")
        await page.goto(f"{hass.url}/{DASHBOARD}/{view}")
        await page.locator("ha-card").first.wait_for(timeout=60_000)
        await page.wait_for_load_state("networkidle")
        await expect(page.get_by_text("Loading", exact=True)).to_have_count(0, timeout=60_000)
        await _shoot(page, folder / f"{name}.png")
        await page.close()


async def _main(folder: Path) -> None:
    config = Path(tempfile.mkdtemp(prefix="py_hab-screenshots-"))
    try:
        async with (
            Household() as household,
            Hass(config) as hass,
            async_playwright() as playwright,
        ):
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS
            )
            page = await browser.new_page(viewport={"width": 1100, "height": 760})
            await _log_in(page, hass)
            await _take(page, hass, household, folder)
            await _take_dashboard(browser, hass, folder)
            await browser.close()
    finally:
        shutil.rmtree(config, ignore_errors=True)


if __name__ == "__main__":
    images = Path(sys.argv[1])
    images.mkdir(parents=True, exist_ok=True)
    asyncio.run(_main(images))
