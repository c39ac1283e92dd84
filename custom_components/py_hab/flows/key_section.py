"""The part of a form in which the user sees what keys mean, and corrects it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..const import CONF_REGISTERS
from ..meter.coordinator import MeterCoordinator
from ..sml.key_mapping import CHOICES, choice_of
from ..sml.key_names import mapping_of_name
from ..sml.registers import KeyMapping, Quantity

_SELECTOR: Final = SelectSelector(
    SelectSelectorConfig(
        options=list(CHOICES), mode=SelectSelectorMode.DROPDOWN, translation_key="register"
    )
)


def mapping_section(keys: Iterable[str], *, collapsed: bool) -> dict[vol.Marker, Any]:
    """Return a section with a choice for each key; it fits into the schema of a form."""
    fields = {vol.Optional(key): _SELECTOR for key in keys if key}
    return {vol.Required(CONF_REGISTERS): section(vol.Schema(fields), {"collapsed": collapsed})}


def suggested_choices(keys: Iterable[str], assigned: Mapping[str, KeyMapping]) -> dict[str, str]:
    """Return what each key is taken for now, by the user's word or by its name."""
    mappings = ((key, assigned.get(key) or mapping_of_name(key)) for key in keys)
    return {
        key: choice
        for key, mapping in mappings
        if mapping is not None and (choice := choice_of(mapping)) is not None
    }


def choices_by_values(entry: ConfigEntry) -> dict[str, str]:
    """Return what the values of a running meter suggest; it is in use once the user confirms it."""
    if entry.state is not ConfigEntryState.LOADED:
        return {}
    coordinator: MeterCoordinator = entry.runtime_data.coordinator
    return {
        key: choice
        for meter in coordinator.data.values()
        for key, mapping in meter.resolver.suggestions.items()
        if (choice := choice_of(mapping)) is not None
    }


def chosen_mappings(keys: Iterable[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return what is to be remembered of a filled-in section: where it differs from the names.

    What the user has confirmed of a key whose name leaves a doubt is remembered, too; a key whose
    choice was removed is ignored from now on.
    """
    choices: dict[str, str] = {}
    for key in filter(None, keys):
        by_name = mapping_of_name(key)
        # None, too, for a register that is used but has no choice of its own (kvar, for one).
        expected = choice_of(by_name) if by_name else None
        choice = chosen.get(key)
        if choice is None:
            if expected is not None:
                choices[key] = Quantity.NO_MEASUREMENT.value
        elif choice != expected or (by_name is not None and by_name.doubtful):
            choices[key] = choice
    return choices
