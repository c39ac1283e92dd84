"""Steps of the config flow for a FRITZ!Box."""

from collections.abc import Mapping
import logging
import re
from typing import Any, Final

import voluptuous as vol
from yarl import URL

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_SSDP,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME, CONF_VERIFY_SSL
from homeassistant.data_entry_flow import AbortFlow, section
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
from homeassistant.helpers.service_info.ssdp import (
    ATTR_UPNP_FRIENDLY_NAME,
    ATTR_UPNP_UDN,
    SsdpServiceInfo,
)

from ..box.errors import ERROR_KEYS
from ..box.identity import offers_smart_home, reported_serial
from ..box.ownership import async_rename_box, device_owner
from ..const import CONF_KIND, EntryKind
from ..coordinator import LOGIN, login_record
from ..counters.store import CounterStore
from ..entry import AnyConfigEntry
from ..fritzbox.address import as_ip_address, host_of, is_link_local, with_host
from ..fritzbox.devices import DeviceList
from ..fritzbox.errors import (
    FritzBoxError,
    InvalidAnswerError,
    LoginBlockedError,
    LoginPostponedError,
    NotAFritzBoxError,
)
from ..fritzbox.login import BoxInfo, LoginRecord, serial_of
from ..fritzbox_api import FritzBoxClient
from ..util.records import encode
from ..util.texts import as_markdown, clean_text, short_duration

_LOGGER = logging.getLogger(__name__)

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


