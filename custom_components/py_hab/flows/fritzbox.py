"""Steps of the config flow for a FRITZ!Box."""

from collections.abc import Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_SSDP,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME, CONF_VERIFY_SSL
from homeassistant.data_entry_flow import AbortFlow, section
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
from homeassistant.helpers.service_info.ssdp import SsdpServiceInfo

from ..box.identity import offers_smart_home
from ..box.ownership import async_rename_box, box_model, has_owned_devices_only
from ..const import CONF_KIND, EntryKind
from ..fritzbox.login import BoxInfo, serial_of
from ..util.texts import as_markdown
from .box_trial import BoxTrial
from .fritzbox_ssdp import AnnouncedBox, async_new_address
from .source import FormError, SourceFlow

ADDITIONAL_SETTINGS: Final = "additional_settings"

_USERNAME = TextSelector(TextSelectorConfig(type=TextSelectorType.TEXT, autocomplete="username"))
_PASSWORD = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_CREDENTIALS: Final = {
    vol.Optional(CONF_USERNAME, default=""): _USERNAME,
    vol.Required(CONF_PASSWORD): _PASSWORD,
}
_FRITZBOX_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_HOST, default="fritz.box"): TextSelector(),
        **_CREDENTIALS,
        vol.Required(ADDITIONAL_SETTINGS): section(
            vol.Schema({vol.Required(CONF_VERIFY_SSL, default=True): bool}), {"collapsed": True}
        ),
    }
)
_REAUTH_SCHEMA = vol.Schema(_CREDENTIALS)


class _IsAnotherBoxError(Exception):
    """The box at the new address of an entry is not the one that was set up."""

    def __init__(self, box: BoxInfo) -> None:
        """Store what the other box reports."""
        super().__init__()
        self.box = box


