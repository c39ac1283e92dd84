"""The dialogues in which preferences of a box or a meter are changed."""

from collections.abc import Sequence
from typing import Any

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_SCAN_INTERVAL, UnitOfPower, UnitOfTime
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
)

from ..const import (
    CONF_KIND,
    CONF_MAX_POWER,
    CONF_POWER_INTERVAL,
    CONF_REGISTERS,
    DEFAULT_POWER_INTERVAL,
    DEFAULT_SCAN_INTERVAL,
    MAX_SCAN_INTERVAL,
    MIN_SCAN_INTERVAL,
    EntryKind,
)
from ..counters.guard import DEFAULT_MAX_POWER
from ..meter.coordinator import MeterCoordinator
from ..sml.key_mapping import assigned_mappings, choice_of
from .history import HistoryFlow
from .key_section import (
    choices_by_values,
    chosen_mappings,
    mapping_section,
    suggested_choices,
)

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


class PyHabOptionsFlow(HistoryFlow):
    """Preferences of a box or a meter."""

    _keys: Sequence[str] = ()
    """What the form asks about."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer what can be changed."""
        kind = EntryKind(self.config_entry.data[CONF_KIND])
        return self.async_show_menu(
            step_id="init", menu_options=[kind.value, "history", "import_database"]
        )

    async def async_step_fritzbox(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how often the box is read."""
        if user_input is not None:
            return self.async_create_entry(data={**self.config_entry.options, **user_input})
        return self.async_show_form(
            step_id="fritzbox",
            data_schema=self.add_suggested_values_to_schema(
                _FRITZBOX_SCHEMA, self.config_entry.options
            ),
        )

    async def async_step_meter(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how often power is written, what the fuses allow, and what keys mean."""
        options = self.config_entry.options
        assigned = assigned_mappings(options.get(CONF_REGISTERS))
        found, unknown = self._heard_keys()
        if user_input is not None:
            # Of what has turned up since the form was shown, nothing was said in it.
            registers = chosen_mappings(self._keys, user_input[CONF_REGISTERS])
            return self.async_create_entry(
                data={**options, **user_input, CONF_REGISTERS: registers}
            )
        by_values = choices_by_values(self.config_entry)
        keys = self._keys = list(dict.fromkeys([*found, *unknown, *assigned, *by_values]))
        suggested = suggested_choices(keys, assigned) | found | by_values
        return self.async_show_form(
            step_id="meter",
            data_schema=self.add_suggested_values_to_schema(
                _METER_SCHEMA.extend(mapping_section(keys, collapsed=not (unknown or by_values))),
                {**options, CONF_REGISTERS: suggested},
            ),
            description_placeholders={
                "unknown": ", ".join(f"`{key}` ({value})" for key, value in unknown.items()) or "-"
            },
        )

    def _heard_keys(self) -> tuple[dict[str, str], dict[str, str]]:
        """Return the keys of a running meter: those in use by choice, unknown ones by value."""
        found: dict[str, str] = {}
        unknown: dict[str, str] = {}
        if self.config_entry.state is ConfigEntryState.LOADED:
            coordinator: MeterCoordinator = self.config_entry.runtime_data.coordinator
            for meter in coordinator.data.values():
                unknown |= meter.resolver.unknown
                for key in meter.keys.values():
                    register = meter.resolver.mapping_of(key)
                    if register is not None and (choice := choice_of(register)) is not None:
                        found[key] = choice
        return found, {key: value for key, value in unknown.items() if key not in found}
