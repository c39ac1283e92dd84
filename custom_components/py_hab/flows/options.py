"""The options flow of a FRITZ!Box or a meter."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_SCAN_INTERVAL, UnitOfPower, UnitOfTime
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)
from homeassistant.helpers.translation import async_get_translations

from ..const import (
    CONF_MAX_POWER,
    CONF_POWER_INTERVAL,
    CONF_REGISTERS,
    DEFAULT_POWER_INTERVAL,
    DEFAULT_SCAN_INTERVAL,
    DOMAIN,
    MAX_SCAN_INTERVAL,
    MIN_SCAN_INTERVAL,
    UNKNOWN_KIND,
)
from ..counters.guard import DEFAULT_MAX_POWER
from ..entry import kind_of
from ..meter.coordinator import MeterCoordinator
from ..sml.key_mapping import assigned_mappings, choice_of
from ..sml.registers import KeyMapping
from ..util.texts import as_code, as_markdown
from .energy import EnergyFlow
from .file_import import FileImportFlow
from .history import HistoryFlow
from .key_section import (
    KeySection,
    choices_by_values,
    chosen_mappings,
    meanings_in_meter,
    names_in_other_blocks,
    suggested_choices,
)
from .prices import PricesFlow
from .received import in_form_order, plain_value

_FRITZBOX_SCHEMA = vol.Schema(
    {
        vol.Required(
            CONF_SCAN_INTERVAL, default=DEFAULT_SCAN_INTERVAL.total_seconds()
        ): NumberSelector(
            NumberSelectorConfig(
                min=MIN_SCAN_INTERVAL.total_seconds(),
                max=MAX_SCAN_INTERVAL.total_seconds(),
                step=1,
                mode=NumberSelectorMode.BOX,
                unit_of_measurement=UnitOfTime.SECONDS,
            )
        )
    }
)
_METER_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_POWER_INTERVAL, default=DEFAULT_POWER_INTERVAL): NumberSelector(
            NumberSelectorConfig(
                min=0,
                max=300,
                step=1,
                mode=NumberSelectorMode.BOX,
                unit_of_measurement=UnitOfTime.SECONDS,
            )
        ),
        vol.Required(CONF_MAX_POWER, default=DEFAULT_MAX_POWER): NumberSelector(
            NumberSelectorConfig(
                min=1,
                max=1000,
                step=0.1,
                mode=NumberSelectorMode.BOX,
                unit_of_measurement=UnitOfPower.KILO_WATT,
            )
        ),
    }
)


_KEY_TEXTS: Final = "key_text"
"""The translation key of a selector that is not shown: its options are sentences."""
_STORED_METER_SCHEMA = _METER_SCHEMA.extend({vol.Required(CONF_REGISTERS, default=dict): dict})
"""The options of a meter as they are stored."""


class _ReceivedKeys(NamedTuple):
    """The keys in the messages of a reader."""

    in_use: dict[str, str]
    """The present choice of each key that is shown as a quantity."""
    values: dict[str, str]
    """The present value of each of these keys."""
    unknown: dict[str, str]
    """The last value of each key whose meaning is unknown."""


class PyHabOptionsFlow(EnergyFlow, HistoryFlow, FileImportFlow, PricesFlow):
    """Changes the options of an entry."""

    _keys: Sequence[str] = ()
    """The keys in the form."""
    _named: Mapping[str, KeyMapping] = MappingProxyType({})
    """What the names of these keys mean."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show a menu of the options."""
        kind = kind_of(self.config_entry)
        if kind is None:
            return self.async_abort(reason=UNKNOWN_KIND)
        return self.async_show_menu(
            step_id="init",
            menu_options=[kind.value, "prices", "energy", "history", "import_database"],
        )

    async def async_step_fritzbox(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the poll interval of the box."""
        if user_input is not None:
            return self.async_create_entry(data=self._options_with(user_input, _FRITZBOX_SCHEMA))
        return self.async_show_form(
            step_id="fritzbox",
            data_schema=self.add_suggested_values_to_schema(
                _FRITZBOX_SCHEMA, self.config_entry.options
            ),
        )

    async def async_step_meter(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the interval of power values, the highest power, and the meanings of keys."""
        options = self.config_entry.options
        assigned = assigned_mappings(options.get(CONF_REGISTERS))
        received = self._received_keys()
        if user_input is not None:
            # Only the keys of the form: others may have been received since it was shown.
            registers = chosen_mappings(self._keys, user_input[CONF_REGISTERS], self._named)
            changed = {**user_input, CONF_REGISTERS: registers}
            return self.async_create_entry(data=self._options_with(changed, _STORED_METER_SCHEMA))
        by_values = choices_by_values(self.config_entry)
        others = names_in_other_blocks(self.config_entry)
        all_keys = [*received.in_use, *received.unknown, *assigned, *by_values, *others]
        named = self._named = meanings_in_meter(self.config_entry)
        suggested = suggested_choices(all_keys, assigned, named) | received.in_use | by_values
        keys = self._keys = in_form_order(all_keys, suggested)
        unknown = {**received.unknown, **others}
        is_known = not (received.unknown or by_values)
        section = KeySection(keys, {**received.values, **unknown}, collapsed=is_known)
        return self.async_show_form(
            step_id="meter",
            data_schema=self.add_suggested_values_to_schema(
                _METER_SCHEMA.extend({vol.Required(CONF_REGISTERS): section}),
                {**options, CONF_REGISTERS: section.suggested(suggested)},
            ),
            description_placeholders={
                "keys": await self._async_about_keys(unknown, has_suggestions=bool(by_values))
            },
        )

    async def _async_about_keys(self, unknown: Mapping[str, str], *, has_suggestions: bool) -> str:
        """Return sentences about unknown keys, given with their values, and about suggestions."""
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "selector", {DOMAIN}
        )
        sentence = f"component.{DOMAIN}.selector.{_KEY_TEXTS}.options.{{}}".format
        names = [
            f"{as_code(key)} ({as_markdown(value)})" if value else as_code(key)
            for key, value in unknown.items()
        ]
        paragraphs = [texts[sentence("unknown")].format(keys=", ".join(names))] if names else []
        if has_suggestions:
            paragraphs.append(texts[sentence("suggested")])
        return "\n\n".join(paragraphs)

    def _received_keys(self) -> _ReceivedKeys:
        """Return the keys that a loaded meter has received."""
        in_use: dict[str, str] = {}
        values: dict[str, str] = {}
        unknown: dict[str, str] = {}
        language = self.hass.config.language
        if self.config_entry.state is ConfigEntryState.LOADED:
            coordinator: MeterCoordinator = self.config_entry.runtime_data.coordinator
            for meter in coordinator.data.values():
                unknown |= meter.resolver.unknown
                for quantity, key in meter.keys.items():
                    register = meter.resolver.mappings.mapping_of(key)
                    if register is not None and (choice := choice_of(register)) is not None:
                        in_use[key] = choice
                    # The meter has converted it to the unit of the quantity.
                    shown = meter.values.get(quantity)
                    values[key] = plain_value(shown, KeyMapping(quantity), language=language)
        return _ReceivedKeys(
            in_use, values, {key: value for key, value in unknown.items() if key not in in_use}
        )
