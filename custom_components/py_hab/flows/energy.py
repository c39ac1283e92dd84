"""The step of the options flow that adds our counters to the Energy dashboard."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import voluptuous as vol

from homeassistant.components.energy.data import (
    DEVICE_CONSUMPTION_SCHEMA,
    ENERGY_SOURCE_SCHEMA,
    EnergyManager,
    EnergyPreferences,
    async_get_manager,
)
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..util.texts import as_markdown, local_date
from .energy_counters import async_hours, connections_and_consumers
from .energy_plan import (
    Connection,
    Consumer,
    Hours,
    Likeness,
    Remark,
    Suggestion,
    combined,
    costs_to_add,
    doubled,
    energies_shown,
    imports_shown,
    new_devices,
    new_sources,
    suggest,
    with_costs,
)
from .progress import ProgressFlow

CONF_GRID: Final = "grid"
CONF_DEVICES: Final = "devices"
CONF_COSTS: Final = "costs"
_ENERGY: Final = "energy"
"""The domain of the component."""
_WORDS: Final = "energy_text"
"""The translation key of a selector that is not shown: its options are sentences."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Offer:
    """What can be added to the dashboard, and what it shows already."""

    preferences: EnergyPreferences
    connections: list[Connection]
    consumers: list[Consumer]
    hours: Mapping[str, Hours]

    @property
    def open_connections(self) -> list[Connection]:
        """Connections of which the dashboard does not show every counter."""
        taken = energies_shown(self.preferences)
        return [item for item in self.connections if not taken.issuperset(item.energies)]

    @property
    def open_consumers(self) -> list[Consumer]:
        """Plugs and groups that the dashboard does not show."""
        taken = energies_shown(self.preferences)
        return [item for item in self.consumers if item.energy not in taken]

    @property
    def shown(self) -> list[str]:
        """The names of those that it shows, at least in part."""
        taken = energies_shown(self.preferences)
        return [
            *(item.name for item in self.connections if taken.intersection(item.energies)),
            *(item.name for item in self.consumers if item.energy in taken),
        ]

    @property
    def open_costs(self) -> dict[str, str]:
        """Costs of energy that the dashboard shows without any, by the counter."""
        return costs_to_add(self.connections, self.preferences)

    def suggestion(self) -> Suggestion:
        """Return the connections to add."""
        return suggest(self.open_connections, self.preferences, self.hours)