class FritzBoxFlow(SourceFlow):
    """Sets up and reconfigures a FRITZ!Box after testing the connection."""

    _discovered_host = ""
    _title = "FRITZ!Box"
    """The title of the form: name and serial number of the box if they are known."""
    _entered: Mapping[str, Any]
    """What the user has entered in the form."""
    _successor: BoxInfo | None = None
    """The box that the user is asked about or has confirmed, if it is not the one of the entry."""

    async def async_step_fritzbox(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the address and credentials of a box, and test them."""
        suggested: Mapping[str, Any] = {}
        if user_input is not None:
            self._entered, self._successor = user_input, None
            return await self._async_step_entered()
        if self._discovered_host:
            suggested = {CONF_HOST: self._discovered_host}
        elif self.source == SOURCE_RECONFIGURE:
            self._title = self._get_reconfigure_entry().title
            suggested = {
                **self._get_reconfigure_entry().data,
                ADDITIONAL_SETTINGS: self._get_reconfigure_entry().data,
            }
        return self._show_fritzbox_form(suggested)

    def _show_fritzbox_form(
        self, suggested: Mapping[str, Any], err: FormError | None = None
    ) -> ConfigFlowResult:
        placeholders = {} if err is None else err.placeholders
        return self.async_show_form(
            step_id="fritzbox",
            data_schema=self.add_suggested_values_to_schema(_FRITZBOX_SCHEMA, suggested),
            errors={} if err is None else err.errors,
            description_placeholders={"title": self._title, **placeholders},
        )

    async def _async_step_entered(self) -> ConfigFlowResult:
        """Test what the user has entered, and create or update the entry."""
        entered = self._entered
        data = {
            CONF_KIND: EntryKind.FRITZBOX.value,
            CONF_HOST: entered[CONF_HOST].strip(),
            CONF_USERNAME: entered[CONF_USERNAME].strip(),
            CONF_PASSWORD: entered[CONF_PASSWORD],
            CONF_VERIFY_SSL: entered[ADDITIONAL_SETTINGS][CONF_VERIFY_SSL],
        }
        try:
            box = await self._async_try_box(data)
        except _IsAnotherBoxError as err:
            self._successor = err.box
            return await self.async_step_successor()
        except FormError as err:
            return self._show_fritzbox_form(entered, err)
        if self.source != SOURCE_RECONFIGURE:
            return self.async_create_entry(title=box.model, data=data, description="fritzbox")
        entry = self._get_reconfigure_entry()
        if self._successor is None:
            return self.async_update_reload_and_abort(entry, data=data)
        unique_id = format_mac(box.serial)
        # A title that the user has chosen stays.
        title = box.model if entry.title == box_model(self.hass, entry) else entry.title
        async_rename_box(self.hass, entry, unique_id)
        return self.async_update_reload_and_abort(
            entry, title=title, unique_id=unique_id, data=data, reason="reconfigure_successful"
        )

    async def async_step_successor(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask whether another box replaces the one of the entry. It has received no login yet."""
        if user_input is not None:
            return await self._async_step_entered()
        entry, box = self._get_reconfigure_entry(), self._successor
        assert box is not None
        return self.async_show_form(
            step_id="successor",
            data_schema=vol.Schema({}),
            description_placeholders={
                "host": self._entered[CONF_HOST],
                "model": as_markdown(box.model),
                "serial": box.serial,
                "old_serial": serial_of(entry.unique_id or ""),
            },
        )

    async def async_step_ssdp(self, discovery_info: SsdpServiceInfo) -> ConfigFlowResult:
        """Offer a FRITZ!Box that has announced itself, or follow it to its new address."""
        announced = AnnouncedBox.of(discovery_info)
        entry = await self.async_set_unique_id(format_mac(announced.serial))
        address = await async_new_address(self.hass, entry, announced) if entry else None
        self._abort_if_unique_id_configured(updates={CONF_HOST: address} if address else None)
        session = async_get_clientsession(self.hass)
        if not await offers_smart_home(session, announced.location):
            return self.async_abort(reason="not_supported")
        self._discovered_host = announced.host
        self.context["title_placeholders"] = {"name": announced.name}
        self._title = f"{announced.name} ({announced.serial})"
        return await self.async_step_fritzbox()

    async def async_step_reauth(self, _entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start the reauthentication after the box has rejected the stored credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for new credentials, and test them."""
        entry = self._get_reauth_entry()
        errors: Mapping[str, str] = {}
        placeholders = {"host": entry.data[CONF_HOST]}
        if user_input is not None:
            data = {**entry.data, **user_input}
            try:
                await self._async_try_box(data)
            except FormError as err:
                errors = err.errors
                placeholders |= err.placeholders
            else:
                return self.async_update_reload_and_abort(entry, data=data)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                _REAUTH_SCHEMA, user_input or {CONF_USERNAME: entry.data[CONF_USERNAME]}
            ),
            errors=dict(errors),
            description_placeholders=placeholders,
        )

    async def _async_try_box(self, data: Mapping[str, Any]) -> BoxInfo:
        """Log in to a box and read its device list once; return the box.

        Raises FormError if that fails, and AbortFlow if the box may not be set up. Raises
        _IsAnotherBoxError before a login if the box may be the successor of the entry's box.
        """
        async with BoxTrial(self.hass, data, self._changed_entry) as trial:
            box = await trial.async_identify()
            await self._async_check_box(box, data)
            answer = await trial.async_log_in(box, is_successor=self._successor is not None)
        if self.source == SOURCE_SSDP and has_owned_devices_only(self.hass, answer):
            raise AbortFlow("devices_known")
        return box

    async def _async_check_box(self, box: BoxInfo, data: Mapping[str, Any]) -> None:
        """Check that the credentials may be sent to a box. Raises AbortFlow and _IsAnotherBoxError."""
        entry = self._changed_entry
        is_other = entry is not None and box.serial not in {"", serial_of(entry.unique_id or "")}
        if not is_other or self.source == SOURCE_REAUTH or not (entry and entry.unique_id):
            await self._async_check_identity(box.serial, {CONF_HOST: data[CONF_HOST]})
            return
        unique_id = format_mac(box.serial)
        if self.hass.config_entries.async_entry_for_domain_unique_id(self.handler, unique_id):
            raise AbortFlow("already_configured")
        if self._successor != box:
            raise _IsAnotherBoxError(box)
