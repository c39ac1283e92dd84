"""The page of profiles: what is chosen on it, and what a heatmap's click and keys do."""

import re

import pytest

from tests.support.browser import DASHBOARD, VIEWS, Browser, Page, in_browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser]


async def _open(browser: Browser, query: str = "") -> Page:
    await browser.add_dashboard()
    page = await browser.page()
    await page.open(f"{DASHBOARD}/profiles{query}")
    return page


@in_browser
async def test_what_is_chosen_stands_in_the_address_and_can_be_linked(browser: Browser) -> None:
    plug = (await browser.entity("11630 0714031_energy"))["entity_id"]
    page = await _open(browser)
    await page.sees(VIEWS["profiles"])
    await page.ui.locator("py-hab-choice-card #series").select_option(plug)
    await page.ui.locator("py-hab-choice-card #time").select_option("30")
    spread = page.ui.locator("py-hab-choice-card #spread")
    # Few hours are known yet, so the others are included until the user leaves them out.
    await page.ui.locator("py-hab-choice-card #spread:checked").wait_for()
    await spread.uncheck()
    await page.ui.wait_for_url(re.compile(rf"series={plug}.*days=30.*spread=0"))
    await spread.check()
    await page.ui.wait_for_url(re.compile(rf"series={plug}.*days=30.*spread=1"))
    # 30 days of hours, and the 24 that no profile leaves out now.
    note = page.ui.locator("py-hab-profile-card .note").first
    await note.get_by_text(re.compile(r"Based on 7[0-9]{2} hours\.$")).wait_for()

    linked = await browser.page()
    await linked.ui.goto(page.ui.url)
    await linked.sees(VIEWS["profiles"])
    assert await linked.ui.locator("py-hab-choice-card #series").input_value() == plug
    assert await linked.ui.locator("py-hab-choice-card #spread").is_checked()
    assert page.faults + linked.faults == []


@in_browser
async def test_spread_hours_are_left_out_and_counted(browser: Browser) -> None:
    page = await _open(browser, "?days=365&spread=0")
    note = page.ui.locator("py-hab-profile-card .note", has_text="spread hours left out").first
    await note.wait_for()
    await note.get_by_role("button", name="Include spread hours").click()
    await page.ui.wait_for_url(re.compile(r"days=365$"))
    note = page.ui.locator("py-hab-heatmap-card .note", has_text="are known in detail so far")
    await note.get_by_role("button", name="Leave out spread hours").click()
    await page.ui.wait_for_url(re.compile(r"days=365&spread=0$"))
    assert page.faults == []


@in_browser
async def test_dates_of_ones_own_are_chosen(browser: Browser) -> None:
    page = await _open(browser, "?from=2026-01-01&to=2026-01-31&spread=1")
    await page.sees(VIEWS["profiles"])
    assert await page.ui.locator("py-hab-choice-card #time").input_value() == "dates"
    await page.ui.locator("py-hab-choice-card #from").fill("2025-12-01")
    await page.ui.wait_for_url(re.compile(r"from=2025-12-01&to=2026-01-31"))
    note = page.ui.locator("py-hab-profile-card .note").first
    # December and January.
    await note.get_by_text(f"Based on {62 * 24:,} hours.").wait_for()
    await page.ui.locator("py-hab-choice-card #time").select_option("7")
    await page.ui.wait_for_url(re.compile(r"\?(?!.*from=).*days=7"))
    assert page.faults == []


@in_browser
async def test_a_heatmap_is_read_with_keys_and_opens_a_day(browser: Browser) -> None:
    page = await _open(browser, "?days=30&spread=1")
    heatmap = page.ui.locator("py-hab-heatmap-card")
    await page.sees(VIEWS["profiles"])
    await heatmap.locator("canvas").focus()
    await page.ui.keyboard.press("ArrowLeft")
    await heatmap.locator(".note", has_text=" W").wait_for()
    await page.ui.keyboard.press("Enter")
    await page.ui.wait_for_url(re.compile(r"from=(\d{4}-\d\d-\d\d)&to=\1"))
    assert page.faults == []


@in_browser
async def test_a_click_on_a_heatmap_sets_the_date_picker(browser: Browser) -> None:
    counter = (await browser.entity("11630 0714031_energy"))["entity_id"]
    await browser.add_cards(
        "picker-page",
        {"type": "energy-date-selection"},
        {
            "type": "custom:py-hab-heatmap-card",
            "entity": counter,
            "days": 30,
            "include_spread": True,
        },
        {
            "type": "custom:py-hab-series-card",
            "entity": counter,
            "chart": "bar",
            "energy_date_selection": True,
        },
    )
    page = await browser.page()
    await page.open("picker-page/0")
    # Shortly after midnight, there is nothing of today yet.
    await page.sees(("py-hab-heatmap-card canvas", "py-hab-series-card"))
    await page.ui.locator("py-hab-heatmap-card canvas").click(position={"x": 60, "y": 40})
    # "Friday, November 6, 2026 at 3:00 AM: 33 W", and "Nov 6" in the picker.
    chosen = await page.ui.locator("py-hab-heatmap-card .note").inner_text()
    [(month, day)] = re.findall(r", (\w{3})\w* (\d+),", chosen)
    await page.ui.locator("hui-energy-date-selection-card").get_by_text(f"{month} {day}").wait_for()
    await page.sees(("py-hab-series-card canvas",))
    assert page.faults == []
