"""The cost statistic of one counter: calculated from the hours of its energy, and written."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from math import inf
from typing import Final, NamedTuple

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util, slugify

from ..const import DOMAIN
from ..costs.hours import HourCost, hourly_costs, hourly_energies
from ..costs.prices import HOUR, Tariff
from ..counters.guard import DEFAULT_MAX_POWER
from .entity_prices import async_entity_prices
from .planning.costs import plan_costs
from .planning.rows import Row
from .priced_counters import PricedCounter
from .statistics.editor import StatisticsEditor, get_editor
from .statistics.gateway import Statistic

_TEXTS: Final = "cost_text"
"""The translation key of a selector that is not shown: its options are names."""
_LOOK_BACK: Final = 7 * 24 * HOUR
"""Seconds before a time in which the last hour is searched first."""


class CalculatedHours(NamedTuple):
    """The costs of hours, and what they were calculated from."""

    energies: Mapping[int, float]
    """kWh by the start of the hour."""
    entity_prices: Mapping[str, Mapping[int, float]]
    tariff: Tariff
    costs: Sequence[HourCost]
    is_whole: bool
    """Whether these are all hours of the counter."""


def cost_statistic_id(unique_id: str) -> str:
    """Return the id of the cost statistic of a counter, given by the unique id of its entity."""
    return f"{DOMAIN}:cost_{slugify(unique_id)}"


def counter_of_costs(hass: HomeAssistant, statistic_id: str) -> str | None:
    """Return the counter whose costs a statistic holds, None if it is another statistic."""
    return next(
        (
            entity.entity_id
            for entity in er.async_get(hass).entities.values()
            if entity.platform == DOMAIN and cost_statistic_id(entity.unique_id) == statistic_id
        ),
        None,
    )


async def async_calculate(
    hass: HomeAssistant, counter: PricedCounter, since: int | None = None
) -> CalculatedHours:
    """Calculate the costs of the hours of a counter from a full hour on, or of all hours.

    Raises HomeAssistantError if the recorder refuses.
    """
    editor = get_editor(hass)
    rows = await editor.async_hourly_rows(
        counter.energy, 0 if since is None else since - _LOOK_BACK
    )
    if since is not None and not any(row.start < since for row in rows):
        since, rows = None, await editor.async_hourly_rows(counter.energy)
    tariff = Tariff(counter.due_prices, dt_util.get_default_time_zone())
    energies = await hass.async_add_executor_job(_energies, rows, since)
    entity_prices = {}
    if energies:
        begin, end = min(energies), max(energies) + HOUR
        for entity_id in tariff.entities:
            start = max(begin, tariff.first_of(entity_id))
            if start < end:
                entity_prices[entity_id] = await async_entity_prices(hass, entity_id, start, end)
    costs = await hass.async_add_executor_job(hourly_costs, energies, tariff, entity_prices)
    return CalculatedHours(energies, entity_prices, tariff, costs, since is None)


def _energies(rows: Sequence[Row], since: int | None) -> dict[int, float]:
    """Return the energy of hours from a time on; the row before it holds the sum until then."""
    found = hourly_energies([(row.start, row.sum) for row in rows], most=DEFAULT_MAX_POWER)
    if since is None:
        return found
    recent = {start: energy for start, energy in found.items() if start >= since}
    # The base price is due in hours without a row as well.
    return {since: 0.0} | recent if recent else {}


class CostStatistic:
    """Writes the cost statistic of a counter, and reads it."""

    def __init__(self, hass: HomeAssistant, counter: PricedCounter) -> None:
        """Create it; nothing is read yet."""
        self._hass = hass
        self.counter = counter
        self._editor: StatisticsEditor = get_editor(hass)
        self.statistic = Statistic(
            id=cost_statistic_id(counter.unique_id),
            unit=hass.config.currency,
            has_sum=True,
            entry_id=counter.energy.entry_id,
        )

    @property
    def is_undone(self) -> bool:
        """Whether the user has taken the costs back and does not want them again."""
        return self._editor.journal.changes_of(self.statistic.id).undone

    @property
    def _kept_until(self) -> float:
        """Until when costs that are in the database are those of the present prices."""
        layers = self._editor.journal.changes_of(self.statistic.id).done.layers
        prices = self.counter.prices
        if layers and layers[-1].run == prices.id:
            return inf
        return -inf if prices.kept_until is None else prices.kept_until

    async def async_write(self, hours: CalculatedHours) -> None:
        """Write calculated costs where they differ from those in the database.

        Raises HomeAssistantError if the database refuses.
        """
        await self._async_follow_currency()
        changes = self._editor.journal.changes_of(self.statistic.id)
        plan = partial(
            plan_costs, hours.costs, is_whole=hours.is_whole, kept_until=self._kept_until
        )
        name = await self._async_name()
        await self._editor.async_change(
            _named(self.statistic, name),
            lambda rows: () if changes.undone else plan(rows),
            run=self.counter.prices.id,
        )

    async def async_with_kept(self, hours: CalculatedHours) -> CalculatedHours:
        """Return written hours with the costs that they keep although their price was purged since.

        Raises HomeAssistantError.
        """
        if all(hour.cost is not None for hour in hours.costs):
            return hours
        first = hours.costs[0].start
        rows = await self._editor.async_hourly_rows(
            self.statistic, 0 if hours.is_whole else first - _LOOK_BACK
        )
        sums = [(row.start, row.sum) for row in rows]
        if hours.is_whole:
            sums.insert(0, (first - HOUR, 0.0))
        # Of an hour that could not keep its cost, the row has none.
        kept = {
            start: total - before
            for (_, before), (start, total) in pairwise(sums)
            if start >= first and total != before
        }
        return hours._replace(
            costs=[
                HourCost(hour.start, kept.get(hour.start)) if hour.cost is None else hour
                for hour in hours.costs
            ]
        )

    async def async_sum_before(self, time: float) -> float:
        """Return the sum of all costs before a time. Raises HomeAssistantError."""
        for start in (time - _LOOK_BACK, 0.0):
            rows = await self._editor.async_hourly_rows(self.statistic, start, time)
            before = [row.sum for row in rows if row.end <= time]
            if before:
                return before[-1]
        return 0.0

    async def _async_follow_currency(self) -> None:
        """Begin anew if the home has another currency now. Raises HomeAssistantError."""
        stored = await self._editor.async_statistic(self.statistic.id)
        if stored.has_sum and stored.unit != self.statistic.unit:
            await self._editor.async_undo(stored)

    async def _async_name(self) -> str:
        """Return the name of the statistic: that of the counter, and what the amounts are."""
        state = self._hass.states.get(self.counter.energy.id)
        texts = await async_get_translations(
            self._hass, self._hass.config.language, "selector", {DOMAIN}
        )
        key = "earnings_of" if self.counter.is_export else "costs_of"
        text = texts[f"component.{DOMAIN}.selector.{_TEXTS}.options.{key}"]
        return text.format(name=state.name if state else self.counter.energy.id)


def _named(statistic: Statistic, name: str) -> Statistic:
    return Statistic(
        id=statistic.id,
        unit=statistic.unit,
        has_sum=True,
        name=name,
        entry_id=statistic.entry_id,
    )
