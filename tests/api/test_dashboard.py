"""The dashboard module: served, registered as a resource, kept up to date and taken out again."""

from pathlib import Path

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.py_hab.api import dashboard
from custom_components.py_hab.const import DOMAIN
from homeassistant.components.lovelace.const import LOVELACE_DATA
from homeassistant.components.lovelace.resources import ResourceStorageCollection
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from tests.support.mocked_reader import MockedReader
from tests.support.watching import states

OTHER = "/local/other.js"


async def _set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


def _urls(hass: HomeAssistant) -> list[str]:
    return [item["url"] for item in hass.data[LOVELACE_DATA].resources.async_items() or ()]


async def _lovelace(hass: HomeAssistant, **config: object) -> None:
    assert await async_setup_component(hass, "http", {})
    assert await async_setup_component(hass, "lovelace", {"lovelace": config})


async def _stored(hass: HomeAssistant, url: str) -> None:
    resources = hass.data[LOVELACE_DATA].resources
    assert isinstance(resources, ResourceStorageCollection)
    await resources.async_get_info()
    await resources.async_create_item({"res_type": "module", "url": url})


@pytest.fixture(name="storage")
async def _storage(hass: HomeAssistant) -> None:
    """Dashboards that Home Assistant stores, with a module of the user's own."""
    await _lovelace(hass)
    await _stored(hass, OTHER)


@pytest.mark.usefixtures("storage")
async def test_the_module_is_registered_once_and_served(
    hass: HomeAssistant,
    fritzbox_entry: MockConfigEntry,
    mocked_reader: MockedReader,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """Two entries add one resource; its address is that of the module."""
    await _set_up(hass, fritzbox_entry)
    await mocked_reader.set_up(mocked_reader.entry())
    other, ours = _urls(hass)
    assert other == OTHER
    assert ours.startswith("/py_hab/py_hab.js?v=")
    answer = await (await hass_client_no_auth()).get(ours)
    assert await answer.read() == dashboard.MODULE.read_bytes()


@pytest.mark.usefixtures("storage")
async def test_an_update_changes_the_version_in_the_address(
    hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    """The resource of an older release is changed in its place."""
    await _stored(hass, f"{dashboard.ADDRESS}?v=old")
    await _set_up(hass, fritzbox_entry)
    other, ours = _urls(hass)
    assert other == OTHER
    assert ours != f"{dashboard.ADDRESS}?v=old"
    await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    assert _urls(hass) == [OTHER, ours]


@pytest.mark.usefixtures("storage")
async def test_the_last_entry_takes_the_module_with_it(
    hass: HomeAssistant, fritzbox_entry: MockConfigEntry, mocked_reader: MockedReader
) -> None:
    """Only our resource is removed, and only with the last entry."""
    meter = mocked_reader.entry()
    await _set_up(hass, fritzbox_entry)
    await mocked_reader.set_up(meter)
    await hass.config_entries.async_remove(fritzbox_entry.entry_id)
    assert len(_urls(hass)) == 2
    await hass.config_entries.async_remove(meter.entry_id)
    assert _urls(hass) == [OTHER]


@pytest.mark.usefixtures("storage")
async def test_an_entry_without_the_module_can_be_set_up_once_it_is_there_again(
    hass: HomeAssistant,
    fritzbox_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """An update that was interrupted has left a part of the files."""
    with monkeypatch.context() as interrupted:
        interrupted.setattr(dashboard, "MODULE", tmp_path / "py_hab.js")
        assert not await hass.config_entries.async_setup(fritzbox_entry.entry_id)
    # Entities of an earlier set-up would stay as they are, and no others could be added.
    assert states(hass) == {}
    assert await hass.config_entries.async_reload(fritzbox_entry.entry_id)
    assert len(_urls(hass)) == 2
    assert states(hass)


@pytest.mark.parametrize("listed", [False, True])
async def test_resources_in_yaml_are_for_the_user_to_add(
    hass: HomeAssistant, fritzbox_entry: MockConfigEntry, *, listed: bool
) -> None:
    """An issue says what to add, until the module is listed or the last entry is removed."""
    resources = [{"url": f"{dashboard.ADDRESS}?v=1", "type": "module"}] if listed else []
    await _lovelace(hass, resource_mode="yaml", resources=resources)
    await _set_up(hass, fritzbox_entry)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, dashboard.ISSUE)
    assert (issue is None) is listed
    if issue is not None:
        assert issue.translation_placeholders == {"url": dashboard.ADDRESS}
    await hass.config_entries.async_remove(fritzbox_entry.entry_id)
    assert ir.async_get(hass).async_get_issue(DOMAIN, dashboard.ISSUE) is None


async def test_a_home_without_dashboards_needs_no_module(
    hass: HomeAssistant, fritzbox_entry: MockConfigEntry
) -> None:
    """The entry loads and can be removed."""
    await _set_up(hass, fritzbox_entry)
    await hass.config_entries.async_remove(fritzbox_entry.entry_id)
    assert LOVELACE_DATA not in hass.data
