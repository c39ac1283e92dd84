"""A browser in front of a real Home Assistant in a simulated home.

Starting them takes half a minute, so all tests of a run share them. They run in an event loop of
their own, in a thread, because each test has another loop. A test is a coroutine that `in_browser`
hands over to that loop.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
import functools
import importlib.util
import json
from pathlib import Path
import shutil
import subprocess
import threading
from typing import Any, Final

from demo.hass import CLIENT_ID, Hass
from simulator.fritzbox import DEFAULT_PASSWORD, DEFAULT_USER
from simulator.fritzbox_devices import REPEATER
from simulator.household import Household

CHROMIUM: Final = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The browser; without windows, where Debian has it so, in two thirds of the time."""
DASHBOARD: Final = "home-energy"
DRAWN_WITHIN: Final = 60_000
"""Milliseconds in which a card must be drawn, on a machine with much else to do."""
VIEWS: Final = {
    "now": ("py-hab-house-card dl", "py-hab-consumers-card li", "hui-tile-card"),
    "energy": ("hui-energy-usage-graph-card canvas", "py-hab-series-card ha-chart-base canvas"),
    "profiles": (
        "py-hab-choice-card select",
        "py-hab-series-card ha-chart-base canvas",
        "py-hab-profile-card ha-chart-base canvas",
        "py-hab-heatmap-card canvas",
    ),
    "rooms": ("hui-tile-card",),
}
"""What must stand in each view."""

GO: Final = """
    path => {
        history.pushState(null, "", path);
        window.dispatchEvent(new CustomEvent("location-changed", {detail: {replace: false}}));
    }
"""


def missing() -> str | None:
    """Return what is missing on this machine to run a browser, and how to get it."""
    if CHROMIUM is None:
        return "Chromium is not installed (Debian: apt-get install chromium)"
    if importlib.util.find_spec("playwright") is None:
        return "Playwright is not installed: scripts/setup-frontend tested does so"
    try:
        subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--dump-dom", "about:blank"],
            check=True,
            capture_output=True,
            timeout=60,
        )
    except (OSError, subprocess.SubprocessError) as err:
        return f"Chromium does not start on this machine: {err}"
    return None


REJECTED: Final = "Object"
"""What Chromium shows of an error that the websocket has answered and nobody has caught."""


