"""Ensures that each device belongs to one entry, although several boxes of a mesh may list it."""

from dataclasses import replace
from datetime import datetime
import logging

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.helpers.entity_platform import async_get_platforms
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_KIND, DOMAIN, EntryKind
from ..counters.store import CounterStore
from ..entry import AnyConfigEntry, async_counters_of
from ..fritzbox.devices import DeviceList
from ..fritzbox.ownership import ForeignDevices, OwnerView
from ..util.texts import clean_text

_LOGGER = logging.getLogger(__name__)

_CLAIMS: HassKey[dict[str, str]] = HassKey("py_hab_devices")
"""The id of the entry that owns a device, by AIN. This belongs to no entry, because it concerns all."""


class DeviceOwnership:
    """Decides which of the devices that a box lists belong to its entry."""

    def __init__(self, hass: HomeAssistant, entry: AnyConfigEntry, counters: CounterStore) -> None:
        """Initialize for the box of an entry."""
        self._hass = hass
        self._entry = entry
        self._counters = counters
        self._claims = hass.data.setdefault(_CLAIMS, {})
        self._foreign = ForeignDevices()
        self.is_present: dict[str, bool] = {}
        """Whether the box reaches each physical device that it lists, by AIN."""

    def owns(self, ain: str) -> bool:
        """Return whether a physical device belongs to this entry."""
        return self._claims.get(ain) == self._entry.entry_id

    async def async_owned(self, answer: DeviceList) -> DeviceList:
        """Return an answer with the devices of this entry only.

        Takes over devices that nobody owns, and those that their owner has lost.
        """
        now = dt_util.utcnow()
        owned: set[str] = set()
        self.is_present = {
            device.owner_ain: answer.devices[device.owner_ain].present
            for device in answer.devices.values()
        }
        for ain, is_present in self.is_present.items():
            owner = device_owner(self._hass, ain, self._entry)
            if owner is None or self._may_take_over(owner, ain, now, is_present=is_present):
                self._claims[ain] = self._entry.entry_id
                self._foreign.forget(ain)
                owned.add(ain)
                if owner is not None:
                    await self._async_take_over(owner, ain)
                    units = [each.ain for each in answer.devices.values() if each.owner_ain == ain]
                    self._counters.take_over(await async_counters_of(self._hass, owner), *units)
        return replace(
            answer,
            devices={
                ain: device for ain, device in answer.devices.items() if device.owner_ain in owned
            },
        )

    def _may_take_over(
        self, owner: AnyConfigEntry, ain: str, now: datetime, *, is_present: bool
    ) -> bool:
        if owner.disabled_by is not None:
            return True
        view = OwnerView()
        if owner.state is ConfigEntryState.LOADED:
            coordinator = owner.runtime_data.coordinator
            # A box that has just started lists no devices yet.
            listed = coordinator.ownership.is_present
            if coordinator.last_update_success and listed:
                view = OwnerView(
                    answered_at=coordinator.last_answer,
                    is_listed=ain in listed,
                    is_present=listed.get(ain, False),
                )
        return self._foreign.may_take_over(ain, view, now, is_present=is_present)

    async def _async_take_over(self, owner: AnyConfigEntry, ain: str) -> None:
        """Move the registered device with its entities, their ids, names and history."""
        _LOGGER.debug(
            "%s takes over a device of %s", clean_text(self._entry.title), clean_text(owner.title)
        )
        devices, entities = dr.async_get(self._hass), er.async_get(self._hass)
        device_id = _device_id(self._hass, ain, owner)
        if device_id is None:
            return
        moved = er.async_entries_for_device(entities, device_id, include_disabled_entities=True)
        for platform in async_get_platforms(self._hass, DOMAIN):
            for entity in moved:
                if entity.entity_id in platform.entities:
                    await platform.async_remove_entity(entity.entity_id)
        if (own_id := _device_id(self._hass, ain, self._entry)) is not None:
            for entity in er.async_entries_for_device(
                entities, own_id, include_disabled_entities=True
            ):
                entities.async_update_entity(entity.entity_id, device_id=device_id)
            devices.async_remove_device(own_id)
        for entity in moved:
            is_disabled = entity.disabled_by not in {None, er.RegistryEntryDisabler.CONFIG_ENTRY}
            entities.async_update_entity(
                entity.entity_id,
                config_entry_id=self._entry.entry_id,
                disabled_by=entity.disabled_by if is_disabled else None,
            )
        devices.async_update_device(device_id, new_config_entry_id=self._entry.entry_id)


def device_owner(
    hass: HomeAssistant, ain: str, entry: AnyConfigEntry | None
) -> AnyConfigEntry | None:
    """Return the entry that owns a device, None if that is `entry` itself or nobody.

    An entry owns the devices that it was the first to list. After a restart, the device registry shows
    which devices those are.
    """
    claim = hass.data.get(_CLAIMS, {}).get(ain)
    if entry is not None and claim == entry.entry_id:
        return None
    others: list[AnyConfigEntry] = []
    for other in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        is_owner = other.entry_id == claim or _device_id(hass, ain, other) is not None
        if is_owner and other.data.get(CONF_KIND) == EntryKind.FRITZBOX:
            others.append(other)
    # Entries are listed in the order of their creation: the first one wins, always the same.
    owner = next((other for other in others if other.entry_id == claim), next(iter(others), None))
    return None if entry is not None and owner is entry else owner


def has_owned_devices_only(hass: HomeAssistant, answer: DeviceList) -> bool:
    """Return whether an answer contains devices, and each of them belongs to an entry already."""
    owners = {device.owner_ain for device in answer.devices.values()}
    return bool(owners) and all(device_owner(hass, ain, None) is not None for ain in owners)


@callback
def box_model(hass: HomeAssistant, entry: AnyConfigEntry) -> str | None:
    """Return the model of an entry's box, None if the box is not registered."""
    device = _device(hass, entry.unique_id or entry.entry_id, entry)
    return None if device is None else device.model


@callback
def async_rename_box(hass: HomeAssistant, entry: AnyConfigEntry, unique_id: str) -> None:
    """Assign the device of an entry's box, and its entities, to a successor with this unique id."""
    devices, entities = dr.async_get(hass), er.async_get(hass)
    old = entry.unique_id or entry.entry_id
    device_id = _device_id(hass, old, entry)
    if device_id is None:
        return
    for entity in er.async_entries_for_device(entities, device_id, include_disabled_entities=True):
        if entity.unique_id.startswith(f"{old}_"):
            renamed = f"{unique_id}{entity.unique_id.removeprefix(old)}"
            entities.async_update_entity(entity.entity_id, new_unique_id=renamed)
    devices.async_update_device(device_id, new_identifiers={(DOMAIN, unique_id)})


def _device(hass: HomeAssistant, ain: str, entry: AnyConfigEntry) -> dr.DeviceEntry | None:
    return dr.async_get(hass).async_get_device_by_identifier((DOMAIN, ain), entry.entry_id)


def _device_id(hass: HomeAssistant, ain: str, entry: AnyConfigEntry) -> str | None:
    device = _device(hass, ain, entry)
    return None if device is None else device.id