class FritzBoxFlow(ConfigFlow):
    """Sets up and reconfigures a FRITZ!Box after testing the connection."""

    _discovered_host = ""
    _title = "FRITZ!Box"
    """The title of the form: name and serial number of the box if they are known."""
    _entered: Mapping[str, Any]
    """The data that the user has entered for a box that may be a successor."""
    _successor: BoxInfo | None = None
    """The box that replaces the one of the entry, if the user has confirmed it."""

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

    @property
    def _changed_entry(self) -> ConfigEntry | None:
        """The entry that the flow changes, None if it creates one."""
        entry_id = self.context.get("entry_id")
        return self.hass.config_entries.async_get_entry(entry_id) if entry_id else None

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
        self,
        suggested: Mapping[str, Any],
        errors: dict[str, str] | None = None,
        placeholders: dict[str, str] | None = None,
    ) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="fritzbox",
            data_schema=self.add_suggested_values_to_schema(_FRITZBOX_SCHEMA, suggested),
            errors=errors or {},
            description_placeholders={"title": self._title, **(placeholders or {})},
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
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        try:
            box = await self._async_try_fritzbox(data, errors, placeholders)
        except _IsAnotherBoxError as err:
            self._successor = err.box
            return await self.async_step_successor()
        if box is None:
            return self._show_fritzbox_form(entered, errors, placeholders)
        if self.source != SOURCE_RECONFIGURE:
            return self.async_create_entry(title=box.model, data=data, description="fritzbox")
        entry = self._get_reconfigure_entry()
        if self._successor is None:
            return self.async_update_reload_and_abort(entry, data=data)
        unique_id = format_mac(box.serial)
        async_rename_box(self.hass, entry, unique_id)
        return self.async_update_reload_and_abort(
            entry, unique_id=unique_id, data=data, reason="reconfigure_successful"
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
        """Handle the SSDP announcement of a FRITZ!Box or a repeater. Anybody can send one."""
        try:
            location = URL(discovery_info.ssdp_location or "")
        except ValueError:
            return self.async_abort(reason="not_supported")
        host = location.host or ""
        address = as_ip_address(host)
        if address is not None and is_link_local(address):
            return self.async_abort(
                reason="ipv6_link_local" if address.version == 6 else "link_local"
            )
        # The last part of the UDN of a FRITZ!Box is the serial number in its description.
        serial = str(discovery_info.upnp.get(ATTR_UPNP_UDN, ""))[-12:]
        if not re.fullmatch("[0-9A-Fa-f]{12}", serial):
            return self.async_abort(reason="not_supported")
        entry = await self.async_set_unique_id(format_mac(serial))
        moved = await self._async_moved(entry, host, serial.upper()) if entry else None
        self._abort_if_unique_id_configured(updates={CONF_HOST: moved} if moved else None)
        if not await offers_smart_home(async_get_clientsession(self.hass), location):
            return self.async_abort(reason="not_supported")
        self._discovered_host = host
        name = discovery_info.upnp.get(ATTR_UPNP_FRIENDLY_NAME) or host
        name = clean_text(str(name))
        self.context["title_placeholders"] = {"name": name}
        self._title = f"{name} ({serial.upper()})"
        return await self.async_step_fritzbox()

    async def _async_moved(self, entry: ConfigEntry, host: str, serial: str) -> str | None:
        """Return the new address of the box of an entry, None if it has not moved.

        It has moved if it no longer answers at its known address, and reports its serial number at
        the announced one. A host name is kept.
        """
        stored = entry.data.get(CONF_HOST, "")
        known, announced = as_ip_address(host_of(stored)), as_ip_address(host)
        if None in (known, announced) or known == announced or entry.disabled_by is not None:
            return None
        session = async_get_clientsession(
            self.hass, verify_ssl=entry.data.get(CONF_VERIFY_SSL, True)
        )
        moved = with_host(stored, host)
        if await reported_serial(session, stored) in {serial, ""}:
            return None
        return moved if await reported_serial(session, moved) == serial else None

    async def _async_try_fritzbox(
        self, data: Mapping[str, Any], errors: dict[str, str], placeholders: dict[str, str]
    ) -> BoxInfo | None:
        """Log in and read the device list once; on failure, fill `errors` and return None.

        Before a login is tried, aborts the flow if the box is already set up, and raises
        _IsAnotherBoxError if it may be the successor of the entry's box.
        """
        try:
            client = FritzBoxClient(
                async_get_clientsession(self.hass, verify_ssl=data[CONF_VERIFY_SSL]),
                host=data[CONF_HOST],
                username=data[CONF_USERNAME],
                password=data[CONF_PASSWORD],
            )
        except ValueError:
            errors[CONF_HOST] = "invalid_host"
            return None
        try:
            try:
                box = await client.box_info()
            except NotAFritzBoxError, InvalidAnswerError:
                # Not every model serves its description. The login shows whether it is a FRITZ!Box.
                box = BoxInfo(model="FRITZ!Box", firmware_version=None, serial="")
            await self._async_check_box(box, data)
            counters = await self._async_counters()
            client.record = self._login_record(box, counters)
            self._check_devices(await client.device_list())
            if counters is not None:
                counters.notes[LOGIN] = encode(client.record)
                await counters.async_save()
        except FritzBoxError as err:
            _LOGGER.debug("The box refused: %s", err)
            errors["base"] = ERROR_KEYS[type(err)]
            if isinstance(err, LoginBlockedError | LoginPostponedError):
                placeholders["time"] = short_duration(err.retry_after)
            return None
        finally:
            await client.logout()
        return box

    async def _async_check_box(self, box: BoxInfo, data: Mapping[str, Any]) -> None:
        """Check that a box may get the login of the entry, or of a new one."""
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

    async def _async_counters(self) -> CounterStore | None:
        """Return the store of the entry that the flow changes, None if it creates one."""
        entry: AnyConfigEntry | None = self._changed_entry
        if entry is None:
            return None
        if entry.state is ConfigEntryState.LOADED:
            found: CounterStore = entry.runtime_data.counters
            return found
        counters = CounterStore(self.hass, entry.entry_id)
        await counters.async_load()
        return counters

    def _login_record(self, box: BoxInfo, counters: CounterStore | None) -> LoginRecord:
        """Return what is known of logins to a box. What the user has entered is tried once."""
        entry: AnyConfigEntry | None = self._changed_entry
        if entry is None or counters is None or self._successor is not None:
            return LoginRecord(serial=box.serial)
        known = login_record(entry, counters.notes)
        return LoginRecord(serial=known.serial, offers_pbkdf2=known.offers_pbkdf2)

    def _check_devices(self, answer: DeviceList) -> None:
        """Abort the flow of a discovered box if other entries show all its devices."""
        owners = {device.owner_ain for device in answer.devices.values()}
        is_known = all(device_owner(self.hass, ain, None) is not None for ain in owners)
        if self.source == SOURCE_SSDP and owners and is_known:
            raise AbortFlow("devices_known")

    async def async_step_reauth(self, _entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start the reauthentication after the box has rejected the stored credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for new credentials, and test them."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        placeholders = {"host": entry.data[CONF_HOST]}
        if user_input is not None:
            data = {**entry.data, **user_input}
            if await self._async_try_fritzbox(data, errors, placeholders) is not None:
                return self.async_update_reload_and_abort(entry, data=data)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                _REAUTH_SCHEMA, user_input or {CONF_USERNAME: entry.data[CONF_USERNAME]}
            ),
            errors=errors,
            description_placeholders=placeholders,
        )
