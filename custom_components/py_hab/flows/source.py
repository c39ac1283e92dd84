"""The base of the config flows of both kinds of sources: identifies the device of a flow."""

from typing import Final

from homeassistant.config_entries import ConfigFlow
from homeassistant.helpers.device_registry import format_mac

from ..entry import AnyConfigEntry


class FormError(Exception):
    """What the user has entered does not work. The form is shown again, with the reason."""

    def __init__(self, error: str, *, field: str = "base", **placeholders: str) -> None:
        """Store the translation key of the error, its field, and the placeholders of the form."""
        super().__init__(error)
        self.errors: Final = {field: error}
        self.placeholders: Final = placeholders


class SourceFlow(ConfigFlow):
    """Creates or changes the entry of one device, a FRITZ!Box or a reader."""

    @property
    def _changed_entry(self) -> AnyConfigEntry | None:
        """The entry that the flow changes, None if it creates one."""
        entry_id = self.context.get("entry_id")
        return self.hass.config_entries.async_get_entry(entry_id) if entry_id else None

    async def _async_check_identity(self, mac: str | None, address: dict[str, str]) -> None:
        """Abort the flow if a device is already set up, or is not the one to be changed.

        A device is identified by its MAC address or, if that is unknown, by `address`: the host or
        topic in the data of its entry.
        """
        if not mac:
            # The unique id may still be that of a device tried before in this flow.
            await self.async_set_unique_id(None)
            self._async_abort_entries_match(address)
            return
        # Another open flow for the same device does not matter.
        await self.async_set_unique_id(format_mac(mac), raise_on_progress=False)
        entry = self._changed_entry
        if entry is not None and entry.unique_id is not None:
            self._abort_if_unique_id_mismatch(reason="another_device")
        else:
            self._abort_if_unique_id_configured()
