"""Serves the cards and the dashboard strategy, and registers them with Home Assistant's dashboards.

The module is a Lovelace resource. An extra JavaScript module would be loaded at the same time as
the frontend, and its elements would be lost in some of the loads.
"""

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.components.http import StaticPathConfig
from homeassistant.components.lovelace.const import LOVELACE_DATA, MODE_YAML
from homeassistant.components.lovelace.resources import ResourceStorageCollection
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..util.documentation import page_of_notices

MODULE: Final = Path(__file__).parents[1] / "frontend" / "py_hab.js"
ADDRESS: Final = f"/{DOMAIN}/py_hab.js"
ISSUE: Final = "dashboard_resource"
_LOCK: Final[HassKey[asyncio.Lock]] = HassKey(f"{DOMAIN}_dashboard")


async def async_serve_dashboard(hass: HomeAssistant) -> None:
    """Serve the module; without an HTTP server there is nobody to serve it to."""
    hass.data[_LOCK] = asyncio.Lock()
    if "http" in hass.config.components:
        await hass.http.async_register_static_paths(
            [StaticPathConfig(ADDRESS, str(MODULE), cache_headers=True)]
        )


async def async_register_dashboard(hass: HomeAssistant) -> None:
    """Add the module to the resources of the dashboards, or bring its version up to date.

    Home Assistant cannot write resources kept in YAML: an issue says what to add.
    """
    if (lovelace := hass.data.get(LOVELACE_DATA)) is None:
        return
    if lovelace.resource_mode == MODE_YAML:
        listed = any(_is_ours(item["url"]) for item in lovelace.resources.async_items() or ())
        _async_report_missing(hass, missing=not listed)
        return
    url = f"{ADDRESS}?v={await hass.async_add_executor_job(_version)}"
    # Entries that are set up at the same time must not add the module twice.
    async with hass.data[_LOCK]:
        resources = await _async_resources(hass)
        ours = {key: item["url"] for key, item in resources.data.items() if _is_ours(item["url"])}
        if not ours:
            await resources.async_create_item({"res_type": "module", "url": url})
        for key, listed_url in ours.items():
            if listed_url != url:
                await resources.async_update_item(key, {"url": url})


async def async_remove_dashboard(hass: HomeAssistant) -> None:
    """Take the module out of the resources of the dashboards."""
    _async_report_missing(hass, missing=False)
    lovelace = hass.data.get(LOVELACE_DATA)
    if lovelace is None or lovelace.resource_mode == MODE_YAML:
        return
    resources = await _async_resources(hass)
    for key in [key for key, item in resources.data.items() if _is_ours(item["url"])]:
        await resources.async_delete_item(key)


async def _async_resources(hass: HomeAssistant) -> ResourceStorageCollection:
    """Return the resources, loaded: a collection that is not loaded yet is empty."""
    resources = hass.data[LOVELACE_DATA].resources
    assert isinstance(resources, ResourceStorageCollection)
    await resources.async_get_info()
    return resources


def _is_ours(url: str) -> bool:
    return url.partition("?")[0] == ADDRESS


def _version() -> str:
    """Return a version that changes with the content: browsers keep the module for weeks."""
    return sha256(MODULE.read_bytes()).hexdigest()[:8]


def _async_report_missing(hass: HomeAssistant, *, missing: bool) -> None:
    if not missing:
        ir.async_delete_issue(hass, DOMAIN, ISSUE)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        ISSUE,
        is_fixable=False,
        learn_more_url=page_of_notices(hass.config.language),
        severity=ir.IssueSeverity.WARNING,
        translation_key=ISSUE,
        translation_placeholders={"url": ADDRESS},
    )
