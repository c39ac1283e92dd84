"""How soon cards are drawn in a browser, and what they ask Home Assistant for.

A real Home Assistant in the simulated home, whose box has stored two years, and headless Chromium.
The series is the import of the FRITZ!Smart Energy 250; each card stands alone on its dashboard.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import gzip
from pathlib import Path
from statistics import median
import sys
import tempfile
from typing import Any, Final

from benchmarks.table import print_table
from simulator.fritzbox_devices import IMPORT
from tests.support.browser import DASHBOARD, VIEWS, Browser, Page, browser_and_home, missing

MODULE: Final = Path(__file__).parent.parent / "custom_components/py_hab/frontend/py_hab.js"
ROUNDS: Final = 9
DAYS: Final = 730
FIND: Final = """
    window.findElement = (name, root = document) => {
        for (const each of root.querySelectorAll("*")) {
            if (each.localName === name) return each;
            const found = each.shadowRoot && window.findElement(name, each.shadowRoot);
            if (found) return found;
        }
    };
"""
"""Finds an element in the shadow of others."""
DRAWN: Final = """
    (() => {
        const look = () => {
            const heatmap = findElement("py-hab-heatmap-card");
            const series = findElement("ha-chart-base")?.chart?.getOption()?.series ?? [];
            if (heatmap?.loaded || series.some(({data}) => data?.length)) {
                requestAnimationFrame(() => { window.drawnAfter = performance.now(); });
            } else setTimeout(look, 20);
        };
        look();
    })()
"""
"""Notes when a chart has its data, in ms after the navigation."""
REDRAW: Final = """
    days => {
        const card = findElement("py-hab-heatmap-card");
        card.setConfig({...card.config, days});
        return new Promise(resolve => {
            const look = () => card.loaded ? requestAnimationFrame(resolve) : setTimeout(look, 5);
            setTimeout(look, 5);
        });
    }
