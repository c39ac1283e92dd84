"""The section of a form in which the user checks and corrects the meanings of keys."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..const import CONF_REGISTERS
from ..meter.coordinator import MeterConfigEntry
from ..sml.key_mapping import CHOICES, choice_of
from ..sml.key_names import mapping_of_name
from ..sml.payload import number_in
from ..sml.plausibility import LARGEST_KWH
from ..sml.registers import COUNTERS, KeyMapping, Quantity

_SELECTOR: Final = SelectSelector(
    SelectSelectorConfig(
        options=list(CHOICES), mode=SelectSelectorMode.DROPDOWN, translation_key="register"
    )
)


def mapping_section(keys: Iterable[str], *, collapsed: bool) -> dict[vol.Marker, Any]:
    """Return a part of a schema: a section with a choice for each key."""
    fields = {vol.Optional(key): _SELECTOR for key in keys if key}
    return {vol.Required(CONF_REGISTERS): section(vol.Schema(fields), {"collapsed": collapsed})}


def suggested_choices(keys: Iterable[str], assigned: Mapping[str, KeyMapping]) -> dict[str, str]:
    """Return the present choice of each key, as assigned by the user or by its name."""
    mappings = ((key, assigned.get(key) or mapping_of_name(key)) for key in keys)
    return {
        key: choice
        for key, mapping in mappings
        if mapping is not None and (choice := choice_of(mapping)) is not None
    }


def choices_by_size(fields: Mapping[str, object]) -> dict[str, str]:
    """Return the choices of counters that are too large for the unit that their names say."""
    choices: dict[str, str] = {}
    for key, value in fields.items():
        mapping = mapping_of_name(key)
        if mapping is None or mapping.quantity not in COUNTERS:
            continue
        if number_in(value) * mapping.factor >= LARGEST_KWH:
            smaller = KeyMapping(mapping.quantity, mapping.factor / 1000)
            if (choice := choice_of(smaller)) is not None:
                choices[key] = choice
    return choices


def choices_by_values(entry: MeterConfigEntry) -> dict[str, str]:
    """Return the choices that the values of a loaded meter suggest, until the user confirms them."""
    if entry.state is not ConfigEntryState.LOADED:
        return {}
    return {
        key: choice
        for meter in entry.runtime_data.coordinator.data.values()
        for key, mapping in meter.resolver.suggestions.items()
        if (choice := choice_of(mapping)) is not None
    }


def chosen_mappings(keys: Iterable[str], chosen: Mapping[str, str]) -> dict[str, str]:
    """Return the assignments to store after the user has submitted a section.

    Only choices that differ from the names of their keys are stored, and those that confirm an
    ambiguous name. A key whose choice was removed is ignored from now on.
    """
    choices: dict[str, str] = {}
    for key in filter(None, keys):
        by_name = mapping_of_name(key)
        # Some registers have no choice of their own, kvar for example.
        expected = choice_of(by_name) if by_name else None
        choice = chosen.get(key)
        if choice is None:
            if expected is not None:
                choices[key] = Quantity.NO_MEASUREMENT.value
        elif choice != expected or (by_name is not None and by_name.doubtful):
            choices[key] = choice
    return choices
