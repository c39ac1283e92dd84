"""The last step of the config flow for a meter: confirm what the keys mean, create the entry."""

from typing import Any

import voluptuous as vol

from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigFlowResult
from homeassistant.helpers.translation import async_get_translations

from ..const import (
    CONF_ANSWER_TOPIC,
    CONF_COMMAND_TOPIC,
    CONF_KIND,
    CONF_PREFIX,
    CONF_REGISTERS,
    CONF_TOPIC,
    DOMAIN,
    EntryKind,
)
from ..meter.probe import ProbeResult
from ..sml.key_mapping import assigned_mappings
from ..sml.registers import KeyMapping
from ..sml.topics import ReaderTopics, reader_topics
from ..util.texts import MAX_LINE, as_markdown
from .key_section import KeySection, choices_by_values
from .reader_keys import ReaderKeys
from .received import as_table, seems_locked, values_by_name
from .source import SourceFlow


class MeterKeysFlow(SourceFlow):
    """Shows what a reader publishes, and creates or updates its entry."""

    _topics: ReaderTopics
    """The topics of the chosen reader; set once it has been probed."""
    _probe: ProbeResult
    """The messages of the chosen reader; set once it has been probed."""

    async def async_step_tasmota_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the received values and their assumed meanings, which the user may correct."""
        topic, reader = self._topics.sensor, self._probe.reader
        # A second reader on the same topic has another MAC address.
        self._async_abort_entries_match({CONF_TOPIC: topic})
        await self._async_check_identity(reader.mac if reader else None, {CONF_TOPIC: topic})
        keys = self._reader_keys()
        suggested = keys.suggested
        errors: dict[str, str] = {}
        if user_input is not None:
            suggested = user_input[CONF_REGISTERS]
            prefix = keys.meter_block(suggested)
            if prefix is not None:
                return await self._async_finish(prefix, keys.assignments(suggested))
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

    def _reader_keys(self) -> ReaderKeys:
        """Return the keys that the reader publishes, with what is known of them already."""
        assigned: dict[str, KeyMapping] = {}
        by_values: dict[str, str] = {}
        if self.source == SOURCE_RECONFIGURE:
            entry = self._get_reconfigure_entry()
            assigned = assigned_mappings(entry.options.get(CONF_REGISTERS))
            if self._topics.sensor == entry.data.get(CONF_TOPIC):
                by_values = choices_by_values(entry)
        return ReaderKeys.of(self._probe, assigned, by_values)

    async def _async_finish(self, prefix: str, registers: dict[str, str]) -> ConfigFlowResult:
        """Create or update the entry of the reader."""
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
            title=await self._async_title(),
            description="meter",
            data=data,
            options={CONF_REGISTERS: registers} if registers else {},
        )

    async def _async_title(self) -> str:
        """Return the name of a meter, with a number if there are others."""
        title = await self._async_text("step.tasmota.title")
        taken = {entry.title for entry in self._async_current_entries()}
        numbered = (f"{title} {number}" for number in range(2, len(taken) + 3))
        return next(name for name in (title, *numbered) if name not in taken)

    async def _async_warning(self, error: str) -> str:
        """Return a warning that does not prevent the user from going on."""
        text = await self._async_text(f"error.{error}")
        return f'\n\n<ha-alert alert-type="warning">{text}</ha-alert>'

    async def _async_text(self, path: str) -> str:
        """Return a translated text of this flow."""
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "config", {DOMAIN}
        )
        return texts[f"component.{DOMAIN}.config.{path}"]
