"""The config flow: sets up and reconfigures a FRITZ!Box or a meter."""

from collections.abc import Mapping
from dataclasses import replace
import logging
from types import MappingProxyType
from typing import Any, override

import voluptuous as vol

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.core import callback
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.helpers.translation import async_get_translations
from homeassistant.helpers.typing import DiscoveryInfoType

from .const import (
    CONF_ANSWER_TOPIC,
    CONF_COMMAND_TOPIC,
    CONF_KIND,
    CONF_PREFIX,
    CONF_REGISTERS,
    CONF_TOPIC,
    DOMAIN,
    UNKNOWN_KIND,
    EntryKind,
)
from .entry import kind_of
from .flows.fritzbox import FritzBoxFlow
from .flows.key_section import KeySection, choices_by_values
from .flows.options import PyHabOptionsFlow
from .flows.reader_keys import ReaderKeys
from .flows.received import as_table, seems_locked, values_by_name
from .meter.discovery import (
    CONF_MAC,
    async_announced_reader,
    async_announced_readers,
    async_start_reader_discovery,
)
from .meter.probe import ProbeResult, async_find_readers, async_probe_reader
from .sml.key_mapping import assigned_mappings
from .sml.registers import KeyMapping
from .sml.topics import InvalidTopicError, ReaderInfo, ReaderTopics, reader_topics
from .util.texts import MAX_LINE, as_markdown, clean_text

_LOGGER = logging.getLogger(__name__)


class PyHabConfigFlow(FritzBoxFlow, domain=DOMAIN):
    """Sets up a FRITZ!Box or a meter after testing the connection."""

    VERSION = 1
    MINOR_VERSION = 1

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
        kind = kind_of(self._get_reconfigure_entry())
        if kind is None:
            return self.async_abort(reason=UNKNOWN_KIND)
        if kind is EntryKind.FRITZBOX:
            return await self.async_step_fritzbox()
        return await self.async_step_tasmota()

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
        self.context["title_placeholders"] = {
            "name": reader.name or clean_text(reader.topics.sensor)
        }
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
            suggested = str(self._get_reconfigure_entry().data.get(CONF_TOPIC, ""))
        found = await async_find_readers(self.hass)
        self._found = dict(sorted((found | async_announced_readers(self.hass)).items()))
        schema = vol.Schema(
            {
                vol.Required(CONF_TOPIC): SelectSelector(
                    SelectSelectorConfig(
                        options=[
                            SelectOptionDict(
                                value=topic,
                                label=_reader_label(reader, topic),
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
        assigned: dict[str, KeyMapping] = {}
        by_values: dict[str, str] = {}
        if self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
            assigned = assigned_mappings(entry.options.get(CONF_REGISTERS))
            if topic == entry.data.get(CONF_TOPIC):
                by_values = choices_by_values(entry)
        keys = ReaderKeys.of(probe, assigned, by_values)
        suggested = keys.suggested
        errors: dict[str, str] = {}
        if user_input is not None:
            suggested = user_input[CONF_REGISTERS]
            prefix = keys.meter_block(suggested)
            if prefix is not None:
                return await self._async_finish_meter(prefix, keys.assignments(suggested))
            errors["base"] = "no_register"
        language = self.hass.config.language
        texts = await async_get_translations(self.hass, language, "selector", {DOMAIN})
        values = values_by_name(keys.received, keys.suggested, language=language)
        section = KeySection(keys.keys, values, collapsed=keys.is_certain and not errors)
        is_locked = seems_locked(keys.received, keys.suggested)
        return self.async_show_form(
            step_id="tasmota_confirm",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({vol.Required(CONF_REGISTERS): section}),
                {CONF_REGISTERS: section.suggested(suggested)},
            ),
            errors=errors,
            description_placeholders={
                "topic": as_markdown(topic, length=MAX_LINE),
                "values": as_table(keys.received, keys.suggested, texts, language=language),
                "warning": await self._async_warning("meter_locked") if is_locked else "",
            },
        )

    async def _async_text(self, path: str) -> str:
        """Return a translated text of this flow."""
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "config", {DOMAIN}
        )
        return texts[f"component.{DOMAIN}.config.{path}"]

    async def _async_warning(self, error: str) -> str:
        """Return a warning that does not prevent the user from going on."""
        text = await self._async_text(f"error.{error}")
        return f'\n\n<ha-alert alert-type="warning">{text}</ha-alert>'

    async def _async_meter_title(self) -> str:
        """Return the name of a meter, with a number beside others."""
        title = await self._async_text("step.tasmota.title")
        taken = {entry.title for entry in self._async_current_entries()}
        numbered = (f"{title} {number}" for number in range(2, len(taken) + 3))
        return next(name for name in (title, *numbered) if name not in taken)

    async def _async_finish_meter(self, prefix: str, registers: dict[str, str]) -> ConfigFlowResult:
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
        return self.async_create_entry(
            title=await self._async_meter_title(),
            description="meter",
            data=data,
            options={CONF_REGISTERS: registers} if registers else {},
        )


def _reader_label(reader: ReaderInfo, topic: str) -> str:
    """Return the label of a reader in the form: its name and its topic."""
    shown = clean_text(topic, length=MAX_LINE)
    return f"{reader.name} ({shown})" if reader.name else shown