class EnergyFlow(ProgressFlow):
    """Adds counters to the Energy dashboard; what it shows already is left as it is."""

    async def async_step_energy(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which counters to add, and add them."""
        if _ENERGY not in self.hass.config.components:
            return self.async_abort(reason="energy_not_loaded")
        manager = await async_get_manager(self.hass)
        offer = await _async_offer(self.hass, manager)
        errors: dict[str, str] = {}
        if user_input is not None:
            grid = [item for item in offer.connections if item.key in user_input.get(CONF_GRID, ())]
            devices = [
                item for item in offer.consumers if item.energy in user_input.get(CONF_DEVICES, ())
            ]
            if not doubled(grid, offer.preferences, offer.hours):
                costs = set(user_input.get(CONF_COSTS, ()))
                await _async_add(manager, grid, devices, offer.connections, costs)
                return self._end()
            errors[CONF_GRID] = "same_connection"
        texts = await async_get_translations(
            self.hass, self.hass.config.language, "selector", {DOMAIN}
        )
        suggestion = offer.suggestion()
        suggested = {
            CONF_GRID: [item.key for item in suggestion.connections],
            CONF_DEVICES: [item.energy for item in offer.open_consumers if not item.is_group],
            CONF_COSTS: list(offer.open_costs),
        }
        return self.async_show_form(
            step_id="energy",
            data_schema=self.add_suggested_values_to_schema(
                _schema(self.hass, offer), user_input if user_input is not None else suggested
            ),
            errors=errors,
            description_placeholders={
                "remarks": _remarks(self.hass, offer, suggestion.remarks, texts),
            },
            last_step=True,
        )


async def _async_offer(hass: HomeAssistant, manager: EnergyManager) -> _Offer:
    preferences = manager.data or manager.default_preferences()
    connections, consumers = connections_and_consumers(hass, energies_shown(preferences))
    compared = {item.key for item in connections}.union(imports_shown(preferences))
    hours = await async_hours(hass, compared.union(*(item.tariffs for item in connections)))
    together = {
        item.key: combined([hours.get(each, Hours()) for each in item.imports])
        for item in connections
        if item.tariffs
    }
    return _Offer(
        preferences=preferences,
        connections=connections,
        consumers=consumers,
        hours=hours | together,
    )


async def _async_add(
    manager: EnergyManager,
    grid: Iterable[Connection],
    devices: Iterable[Consumer],
    known: Iterable[Connection],
    costs: Container[str],
) -> None:
    """Append to the present preferences, in the format of this version of Home Assistant.

    `costs` are counters of known connections that the dashboard is to show with their costs.
    """
    # Not those of the offer: the user may have saved others while hours were read.
    preferences = manager.data or manager.default_preferences()
    sources = ENERGY_SOURCE_SCHEMA(new_sources(grid, preferences))
    consumption = [DEVICE_CONSUMPTION_SCHEMA(item) for item in new_devices(devices, preferences)]
    added = {
        energy: cost for energy, cost in costs_to_add(known, preferences).items() if energy in costs
    }
    if sources or consumption or added:
        present: Any = with_costs(preferences["energy_sources"], added)
        await manager.async_update(
            {
                "energy_sources": [*present, *sources],
                "device_consumption": [*preferences["device_consumption"], *consumption],
            }
        )


def _schema(hass: HomeAssistant, offer: _Offer) -> vol.Schema:
    fields = {
        CONF_GRID: {item.key: item.name for item in offer.open_connections},
        CONF_DEVICES: {item.energy: item.name for item in offer.open_consumers},
        CONF_COSTS: {
            energy: state.name if (state := hass.states.get(energy)) else energy
            for energy in offer.open_costs
        },
    }
    return vol.Schema(
        {
            # Without a default: a field that the user empties would be filled again.
            vol.Optional(name): SelectSelector(
                SelectSelectorConfig(
                    options=[
                        SelectOptionDict(value=value, label=label)
                        for value, label in options.items()
                    ],
                    multiple=True,
                    mode=SelectSelectorMode.LIST,
                )
            )
            for name, options in fields.items()
            if options
        }
    )


def _remarks(
    hass: HomeAssistant, offer: _Offer, remarks: Sequence[Remark], texts: Mapping[str, str]
) -> str:
    """Return what is shown already, what is not suggested, and why, as Markdown."""

    def text(key: str, **values: str) -> str:
        return texts[f"component.{DOMAIN}.selector.{_WORDS}.options.{key}"].format(**values)

    names = {item.key: item.name for item in offer.connections}
    sentences = []
    if offer.shown:
        sentences.append(text("shown", names=", ".join(map(as_markdown, offer.shown))))
    for remark in remarks:
        state = hass.states.get(remark.other)
        other = names.get(remark.other) or (state.name if state else remark.other)
        since = offer.hours.get(remark.other, Hours()).since
        key = remark.likeness.value
        if remark.likeness is Likeness.SAME:
            key = "same_as_shown" if remark.is_shown else "same_with_less_history"
        sentences.append(
            text(
                key,
                name=as_markdown(remark.connection.name),
                other=as_markdown(other),
                since=local_date(
                    dt_util.as_local(dt_util.utc_from_timestamp(since)),
                    language=hass.config.language,
                )
                if since is not None
                else "-",
            )
        )
    groups = [item.name for item in offer.open_consumers if item.is_group]
    if groups:
        sentences.append(text("groups", names=", ".join(map(as_markdown, groups))))
    if not (offer.open_connections or offer.open_consumers):
        sentences.append(text("complete" if offer.shown else "no_counters"))
    return "\n\n".join(sentences)