class Page:
    """A page of the browser, and what goes wrong in it."""

    def __init__(self, hass: Hass, page: Any) -> None:
        """Note the faults of a page."""
        self.hass = hass
        self.ui = page
        """Playwright's page."""
        self._faults: list[str] = []
        self._refused: list[str] = []
        page.on("console", self._log)
        page.on("pageerror", lambda error: self._faults.append(str(error)))
        page.on("websocket", self._listen)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)

    @property
    def faults(self) -> list[str]:
        """What went wrong, with what the websocket has refused meanwhile."""
        faults = list(self._faults)
        # After a lost connection, Home Assistant's page ends subscriptions that the new connection
        # does not know, and does not catch the error.
        for refused in self._refused:
            if refused == "unsubscribe_events: not_found" and REJECTED in faults:
                faults.remove(REJECTED)
        return faults + self._refused if REJECTED in faults else faults

    def forget_faults(self) -> None:
        """Forget what went wrong until now."""
        self._faults.clear()

    # Home Assistant's own pages show pictures from the internet, which a test does not reach.

    def _log(self, message: Any) -> None:
        address = message.location["url"]
        if message.type == "error" and (not address or address.startswith(self.hass.url)):
            self._faults.append(message.text)

    def _listen(self, websocket: Any) -> None:
        """Note the commands that Home Assistant refuses."""
        commands: dict[int, str] = {}

        def messages(frame: str) -> list[dict[str, Any]]:
            found = json.loads(frame)
            return found if isinstance(found, list) else [found]

        def sent(frame: str) -> None:
            commands.update(
                (message["id"], message["type"]) for message in messages(frame) if "id" in message
            )

        def received(frame: str) -> None:
            self._refused.extend(
                f"{commands[message['id']]}: {message['error']['code']}"
                for message in messages(frame)
                if message["type"] == "result" and not message["success"]
            )

        websocket.on("framesent", sent)
        websocket.on("framereceived", received)

    def _failed(self, request: Any) -> None:
        # Home Assistant preloads its modules; leaving the page ends that.
        if request.url.startswith(self.hass.url) and "ERR_ABORTED" not in (request.failure or ""):
            self._faults.append(f"{request.url}: {request.failure}")

    def _answered(self, response: Any) -> None:
        if response.url.startswith(self.hass.url) and response.status >= 400:
            self._faults.append(f"{response.url}: {response.status}")

    async def open(self, path: str) -> None:
        """Open a page of Home Assistant."""
        await self.ui.goto(f"{self.hass.url}/{path}")

    async def go(self, path: str) -> None:
        """Go to another page of Home Assistant as a click on its tab does, without loading anew."""
        await self.ui.evaluate(GO, f"/{path}")

    async def sees(self, selectors: Sequence[str]) -> None:
        """Wait until all of it is drawn; no card may be an error."""
        for selector in selectors:
            await self.ui.locator(selector).first.wait_for(timeout=DRAWN_WITHIN)
        assert await self.ui.locator("hui-error-card").count() == 0

    async def views(self) -> None:
        """Open the dashboard, and go through every view until it is drawn."""
        await self.open(f"{DASHBOARD}/{next(iter(VIEWS))}")
        for view, selectors in VIEWS.items():
            await self.go(f"{DASHBOARD}/{view}")
            await self.sees(selectors)

    async def ws(self, message: dict[str, Any]) -> Any:
        """Ask Home Assistant as the user of the page."""
        return await self.ui.evaluate(
            "message => document.querySelector('home-assistant').hass.callWS(message)", message
        )


class Browser:
    """A browser, Home Assistant, and the home."""

    def __init__(
        self, chromium: Any, hass: Hass, household: Household, run: Callable[..., Any]
    ) -> None:
        """Hold what a test uses; `run` does something in the loop of the browser."""
        self.run = run
        self.chromium = chromium
        self.hass = hass
        self.household = household
        self._context: Any = None

    async def page(
        self,
        *,
        language: str = "en",
        width: int = 1280,
        scheme: str = "light",
        tokens: dict[str, Any] | None = None,
        empty_cache: bool = False,
    ) -> Page:
        """Return a new page, whose user is logged in."""
        if empty_cache or self._context is None:
            context = await self._new_context()
        else:
            context = self._context
        if not empty_cache:
            # Compiling Home Assistant's scripts takes longer than all that a test does with them.
            self._context = context
        page = await context.new_page()
        await page.set_viewport_size({"width": width, "height": 1000})
        await page.emulate_media(color_scheme=scheme)
        stored = {
            **(tokens or self.hass.tokens),
            "hassUrl": self.hass.url,
            "clientId": CLIENT_ID,
            "expires": 9_999_999_999_999,
        }
        items = {"hassTokens": json.dumps(stored), "selectedLanguage": json.dumps(language)}
        # What another page has stored is not for this one.
        await page.add_init_script(
            "if (!sessionStorage.length) { localStorage.clear(); sessionStorage.page = 1; }"
            f"Object.assign(localStorage, {json.dumps(items)});"
        )
        return Page(self.hass, page)

    async def _new_context(self) -> Any:
        context = await self.chromium.new_context(
            timezone_id="Europe/Berlin", reduced_motion="reduce"
        )
        context.set_default_timeout(DRAWN_WITHIN)
        return context

    async def close_pages(self) -> None:
        """Close all pages: one that stays open goes on drawing. What is cached stays."""
        for context in self.chromium.contexts:
            for page in context.pages:
                await page.close()
            if context is not self._context:
                await context.close()

    async def add_dashboard(
        self, path: str = DASHBOARD, config: Mapping[str, Any] | None = None
    ) -> None:
        """Add a dashboard, if it is not there yet: ours, or one of a configuration."""
        known = await self.hass.ws("lovelace/dashboards/list")
        if any(each["url_path"] == path for each in known):
            return
        await self.hass.ws("lovelace/dashboards/create", url_path=path, title=path, mode="storage")
        await self.hass.ws(
            "lovelace/config/save",
            url_path=path,
            config=config or {"strategy": {"type": "custom:py-hab"}},
        )

    async def add_meter_to_energy_dashboard(self) -> None:
        """Add a meter to the Energy dashboard by the options of its entry, if none is there yet."""
        info = await self.hass.ws("energy/validate")
        if info["energy_sources"]:
            return
        meter = await self.entity("_energy_import")
        steps = {"next_step_id": "energy"}, {"grid": [meter["entity_id"]]}
        await self.hass.options(meter["config_entry_id"], *steps)

    async def add_cards(self, path: str, *cards: Mapping[str, Any]) -> None:
        """Add a dashboard of cards."""
        await self.add_dashboard(path, {"views": [{"title": "Cards", "cards": cards}]})

    async def entity(self, unique_id_end: str) -> dict[str, Any]:
        """Return the entity whose unique id ends so."""

        async def find() -> dict[str, Any] | None:
            found = await self.hass.entities()
            return next((each for each in found if each["unique_id"].endswith(unique_id_end)), None)

        entity: dict[str, Any] = await self.hass.wait_for(find, unique_id_end, seconds=60)
        return entity


