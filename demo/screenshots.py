"""Takes the README's screenshots from the demo, in headless Chromium.

Run by scripts/screenshots, which installs Playwright; Chromium must be on the machine.
"""

import asyncio
import json
from pathlib import Path
import shutil
import sys
import tempfile
from typing import Final

from playwright.async_api import Page, async_playwright

from demo.hass import Hass
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER
from simulator.household import Household

CHROMIUM_ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


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
    await page.goto(f"{hass.url}/config/integrations/dashboard/add?domain=py_hab")
    await page.get_by_role("button", name="OK").click()
    await page.get_by_text("Electricity meter").click()
    await page.get_by_role("button", name="Submit").click()
    await page.get_by_text("Is this your meter?").wait_for()
    await _shoot(page, folder / "add-meter.png")

    await hass.add_meter(household.reader.tele_topic("SENSOR"))
    await hass.add_fritzbox(household.box.url, DEFAULT_USER, DEFAULT_PASSWORD)
    await page.goto(f"{hass.url}/config/integrations/integration/py_hab")
    await _shoot(page, folder / "integration.png")
    for name, unique_id in (("plug", "_voltage"), ("thermostat", "_radiator_mode")):
        device_id = next(
            entity["device_id"]
            for entity in await hass.entities()
            if entity["unique_id"].endswith(unique_id)
        )
        await page.goto(f"{hass.url}/config/devices/device/{device_id}")
        await _shoot(page, folder / f"{name}.png")


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
            await browser.close()
    finally:
        shutil.rmtree(config, ignore_errors=True)


if __name__ == "__main__":
    images = Path(sys.argv[1])
    images.mkdir(parents=True, exist_ok=True)
    asyncio.run(_main(images))