"""
"""Shows another time in the heatmap: its rows are asked for, read, calculated and painted."""


def _cards(entity_id: str) -> dict[str, Mapping[str, Any]]:
    shown = {"entity": entity_id, "days": DAYS}
    graph = {
        "type": "statistics-graph",
        "entities": [entity_id],
        "days_to_show": DAYS,
        "stat_types": ["change"],
        "chart_type": "bar",
    }
    return {
        "profile": {"type": "custom:py-hab-profile-card", "by": "hour", **shown},
        "profile with spread hours": {
            "type": "custom:py-hab-profile-card",
            "by": "hour",
            "include_spread": True,
            **shown,
        },
        "series, a line": {"type": "custom:py-hab-series-card", "chart": "line", **shown},
        "heatmap of a year": {
            "type": "custom:py-hab-heatmap-card",
            "entity": entity_id,
            "days": 365,
        },
        "statistics-graph by days": {**graph, "period": "day"},
        "statistics-graph by hours": {**graph, "period": "hour"},
    }


def _path(name: str) -> str:
    return f"bench-{name.replace(' ', '-').replace(',', '')}"


@dataclass(kw_only=True)
class Traffic:
    """What goes over the websocket of a page."""

    sent: int = 0
    received: int = 0
    size: int = 0
    """Bytes received."""

    def listen(self, page: Page) -> None:
        """Count from the next navigation on."""
        page.ui.on("websocket", self._opened)

    def _opened(self, websocket: Any) -> None:
        websocket.on("framesent", self._sent)
        websocket.on("framereceived", self._received)

    def _sent(self, _: Any) -> None:
        self.sent += 1

    def _received(self, frame: str) -> None:
        self.received += 1
        self.size += len(frame)


async def _drawn(page: Page, path: str) -> float:
    """Open a page and return after how many ms its chart was drawn."""
    await page.open(path)
    await page.ui.evaluate(DRAWN)
    await page.ui.wait_for_function("window.drawnAfter")
    after: float = await page.ui.evaluate("window.drawnAfter")
    return after


async def _navigations(browser: Browser, entity_id: str) -> None:
    cards = _cards(entity_id)
    for name, card in cards.items():
        await browser.add_cards(_path(name), card)
    page = await browser.page()
    await page.ui.add_init_script(FIND)
    times: dict[str, list[float]] = {name: [] for name in cards}
    for attempt in range(ROUNDS + 1):
        for name, found in times.items():
            after = await _drawn(page, f"{_path(name)}/0")
            # The first of each fills the browser's cache.
            if attempt:
                found.append(after)
    middle = {name: median(found) for name, found in times.items()}
    graphs = [middle[f"statistics-graph by {period}"] for period in ("days", "hours")]
    print_table(
        "From navigation to the drawn card, two years of one series",
        "card, ms, against statistics-graph by days, by hours",
        [
            [name, f"{after:.0f}", *(f"{after / graph:.2f}" for graph in graphs)]
            for name, after in middle.items()
        ],
    )


async def _heatmap(browser: Browser) -> None:
    page = await browser.page()
    await page.ui.add_init_script(FIND)
    await _drawn(page, f"{_path('heatmap of a year')}/0")
    session = await page.ui.context.new_cdp_session(page.ui)
    await session.send("Performance.enable")

    async def spent() -> float:
        found = (await session.send("Performance.getMetrics"))["metrics"]
        metrics: dict[str, float] = {each["name"]: each["value"] for each in found}
        return 1000 * metrics["ScriptDuration"]

    times = []
    for attempt in range(ROUNDS):
        before = await spent()
        await page.ui.evaluate(REDRAW, 364 + attempt)
        times.append(await spent() - before)
    print_table(
        "Script that draws a heatmap of a year",
        "median ms, longest ms",
        [[f"{median(times):.0f}", f"{max(times):.0f}"]],
    )


async def _views(browser: Browser) -> None:
    await browser.add_dashboard()
    await browser.add_cards("bench-nothing", {"type": "markdown", "content": "nothing"})
    views = {f"{DASHBOARD}/{view}": selectors for view, selectors in VIEWS.items()}
    rows = []
    for view, selectors in {**views, "bench-nothing/0": ("hui-markdown-card",)}.items():
        page, traffic = await browser.page(), Traffic()
        traffic.listen(page)
        await page.open(view)
        await page.sees(selectors)
        await page.ui.wait_for_load_state("networkidle")
        rows.append([view, str(traffic.sent), str(traffic.received), f"{traffic.size / 1024:.0f}"])
        await page.ui.context.close()
    print_table(
        "Websocket, from navigation to the drawn view",
        "view, frames sent, frames received, KiB received",
        rows,
    )


async def _main() -> None:
    module = MODULE.read_bytes()
    print_table(
        "The module",
        "KiB, KiB gzip",
        [[f"{len(module) / 1024:.1f}", f"{len(gzip.compress(module)) / 1024:.1f}"]],
    )
    with tempfile.TemporaryDirectory() as folder:
        async with browser_and_home(Path(folder), asyncio.run) as browser:
            entity = await browser.entity(f"{IMPORT}_energy_import")
            counter = {"next_step_id": "energy"}, {"grid": [entity["entity_id"]]}
            await browser.hass.options(entity["config_entry_id"], *counter)

            async def is_filled() -> bool:
                answer = await browser.hass.post(
                    "services/py_hab/get_history?return_response",
                    {"entity_id": entity["entity_id"]},
                )
                return answer["service_response"]["since"] is not None

            await browser.hass.wait_for(is_filled, "statistics", seconds=120)
            await _navigations(browser, entity["entity_id"])
            await _heatmap(browser)
            await _views(browser)


if __name__ == "__main__":
    if why := missing():
        print(f"The dashboard is not measured: {why}", file=sys.stderr)
    else:
        asyncio.run(_main())
