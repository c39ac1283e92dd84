"""The config flow: sets up and reconfigures a FRITZ!Box or a meter."""

from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.core import callback

from .const import DOMAIN, UNKNOWN_KIND, EntryKind
from .entry import kind_of
from .flows.fritzbox import FritzBoxFlow
from .flows.meter import MeterFlow
from .flows.options import PyHabOptionsFlow


class PyHabConfigFlow(FritzBoxFlow, MeterFlow, domain=DOMAIN):
    """Asks for the kind of the source. The steps of each kind are in `flows/`."""

    VERSION = 1
    MINOR_VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> PyHabOptionsFlow:
        """Return the options flow of a box or a meter."""
        return PyHabOptionsFlow()

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the kind of the source."""
        return self.async_show_menu(step_id="user", menu_options=["fritzbox", "tasmota"])

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change address, credentials or topic of an entry."""
        kind = kind_of(self._get_reconfigure_entry())
        if kind is None:
            return self.async_abort(reason=UNKNOWN_KIND)
        if kind is EntryKind.FRITZBOX:
            return await self.async_step_fritzbox()
        return await self.async_step_tasmota()
