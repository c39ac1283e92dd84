"""The first steps of the config flow for a meter: choose its reader, and receive its messages."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigFlowResult
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.service_info.mqtt import MqttServiceInfo
from homeassistant.helpers.typing import DiscoveryInfoType

from ..const import CONF_TOPIC
from ..meter.discovery import (
    CONF_MAC,
    async_announced_reader,
    async_announced_readers,
    async_start_reader_discovery,
)
from ..meter.probe import async_find_readers, async_probe_reader, is_mqtt_connected
from ..sml.topics import InvalidTopicError, ReaderInfo, ReaderTopics, reader_topics
from ..util.texts import MAX_LINE, clean_text
from .meter_keys import MeterKeysFlow
from .source import FormError


class MeterFlow(MeterKeysFlow):
    """Sets up and reconfigures a meter after receiving messages of its reader."""

    _found: Mapping[str, ReaderInfo] = MappingProxyType({})
    """The readers offered in the form, by SENSOR topic."""

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
        if not is_mqtt_connected(self.hass):
            return self.async_abort(
                reason="mqtt_not_configured",
                description_placeholders={
                    "url": "https://my.home-assistant.io/redirect/config_flow_start?domain=mqtt"
                },
            )
        errors: dict[str, str] = {}
        suggested = ""
        if user_input is not None:
            suggested = user_input[CONF_TOPIC].strip()
            try:
                await self._async_try_reader(suggested)
            except FormError as err:
                errors = err.errors
            else:
                return await self.async_step_tasmota_confirm()
        elif self.source == SOURCE_RECONFIGURE:
            suggested = str(self._get_reconfigure_entry().data.get(CONF_TOPIC, ""))
        found = await async_find_readers(self.hass)
        self._found = dict(sorted((found | async_announced_readers(self.hass)).items()))
        suggested = suggested or next(iter(self._found), "")
        return self.async_show_form(
            step_id="tasmota",
            data_schema=self.add_suggested_values_to_schema(
                _topic_schema(self._found), {CONF_TOPIC: suggested}
            ),
            errors=errors,
            description_placeholders={
                "example": "tele/tasmota_9282F4/SENSOR",
                "count": str(len(self._found)),
            },
        )

    async def _async_try_reader(self, topic: str) -> None:
        """Probe the reader of a topic, and keep its messages. Raises FormError if there are none."""
        announced = self._found.get(topic)
        topics = (announced and announced.topics) or _entered_topics(topic)
        self._async_abort_entries_match({CONF_TOPIC: topic})
        probe = await async_probe_reader(self.hass, topics)
        if not probe.has_published:
            raise FormError("no_message", field=CONF_TOPIC)
        if not probe.blocks:
            raise FormError("no_meter", field=CONF_TOPIC)
        self._topics = topics
        self._probe = replace(probe, reader=probe.reader or announced)


def _entered_topics(topic: str) -> ReaderTopics:
    """Return the topics that follow from an entered SENSOR topic. Raises FormError."""
    try:
        return reader_topics(topic)
    except InvalidTopicError as err:
        raise FormError("invalid_topic", field=CONF_TOPIC) from err


def _topic_schema(readers: Mapping[str, ReaderInfo]) -> vol.Schema:
    """Return the form that offers readers by their SENSOR topic, and accepts any other topic."""
    options = [
        SelectOptionDict(value=topic, label=_reader_label(reader, topic))
        for topic, reader in readers.items()
    ]
    selector = SelectSelector(
        SelectSelectorConfig(options=options, custom_value=True, mode=SelectSelectorMode.DROPDOWN)
    )
    return vol.Schema({vol.Required(CONF_TOPIC): selector})


def _reader_label(reader: ReaderInfo, topic: str) -> str:
    """Return the label of a reader in the form: its name and its topic."""
    shown = clean_text(topic, length=MAX_LINE)
    return f"{reader.name} ({shown})" if reader.name else shown