@asynccontextmanager
async def browser_and_home(folder: Path, run: Callable[..., Any]) -> AsyncIterator[Browser]:
    """Start a home with a box and a meter, Home Assistant in it, and a browser; end all of it."""
    from playwright.async_api import async_playwright

    async with Household() as household, Hass(folder) as hass, async_playwright() as playwright:
        # A device that the user buys later.
        household.box.vanish(REPEATER)
        await hass.add_mqtt("127.0.0.1", household.broker.port)
        await hass.add_fritzbox(household.box.url, DEFAULT_USER, DEFAULT_PASSWORD)
        await hass.add_meter(household.reader.tele_topic("SENSOR"))
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-background-networking",
                # An emulated graphics card takes more of the processor than none.
                "--disable-gpu",
                "--disable-gpu-rasterization",
                "--disable-software-rasterizer",
            ],
        )
        yield Browser(chromium, hass, household, run)
        await chromium.close()


class Stage:
    """Starts the browser and the home when the first test needs them."""

    def __init__(self, folder: Path) -> None:
        """Prepare; nothing runs yet."""
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="browser", daemon=True)
        self._stack = AsyncExitStack()
        self._browser: Browser | None = None

    @property
    def browser(self) -> Browser:
        """The browser, which is started if it does not run."""
        if self._browser is None:
            self._thread.start()
            self._browser = self.run(self._start())
        return self._browser

    def run[T](self, what: Coroutine[Any, Any, T]) -> T:
        """Do something in the loop of the browser."""
        return asyncio.run_coroutine_threadsafe(what, self._loop).result()

    async def _start(self) -> Browser:
        return await self._stack.enter_async_context(browser_and_home(self._folder, self.run))

    def close(self) -> None:
        """End everything that runs."""
        if self._browser is None:
            return
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def in_browser(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Make a test of a coroutine, which runs in the loop of its browser."""

    async def alone(browser: Browser, **fixtures: Any) -> None:
        try:
            await test(browser, **fixtures)
        finally:
            await browser.close_pages()

    @functools.wraps(test)
    def run(browser: Browser, **fixtures: Any) -> None:
        browser.run(alone(browser, **fixtures))

    return run
