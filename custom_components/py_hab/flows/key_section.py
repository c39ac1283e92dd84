"""The section of a form in which the user checks and corrects the meanings of keys."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, override

import voluptuous as vol

from homeassistant.config_entries import ConfigEntryState
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from ..meter.coordinator import MeterConfigEntry
from ..sml.key_mapping import CHOICES, choice_of, is_in_block, key_in_block
from ..sml.key_names import mapping_of_name, mappings_of_names
from ..sml.meter_evidence import METER_QUANTITIES, Evidence
from ..sml.payload import named_evidence, number_in
from ..sml.plausibility import LARGEST_KWH
from ..sml.registers import COUNTERS, KeyMapping, Quantity
from ..util.texts import clean_text

_SELECTOR: Final = SelectSelector(
    SelectSelectorConfig(
        options=list(CHOICES), mode=SelectSelectorMode.DROPDOWN, translation_key="register"
    )
)


class KeySection(section):
    """A section of a form with a choice for each key, labelled with the key and its value.

    Home Assistant's frontend takes the label of a field from the translations, which cannot know the
    keys of a reader, or else from the name of the field. So the name contains the value. What is
    submitted may be named by label or key; the user's choices are returned by key.
    """

    def __init__(self, keys: Iterable[str], values: Mapping[str, str], *, collapsed: bool) -> None:
        """Initialize with keys in their order, and with the values to show, by key."""
        self.labels: dict[str, str] = {}
        for key in filter(None, keys):
            label = f"{clean_text(key)}: {clean_text(values[key])}" if values.get(key) else key
            self.labels[key] = key if label in self.labels.values() else label
        fields = {vol.Optional(label): _SELECTOR for label in self.labels.values()}
        super().__init__(vol.Schema(fields), {"collapsed": collapsed})

    @override
    def __call__(self, value: Any) -> Any:
        """Validate choices, and return them by key."""
        submitted = value
        if isinstance(value, Mapping):
            submitted = {self.labels.get(name, name): choice for name, choice in value.items()}
        chosen = super().__call__(submitted)
        return {key: chosen[label] for key, label in self.labels.items() if label in chosen}

    def suggested(self, choices: Mapping[str, str]) -> dict[str, str]:
        """Return choices of keys by the names of their fields."""
        return {label: choices[key] for key, label in self.labels.items() if key in choices}


def _by_name(name: str, named: Mapping[str, KeyMapping]) -> KeyMapping | None:
    """Return what a key means by its name; in a block that may be no meter, the user decides.

    named: what names mean beside the other keys of their block.
    """
    return None if is_in_block(name) else named.get(name) or mapping_of_name(name)


def meanings_in_blocks(blocks: Mapping[str, Mapping[str, object]]) -> dict[str, KeyMapping]:
    """Return what the keys of blocks mean by their names, beside the other keys of their block."""
    return {
        key: mapping
        for prefix, fields in blocks.items()
        for key, mapping in mappings_of_names(prefix, fields).items()
    }


def meanings_in_meter(entry: MeterConfigEntry) -> dict[str, KeyMapping]:
    """Return what the keys of a loaded meter mean by their names."""
    if entry.state is not ConfigEntryState.LOADED:
        return {}
    return {
        key: mapping
        for meter in entry.runtime_data.coordinator.data.values()
        for key, mapping in meter.resolver.mappings.named.items()
    }


def names_in_blocks(blocks: Mapping[str, Mapping[str, object]]) -> dict[str, dict[str, str]]:
    """Return the keys of each block, by the names under which the form shows them.

    Beside a certain electricity meter, choices for the keys of other blocks hold for those only:
    "Total_in" of a water meter is no energy.
    """
    certain = {
        prefix
        for prefix, fields in blocks.items()
        if named_evidence(prefix, fields) is Evidence.CERTAIN
    }
    return {
        prefix: {
            key if prefix in certain or not certain else key_in_block(prefix, key): key
            for key in filter(None, fields)
        }
        for prefix, fields in blocks.items()
    }


def names_in_other_blocks(entry: MeterConfigEntry) -> dict[str, str]:
    """Return names and values of keys in blocks that the user may declare to be meters."""
    if entry.state is not ConfigEntryState.LOADED:
        return {}
    return {
        key_in_block(prefix, key): str(block.fields[key])
        for prefix, block in entry.runtime_data.coordinator.meters.router.candidates.others.items()
        for key, mapping in mappings_of_names(prefix, block.fields).items()
        if mapping.quantity in METER_QUANTITIES
    }


def suggested_choices(
    keys: Iterable[str],
    assigned: Mapping[str, KeyMapping],
    named: Mapping[str, KeyMapping],
) -> dict[str, str]:
    """Return the present choice of each key, as assigned by the user or by its name."""
    mappings = ((key, assigned.get(key) or _by_name(key, named)) for key in keys)
    return {
        key: choice
        for key, mapping in mappings
        if mapping is not None and (choice := choice_of(mapping)) is not None
    }


def is_unknown(name: str, choices: Mapping[str, str], named: Mapping[str, KeyMapping]) -> bool:
    """Whether neither the user nor its name says what a key means."""
    return name not in choices and _by_name(name, named) is None


def choices_by_size(
    fields: Mapping[str, object], named: Mapping[str, KeyMapping]
) -> dict[str, str]:
    """Return the choices of counters that are too large for the unit that their names say."""
    choices: dict[str, str] = {}
    for key, value in fields.items():
        mapping = _by_name(key, named)
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


def chosen_mappings(
    keys: Iterable[str], chosen: Mapping[str, str], named: Mapping[str, KeyMapping]
) -> dict[str, str]:
    """Return the assignments to store after the user has submitted a section.

    Only choices that differ from the names of their keys are stored, and those that confirm an
    ambiguous name. A key whose choice was removed is ignored from now on.
    """
    choices: dict[str, str] = {}
    for key in filter(None, keys):
        by_name = _by_name(key, named)
        # Some registers have no choice of their own, kvar for example.
        expected = choice_of(by_name) if by_name else None
        choice = chosen.get(key)
        if choice is None:
            if expected is not None:
                choices[key] = Quantity.NO_MEASUREMENT.value
        elif choice != expected or (by_name is not None and by_name.doubtful):
            choices[key] = choice
    return choices
