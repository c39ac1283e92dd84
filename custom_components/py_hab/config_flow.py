"""The config flow: sets up and reconfigures a FRITZ!Box or a meter."""

from collections.abc import Mapping
from dataclasses import replace
import logging
import re
from types import MappingProxyType
from typing import Any, Final, override

import voluptuous as vol
from yarl import URL

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.helpers.service_info.ssdp import (
    ATTR_UPNP_FRIENDLY_NAME,
    ATTR_UPNP_UDN,
    SsdpServiceInfo,
)
from homeassistant.helpers.typing import DiscoveryInfoType

from .const import (
    CONF_ANSWER_TOPIC,
    CONF_COMMAND_TOPIC,
    CONF_KIND,
    CONF_PREFIX,
    CONF_REGISTERS,
    CONF_TOPIC,
    DOMAIN,
    EntryKind,
)
from .flows.key_section import (
    choices_by_size,
    choices_by_values,
    chosen_mappings,
    mapping_section,
    suggested_choices,
)
from .flows.options import PyHabOptionsFlow
from .fritzbox.address import as_ip_address, host_of, with_host
from .fritzbox.login import BoxInfo
from .fritzbox_api import (
    FritzBoxClient,
    FritzBoxError,
    InvalidAnswerError,
    LoginBlockedError,
    NotAFritzBoxError,
    offers_smart_home,
)
from .fritzbox_errors import ERROR_KEYS
from .meter.discovery import CONF_MAC, async_announced_reader, async_start_reader_discovery
from .meter.probe import ProbeResult, async_find_readers, async_probe_reader
from .sml.key_mapping import METER_CHOICES, assigned_mappings
from .sml.registers import KeyMapping
from .sml.topics import InvalidTopicError, ReaderInfo, ReaderTopics, reader_topics

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


class PyHabConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets up a FRITZ!Box or a meter after testing the connection."""

    VERSION = 1
    MINOR_VERSION = 1

    _discovered_host = ""
    _found: Mapping[str, ReaderInfo] = MappingProxyType({})
    """The readers offered in the form, by SENSOR topic."""
    _topics: ReaderTopics
    """The topics of the chosen reader; set once it has been probed."""
    _probe: ProbeResult
    """The messages of the chosen reader; set once it has been probed."""

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
        kind = EntryKind(self._get_reconfigure_entry().data[CONF_KIND])
        if kind is EntryKind.METER:
            return await self.async_step_tasmota()
        return await self.async_step_fritzbox()

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
        entry_id = self.context.get("entry_id")
        entry = self.hass.config_entries.async_get_entry(entry_id) if entry_id else None
        if entry is not None and entry.unique_id is not None:
            self._abort_if_unique_id_mismatch(reason="another_device")
        else:
            self._abort_if_unique_id_configured()

    # The FRITZ!Box

    async def async_step_fritzbox(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the address and credentials of a box, and test them."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        suggested: Mapping[str, Any] = user_input or {}
        if user_input is not None:
            data = {
                CONF_KIND: EntryKind.FRITZBOX.value,
                CONF_HOST: user_input[CONF_HOST].strip(),
                CONF_USERNAME: user_input[CONF_USERNAME].strip(),
                CONF_PASSWORD: user_input[CONF_PASSWORD],
                CONF_VERIFY_SSL: user_input[ADDITIONAL_SETTINGS][CONF_VERIFY_SSL],
            }
            box = await self._async_try_fritzbox(data, errors, placeholders)
            if box is not None:
                if self.source == SOURCE_RECONFIGURE:
                    return self.async_update_reload_and_abort(
                        self._get_reconfigure_entry(), data=data
                    )
                return self.async_create_entry(title=box.model, data=data)
        elif self._discovered_host:
            suggested = {CONF_HOST: self._discovered_host}
        elif self.source == SOURCE_RECONFIGURE:
            suggested = {
                **self._get_reconfigure_entry().data,
                ADDITIONAL_SETTINGS: self._get_reconfigure_entry().data,
            }
        return self.async_show_form(
            step_id="fritzbox",
            data_schema=self.add_suggested_values_to_schema(_FRITZBOX_SCHEMA, suggested),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def async_step_ssdp(self, discovery_info: SsdpServiceInfo) -> ConfigFlowResult:
        """Handle the SSDP announcement of a FRITZ!Box or a repeater."""
        location = URL(discovery_info.ssdp_location or "")
        host = location.host or ""
        address = as_ip_address(host)
        if address is not None and address.version == 6 and address.is_link_local:
            return self.async_abort(reason="ipv6_link_local")
        # The last part of the UDN of a FRITZ!Box is the serial number in its description.
        serial = str(discovery_info.upnp.get(ATTR_UPNP_UDN, ""))[-12:]
        if not re.fullmatch("[0-9A-Fa-f]{12}", serial):
            return self.async_abort(reason="not_supported")
        entry = await self.async_set_unique_id(format_mac(serial))
        # A host name is kept; an IP address is updated.
        stored = entry.data.get(CONF_HOST, "") if entry else ""
        is_address = as_ip_address(host_of(stored)) is not None
        self._abort_if_unique_id_configured(
            updates={CONF_HOST: with_host(stored, host)} if is_address else None
        )
        if not await offers_smart_home(async_get_clientsession(self.hass), location):
            return self.async_abort(reason="not_supported")
        self._discovered_host = host
        name = discovery_info.upnp.get(ATTR_UPNP_FRIENDLY_NAME) or host
        self.context["title_placeholders"] = {"name": str(name)}
        return await self.async_step_fritzbox()

    async def _async_try_fritzbox(
        self, data: Mapping[str, Any], errors: dict[str, str], placeholders: dict[str, str]
    ) -> BoxInfo | None:
        """Log in and read the device list once; on failure, fill `errors` and return None.

        Aborts the flow, before a login is tried, if it is the wrong box.
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
            await self._async_check_identity(box.serial, {CONF_HOST: data[CONF_HOST]})
            await client.device_list()
        except FritzBoxError as err:
            _LOGGER.debug("The box refused: %s", err)
            errors["base"] = ERROR_KEYS[type(err)]
            if isinstance(err, LoginBlockedError):
                placeholders["seconds"] = f"{err.retry_after.total_seconds():.0f}"
            return None
        finally:
            await client.logout()
        return box

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

    # The meter

    async def async_step_mqtt(self, discovery_info: MqttServiceInfo) -> ConfigFlowResult:
        """Look for readers, because a Tasmota device is online; most of them are not readers."""
        async_start_reader_discovery(self.hass)
        return self.async_abort(reason="not_supported")

    async def async_step_integration_discovery(
        self, discovery_info: DiscoveryInfoType
    ) -> ConfigFlowResult:
        """Probe a reader that has announced itself."""
        mac = discovery_info[CONF_MAC]
        await self.async_set_unique_id(format_mac(mac))
        self._abort_if_unique_id_configured()
        reader = async_announced_reader(self.hass, mac)
        if reader is None or reader.topics is None:
            return self.async_abort(reason="not_supported")
        self._async_abort_entries_match({CONF_TOPIC: reader.topics.sensor})
        probe = await async_probe_reader(self.hass, reader.topics)
        if not probe.meters:
            return self.async_abort(reason="not_supported")
        self._topics, self._probe = reader.topics, replace(probe, reader=replace(reader, mac=mac))
        self.context["title_placeholders"] = {"name": reader.name or reader.topics.sensor}
        return await self.async_step_tasmota_confirm()

    async def async_step_tasmota(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the topic of a reader, and wait for its messages."""
        errors: dict[str, str] = {}
        if not self._mqtt_connected():
            return self.async_abort(
                reason="mqtt_not_configured",
                description_placeholders={
                    "url": "https://my.home-assistant.io/redirect/config_flow_start?domain=mqtt"
                },
            )
        suggested = ""
        if user_input is not None:
            suggested = user_input[CONF_TOPIC].strip()
            await self._async_try_reader(suggested, errors)
            if not errors:
                return await self.async_step_tasmota_confirm()
        elif self.source == SOURCE_RECONFIGURE:
            suggested = self._get_reconfigure_entry().data[CONF_TOPIC]
        self._found = await async_find_readers(self.hass)
        schema = vol.Schema(
            {
                vol.Required(CONF_TOPIC): SelectSelector(
                    SelectSelectorConfig(
                        options=[
                            SelectOptionDict(
                                value=topic,
                                label=f"{reader.name} ({topic})" if reader.name else topic,
                            )
                            for topic, reader in self._found.items()
                        ],
                        custom_value=True,
                        mode=SelectSelectorMode.DROPDOWN,
                    )
                )
            }
        )
        suggested = suggested or next(iter(self._found), "")
        return self.async_show_form(
            step_id="tasmota",
            data_schema=self.add_suggested_values_to_schema(schema, {CONF_TOPIC: suggested}),
            errors=errors,
            description_placeholders={
                "example": "tele/tasmota_9282F4/SENSOR",
                "count": str(len(self._found)),
            },
        )

    def _mqtt_connected(self) -> bool:
        if not self.hass.config_entries.async_loaded_entries("mqtt"):
            return False
        # Imported here because a home without a meter needs no MQTT, and the import takes time.
        from homeassistant.components import mqtt

        return mqtt.is_connected(self.hass)

    async def _async_try_reader(self, topic: str, errors: dict[str, str]) -> None:
        """Probe the reader of a topic; store its messages, or fill `errors`."""
        announced = self._found.get(topic)
        try:
            topics = (announced and announced.topics) or reader_topics(topic)
        except InvalidTopicError:
            errors[CONF_TOPIC] = "invalid_topic"
            return
        self._async_abort_entries_match({CONF_TOPIC: topic})
        probe = await async_probe_reader(self.hass, topics)
        if not probe.has_published:
            errors[CONF_TOPIC] = "no_message"
        elif not probe.blocks:
            errors[CONF_TOPIC] = "no_meter"
        else:
            self._topics = topics
            self._probe = replace(probe, reader=probe.reader or announced)

    async def async_step_tasmota_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the received values and their assumed meanings, which the user may correct."""
        probe = self._probe
        topic = self._topics.sensor
        # A second reader on the same topic has another MAC address.
        self._async_abort_entries_match({CONF_TOPIC: topic})
        await self._async_check_identity(
            probe.reader.mac if probe.reader else None, {CONF_TOPIC: topic}
        )
        # Recognised meters come first, but any other block may be a meter as well.
        blocks = {**probe.meters, **probe.blocks}
        assigned: dict[str, KeyMapping] = {}
        by_values: dict[str, str] = {}
        if self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
            assigned = assigned_mappings(entry.options.get(CONF_REGISTERS))
            if topic == entry.data[CONF_TOPIC]:
                by_values = choices_by_values(entry)
        received = {key: value for fields in blocks.values() for key, value in fields.items()}
        keys = list(dict.fromkeys([*received, *assigned]))
        by_size = choices_by_size(
            {key: value for key, value in received.items() if key not in assigned}
        )
        suggested = suggested_choices(keys, assigned) | by_size | by_values
        errors: dict[str, str] = {}
        if user_input is not None:
            suggested = user_input[CONF_REGISTERS]
            for prefix, fields in blocks.items():
                if any(suggested.get(key) in METER_CHOICES for key in fields):
                    return self._finish_meter(prefix, chosen_mappings(keys, suggested))
            errors["base"] = "no_register"
        collapsed = bool(probe.meters) and not (errors or by_values or by_size)
        return self.async_show_form(
            step_id="tasmota_confirm",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(mapping_section(keys, collapsed=collapsed)),
                {CONF_REGISTERS: suggested},
            ),
            errors=errors,
            description_placeholders={
                "topic": topic,
                "values": "\n".join(
                    f"- `{prefix}` `{key}`: {str(value)[:40]}"
                    for prefix, fields in blocks.items()
                    for key, value in fields.items()
                ),
            },
        )

    def _finish_meter(self, prefix: str, registers: dict[str, str]) -> ConfigFlowResult:
        """Create or update the entry of a reader."""
        topics = self._topics
        data: dict[str, Any] = {
            CONF_KIND: EntryKind.METER.value,
            CONF_TOPIC: topics.sensor,
            CONF_PREFIX: prefix,
        }
        if topics != reader_topics(topics.sensor):
            data |= {CONF_COMMAND_TOPIC: topics.command, CONF_ANSWER_TOPIC: topics.answer}
        if self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
            return self.async_update_reload_and_abort(
                entry, data=data, options={**entry.options, CONF_REGISTERS: registers}
            )
        title = prefix.strip() or topics.sensor.split("/")[-2:][0]
        return self.async_create_entry(
            title=title, data=data, options={CONF_REGISTERS: registers} if registers else {}
        )
