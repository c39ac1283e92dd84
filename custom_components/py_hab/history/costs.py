"""Decides when the costs of an entry's counters are calculated.

All hours are calculated at the start, after the prices have changed, once a day, and whenever py_hab
has changed the energy of a counter. In between, each new hour is added, and hours of the last days
whose price was missing are tried again.
"""

from collections.abc import Iterator, Mapping
from datetime import date
import logging
from typing import Final

from homeassistant.const import (
    EVENT_CORE_CONFIG_UPDATE,
    EVENT_RECORDER_HOURLY_STATISTICS_GENERATED,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..coordinator import FritzBoxCoordinator
from ..costs.account import contract_of
from ..entry import AnyConfigEntry
from ..meter.coordinator import MeterCoordinator
from .cost_figures import TRIED_AGAIN, async_figures
from .cost_statistic import CostStatistic, async_calculate, cost_statistic_id
from .entity_prices import async_follow_names
from .entry_figures import EntryFigures
from .planning.rows import full_hour
from .priced_counters import PricedCounter, priced_counters
from .statistics.editor import StatisticsEditor, get_editor

_LOGGER = logging.getLogger(__name__)

_CALCULATED_FROM: Final = frozenset({"currency", "time_zone"})
"""Settings of the home on which costs depend."""


class CostScheduler:
    """Calculates the costs of one loaded entry when they are due."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AnyConfigEntry,
        coordinator: FritzBoxCoordinator | MeterCoordinator,
        figures: EntryFigures,
    ) -> None:
        """Create the scheduler; nothing is calculated before `async_start`.

        What the costs amount to is set in `figures`.
        """
        self._hass = hass
        self._entry = entry
        self._coordinator = coordinator
        self._editor: StatisticsEditor = get_editor(hass)
        self._figures = figures
        self._due: dict[str, bool] = {}
        """The counters to calculate, by unique id; the value says whether all of their hours."""
        self._whole_on: dict[str, date] = {}
        """The day on which all hours of a counter were calculated last."""
        self._is_working = False

    @callback
    def async_start(self) -> None:
        """Calculate costs from now on, until the entry is unloaded."""
        if not self._figures.prices:
            return
        unload = self._entry.async_on_unload
        unload(self._editor.async_listen(self._async_changed))
        unload(
            self._hass.bus.async_listen(
                EVENT_RECORDER_HOURLY_STATISTICS_GENERATED, self._async_hour_compiled
            )
        )
        unload(self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._async_home_changed))
        unload(async_follow_names(self._hass, self._entry))
        unload(async_at_started(self._hass, self._async_home_started))

    @callback
    def _async_home_started(self, _hass: HomeAssistant) -> None:
        self._async_calculate({counter.unique_id: True for counter in self._counters()})

    @callback
    def _async_home_changed(self, event: Event) -> None:
        """Calculate all costs if the home has another currency or time zone now."""
        if not event.data.keys().isdisjoint(_CALCULATED_FROM):
            self._async_home_started(self._hass)

    @callback
    def _async_hour_compiled(self, _event: Event) -> None:
        """Add the hour that has ended."""
        today = dt_util.now().date()
        self._async_calculate(
            {
                counter.unique_id: self._whole_on.get(counter.unique_id) != today
                for counter in self._counters()
            }
        )

    @callback
    def _async_changed(self, statistic_id: str) -> None:
        """Calculate a counter whose energy was changed, or whose costs were taken back."""
        self._async_calculate(
            {
                counter.unique_id: True
                for counter in self._counters()
                if counter.energy.id == statistic_id
                or (
                    cost_statistic_id(counter.unique_id) == statistic_id
                    and CostStatistic(self._hass, counter).is_undone
                )
            }
        )

    @callback
    def _async_calculate(self, due: Mapping[str, bool]) -> None:
        """Calculate counters soon, given by unique id; the value says whether all of their hours."""
        for unique_id, is_whole in due.items():
            self._due[unique_id] = is_whole or self._due.get(unique_id, False)
        if self._due and not self._is_working:
            self._is_working = True
            self._entry.async_create_background_task(self._hass, self._async_work(), "py_hab costs")

    async def _async_work(self) -> None:
        """Calculate what is due, one counter after the other."""
        try:
            while self._due:
                unique_id, is_whole = next(iter(self._due.items()))
                del self._due[unique_id]
                for counter in self._counters():
                    if counter.unique_id == unique_id:
                        await self._async_counter(counter, is_whole=is_whole)
        finally:
            self._is_working = False

    async def _async_counter(self, counter: PricedCounter, *, is_whole: bool) -> None:
        """Calculate, write and add up the costs of a counter; after an error, the next hour tries again."""
        known = self._figures.figures.get(counter.unique_id)
        since = None
        if not is_whole and known is not None:
            recent = min(dt_util.utcnow() - TRIED_AGAIN, known.until)
            since = full_hour(recent.timestamp())
        else:
            self._whole_on.pop(counter.unique_id, None)
        statistic = CostStatistic(self._hass, counter)
        if statistic.is_undone:
            self._figures.async_set(counter.unique_id, None)
            return
        if not self._editor.is_ready() or self._editor.refusal:
            return
        try:
            await self._editor.async_catch_up()
            hours = await async_calculate(self._hass, counter, since)
            await statistic.async_write(hours)
            hours = await statistic.async_with_kept(hours)
            covered = contract_of(self._figures.prices, counter.unique_id)
            contract = covered.contract if covered else None
            figures = await async_figures(self._hass, statistic, hours, contract, known)
        except HomeAssistantError as err:
            _LOGGER.debug("Costs of %s postponed: %s", counter.energy.id, err)
            return
        if hours.is_whole:
            self._whole_on[counter.unique_id] = dt_util.now().date()
        self._figures.async_set(counter.unique_id, figures)

    def _counters(self) -> Iterator[PricedCounter]:
        """Yield the counters that have prices and statistics."""
        return priced_counters(self._hass, self._coordinator, self._figures.prices)
