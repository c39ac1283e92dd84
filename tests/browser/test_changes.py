"""What happens while the dashboard is open, and who looks at it."""

import json

import pytest

from simulator.fritzbox_devices import REPEATER
from tests.support.browser import DASHBOARD, DRAWN_WITHIN, VIEWS, Browser, in_browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

ODD_NAME = 'Büro & <Werkstatt> "größer"'


@in_browser
async def test_a_renamed_entity_stays_and_a_renamed_device_has_its_new_name(
    browser: Browser,
) -> None:
    await browser.add_dashboard()
    page = await browser.page()
    await page.open(f"{DASHBOARD}/now")
    await page.sees(VIEWS["now"])
    plug = await browser.entity("11630 0714031_power")
    await browser.hass.ws(
        "config/device_registry/update", device_id=plug["device_id"], name_by_user=ODD_NAME
    )
    await browser.hass.ws(
        "config/entity_registry/update",
        entity_id=plug["entity_id"],
        new_entity_id="sensor.ice_power",
    )
    consumers = page.ui.locator("py-hab-consumers-card")
    await consumers.get_by_text(ODD_NAME).wait_for(timeout=DRAWN_WITHIN)
    await consumers.get_by_role("button", name=ODD_NAME).click()
    await page.ui.locator("ha-more-info-dialog").get_by_text(ODD_NAME).first.wait_for()
    assert await page.ui.locator("hui-error-card").count() == 0
    assert page.faults == []


@in_browser
async def test_a_new_device_appears(browser: Browser) -> None:
    await browser.add_dashboard()
    page = await browser.page()
    await page.open(f"{DASHBOARD}/rooms")
    await page.sees(VIEWS["rooms"])
    heading = page.ui.locator("hui-heading-card", has_text="Repeater Flur")
    assert await heading.count() == 0
    browser.household.box.restore(REPEATER)
    await browser.hass.post("services/py_hab/refresh", {})
    await heading.wait_for(timeout=DRAWN_WITHIN)
    assert page.faults == []


@in_browser
async def test_a_hidden_entity_leaves(browser: Browser) -> None:
    await browser.add_dashboard()
    page = await browser.page()
    await page.open(f"{DASHBOARD}/rooms")
    heading = page.ui.locator("hui-heading-card", has_text="Bad")
    await heading.wait_for(timeout=DRAWN_WITHIN)
    for unique_id in ("09995 0863307_temperature", "09995 0863307_target_temperature"):
        bath = await browser.entity(unique_id)
        await browser.hass.ws(
            "config/entity_registry/update", entity_id=bath["entity_id"], hidden_by="user"
        )
    await heading.wait_for(state="detached", timeout=DRAWN_WITHIN)
    assert page.faults == []


@in_browser
async def test_the_page_survives_a_restart(browser: Browser) -> None:
    await browser.add_dashboard()
    page = await browser.page()
    await page.open(f"{DASHBOARD}/profiles?days=30&spread=1")
    await page.sees(VIEWS["profiles"])
    assert page.faults == []
    await browser.hass.stop()
    await browser.hass.start()
    await page.ui.wait_for_function(
        "document.querySelector('home-assistant').hass.connected"
        " && document.querySelector('home-assistant').hass.config.state === 'RUNNING'",
        timeout=DRAWN_WITHIN,
    )
    # A browser complains about what it does not reach meanwhile.
    page.forget_faults()
    # What was drawn is still there, and what is chosen now is loaded from the new one.
    await page.ui.locator("py-hab-choice-card #time").select_option("90")
    note = page.ui.locator("py-hab-profile-card .note", has_text="2,1").first
    await note.wait_for(timeout=DRAWN_WITHIN)
    await page.sees(VIEWS["profiles"])
    assert await page.ui.locator("[role=alert]").count() == 0
    assert page.faults == []


@in_browser
async def test_a_user_without_an_administrators_rights_sees_all_but_its_buttons(
    browser: Browser,
) -> None:
    await browser.add_dashboard()
    tokens = await browser.hass.add_user("guest")
    page = await browser.page(tokens=tokens, width=390)
    plug = await browser.entity("11630 0714031_energy")
    await page.open(f"{DASHBOARD}/now")
    for view in ("now", "profiles", "rooms"):
        await page.go(f"{DASHBOARD}/{view}")
        await page.sees(VIEWS[view])
    await page.go(f"{DASHBOARD}/device-{plug['device_id']}")
    await page.sees(("py-hab-history-card dl",))
    assert await page.ui.locator("py-hab-history-card button").count() == 0
    assert page.faults == []


@in_browser
async def test_taking_control_leaves_plain_cards(browser: Browser) -> None:
    await browser.add_dashboard("taken-over")
    page = await browser.page()
    await page.open("taken-over/now")
    await page.sees(VIEWS["now"])
    await page.ui.get_by_role("button", name="Edit dashboard").click()
    await page.ui.get_by_role("button", name="Take control").click()
    await page.ui.get_by_role("button", name="Done").wait_for()
    config = await browser.hass.ws("lovelace/config", url_path="taken-over")
    written = json.dumps(config)
    assert "strategy" not in written
    assert len(config["views"]) > 10
    assert "custom:py-hab-heatmap-card" in written
    await page.go("taken-over/profiles")
    await page.sees(VIEWS["profiles"])
    assert page.faults == []
