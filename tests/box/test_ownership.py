"""Who owns a device; `tests/field/test_ownership.py` shows it in a home with several boxes."""

from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.py_hab.box.ownership import async_rename_box, device_owner
from custom_components.py_hab.const import DOMAIN
from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

AIN = "11630 0714031"


def an_entry(hass: HomeAssistant, kind: str = "fritzbox", **more: str) -> MockConfigEntry:
    entry = MockConfigEntry(domain=DOMAIN, data={"kind": kind}, **more)
    entry.add_to_hass(hass)
    return entry


def register(hass: HomeAssistant, entry: MockConfigEntry, identifier: str) -> str:
    registry = dr.async_get(hass)
    return registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, identifier)}
    ).id


async def test_a_device_that_nobody_has_registered_has_no_owner(hass: HomeAssistant) -> None:
    entry, _ = an_entry(hass), an_entry(hass)
    assert device_owner(hass, AIN, entry) is None
    assert device_owner(hass, AIN, None) is None


async def test_the_registry_knows_the_owner_after_a_restart(hass: HomeAssistant) -> None:
    first, second = an_entry(hass), an_entry(hass)
    register(hass, second, AIN)
    assert device_owner(hass, AIN, first) is second
    assert device_owner(hass, AIN, second) is None
    assert device_owner(hass, AIN, None) is second


async def test_meters_and_ignored_boxes_own_no_device(hass: HomeAssistant) -> None:
    entry = an_entry(hass)
    for other in (an_entry(hass, "meter"), an_entry(hass, source=SOURCE_IGNORE)):
        register(hass, other, AIN)
    assert device_owner(hass, AIN, entry) is None


async def test_a_successor_keeps_the_device_of_the_box(hass: HomeAssistant) -> None:
    entry = an_entry(hass, unique_id="old")
    device_id = register(hass, entry, "old")
    async_rename_box(hass, entry, "new")
    device = dr.async_get(hass).async_get(device_id)
    assert device is not None
    assert device.identifiers == {(DOMAIN, "new")}


async def test_a_box_without_a_device_has_nothing_to_keep(hass: HomeAssistant) -> None:
    async_rename_box(hass, an_entry(hass, unique_id="old"), "new")
    assert not dr.async_get(hass).devices
