"""The cards by themselves: in the picker, with their forms, and without data."""

from typing import Any

import pytest

from simulator.fritzbox_devices import IMPORT
from tests.support.browser import DASHBOARD, DRAWN_WITHIN, Browser, in_browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

CARDS = {
    "profile": "ha-chart-base canvas",
    "heatmap": "canvas",
    "history": "dl",
    "series": "ha-chart-base canvas",
    "house": "dl",
    "consumers": "li",
    "contract": "[role=status]",
}
"""What each card shows once it is drawn. There is no contract."""
SUGGESTIONS = """
    () => {
        const hass = document.querySelector("home-assistant").hass;
        const ours = window.customCards.filter(({type}) => type.startsWith("py-hab-"));
        return Object.fromEntries(Object.keys(hass.states).map(id => [
            id, ours.filter(card => card.getEntitySuggestion(hass, id)).map(({type}) => type),
        ]));
    }
"""


@in_browser
async def test_each_card_is_added_through_the_picker_and_drawn(browser: Browser) -> None:
    await browser.add_cards("card-picker")
    await browser.entity(f"{IMPORT}_energy_import")
    page = await browser.page()
    ui = page.ui
    await page.open("card-picker/0?edit=1")
    for card, drawn in CARDS.items():
        await ui.get_by_role("button", name="Add card").click()
        await ui.get_by_role("tab", name="By card").click()
        await ui.get_by_placeholder("Search cards").fill(f"py_hab {card}")
        await ui.get_by_text(f"py_hab {card}", exact=True).click(force=True)
        # The editor has a form, and not only YAML.
        await ui.locator("hui-form-element-editor, hui-form-editor").first.wait_for()
        await ui.get_by_role("button", name="Save").click()
        await ui.get_by_role("button", name="Save").wait_for(state="hidden")
        await page.sees((f"hui-view py-hab-{card}-card {drawn}",))
    assert page.faults == []


@in_browser
async def test_only_fitting_entities_get_suggestions(browser: Browser) -> None:
    await browser.add_dashboard()
    page = await browser.page()
    await page.open(f"{DASHBOARD}/now")
    await page.sees(("py-hab-house-card",))
    found: dict[str, list[str]] = await page.ui.evaluate(SUGGESTIONS)
    everything = [f"py-hab-{card}-card" for card in ("profile", "heatmap", "history", "series")]
    counter = (await browser.entity("11630 0714031_energy"))["entity_id"]
    assert found[counter] == everything
    assert {tuple(cards) for cards in found.values()} == {tuple(everything), ()}
    suggested = {entity_id for entity_id, cards in found.items() if cards}
    states = {each["entity_id"]: each["attributes"] for each in await browser.hass.get("states")}
    kinds = {states[entity_id]["device_class"] for entity_id in suggested}
    assert kinds == {"energy", "power", "temperature"}
    assert all("state_class" in states[entity_id] for entity_id in suggested)


@in_browser
async def test_cards_say_what_they_cannot_show(browser: Browser) -> None:
    unknown: dict[str, Any] = {"entity": "sensor.nobody_knows"}
    await browser.add_cards(
        "without-data",
        *(
            {"type": f"custom:py-hab-{card}-card", **unknown}
            for card in ("profile", "heatmap", "series")
        ),
        {"type": "custom:py-hab-history-card", **unknown},
        {"type": "custom:py-hab-house-card", **unknown},
        {"type": "custom:py-hab-consumers-card", "entities": ["sensor.nobody_knows"]},
    )
    page = await browser.page()
    await page.open("without-data/0")
    for card in ("profile", "heatmap", "series", "history"):
        message = page.ui.locator(f"py-hab-{card}-card [role=status]")
        await message.get_by_text("No statistics for this series yet").wait_for(
            timeout=DRAWN_WITHIN
        )
    consumers = page.ui.locator("py-hab-consumers-card [role=status]")
    await consumers.get_by_text("No device reports its power").wait_for()
    await page.ui.locator("py-hab-house-card", has_text="no value at present").wait_for()
    assert await page.ui.locator("hui-error-card").count() == 0
    await browser.add_cards(
        "wrong-keys", {"type": "custom:py-hab-profile-card", **unknown, "days": "week"}
    )
    await page.open("wrong-keys/0?edit=1")
    error = page.ui.locator(
        "hui-error-card", has_text='days: a whole number from 1 to 3660 is expected, not "week"'
    )
    await error.wait_for(timeout=DRAWN_WITHIN)
    assert page.faults == []


@in_browser
async def test_an_administrator_previews_what_a_completion_would_write(browser: Browser) -> None:
    counter = (await browser.entity("11630 0714031_energy"))["entity_id"]
    await browser.add_cards(
        "history-page", {"type": "custom:py-hab-history-card", "entity": counter}
    )
    page = await browser.page()
    await page.open("history-page/0")
    history = page.ui.locator("py-hab-history-card")
    await history.get_by_role("button", name="Preview").click()
    await history.get_by_text("0 hours of this series would be written").wait_for(
        timeout=DRAWN_WITHIN
    )
    await history.get_by_role("button", name="Take back").click()
    await history.get_by_text("Taking it back also takes back later ones.").wait_for()
    await history.get_by_role("button", name="Cancel").click()
    await history.get_by_role("button", name="Complete now").click()
    await history.get_by_text("0 hours of this series were written").wait_for(timeout=DRAWN_WITHIN)
    assert page.faults == []
