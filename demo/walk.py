"""Walks through the documentation as a newcomer does: every page, both languages, wide and narrow.

Run by scripts/walk, which builds the site; Chromium must be on the machine.
"""

import asyncio
from collections.abc import Iterator
import contextlib
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
import shutil
import sys
import threading
from typing import Any, Final, override

from playwright.async_api import Browser, async_playwright

from demo.screenshots import CHROMIUM_ARGUMENTS

WIDTHS: Final = {"wide": 1280, "phone": 390}
"""Pixels."""
IS_WIDER: Final = "document.documentElement.scrollWidth > window.innerWidth + 1"
BROKEN_PICTURES: Final = """() => [...document.images]
    .filter((image) => !image.complete || !image.naturalWidth).map((image) => image.src)"""
LINKS: Final = "() => [...document.querySelectorAll('a[href]')].map((link) => link.href)"


class _Quiet(SimpleHTTPRequestHandler):
    """A server of files that logs nothing."""

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[str]:
    """Serve a folder on this machine only; yield its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def _walk(browser: Browser, address: str, pages: list[str], pictures: Path) -> list[str]:
    """Open all pages, take pictures of them, and return what is wrong."""
    faults: list[str] = []
    linked: set[str] = set()

    def failed(request: Any) -> None:
        faults.append(f"{request.url}: failed")

    def threw(error: Any) -> None:
        faults.append(str(error))

    for name, width in WIDTHS.items():
        page = await browser.new_page(viewport={"width": width, "height": 900})
        page.on("requestfailed", failed)
        page.on("pageerror", threw)
        for path in pages:
            response = await page.goto(address + path, wait_until="load")
            if response is None or response.status != 200:
                faults.append(f"{path}: does not open")
            # Pictures further down are loaded when they come into view.
            await page.evaluate("() => window.scrollTo(0, document.body.scrollHeight)")
            await page.wait_for_load_state("networkidle")
            broken = await page.evaluate(BROKEN_PICTURES)
            faults += [f"{path}: {picture} is not shown" for picture in broken]
            if await page.evaluate(IS_WIDER):
                faults.append(f"{path}: is wider than a {name} screen")
            linked |= {link.partition("#")[0] for link in await page.evaluate(LINKS)}
            file = path.strip("/").replace("/", "-") or "index"
            await page.evaluate("() => window.scrollTo(0, 0)")
            await page.screenshot(path=pictures / f"{file}-{name}.png", full_page=True)
        await page.close()
    reached = {link.removeprefix(address) for link in linked if link.startswith(address)}
    faults += [f"{path}: no page links to it" for path in pages if path not in reached]
    return faults


def _pages(site: Path) -> list[str]:
    """Return the addresses of all pages, relative to the first one."""
    folders = (file.parent.relative_to(site).as_posix() for file in site.rglob("index.html"))
    return sorted("" if folder == "." else f"{folder}/" for folder in folders)


async def _main(site: Path, pictures: Path) -> int:
    """Walk, and report. Returns 1 if anything is wrong."""
    pages = _pages(site)
    with _served(site) as address:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=CHROMIUM_ARGUMENTS
            )
            faults = await _walk(browser, address, pages, pictures)
            await browser.close()
    print(*faults, sep="\n")
    print(f"{len(pages)} pages, {len(faults)} faults; pictures in {pictures}")
    return 1 if faults else 0


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    sys.exit(asyncio.run(_main(Path(sys.argv[1]), folder)))
