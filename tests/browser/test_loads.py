"""The page is drawn each time, whatever is in the browser's cache."""

import pytest

from tests.support.browser import DASHBOARD, Browser, in_browser

pytestmark = [pytest.mark.e2e, pytest.mark.browser]

DRAWN = ("py-hab-house-card dl", "py-hab-consumers-card li")


@pytest.fixture
def loads(request: pytest.FixtureRequest) -> int:
    """How many times: twenty are for `scripts/test --thorough`, as each takes seconds."""
    return 20 if request.config.getoption("--loop-debug") else 3


@in_browser
async def test_each_load_with_an_empty_cache_is_drawn(browser: Browser, loads: int) -> None:
    await browser.add_dashboard()
    for _ in range(loads):
        page = await browser.page(empty_cache=True)
        await page.open(f"{DASHBOARD}/now")
        await page.sees(DRAWN)
        assert page.faults == []
        await browser.close_pages()


@in_browser
async def test_each_load_with_a_full_cache_is_drawn(browser: Browser, loads: int) -> None:
    await browser.add_dashboard()
    page = await browser.page()
    for _ in range(loads):
        await page.open(f"{DASHBOARD}/now")
        await page.sees(DRAWN)
    assert page.faults == []
