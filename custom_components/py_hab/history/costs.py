"""Keeps the costs of an entry's counters: when they are calculated, and what they amount to.

All hours are calculated at the start, after the prices have changed, once a day, and whenever py_hab
has changed the energy of a counter. In between, each new hour is added, and hours of the last days
whose price was missing are tried again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta, tzinfo
from functools import partial
import logging
from typing import Final, NamedTuple

from homeassistant.const import (
    EVENT_CORE_CONFIG_UPDATE,
    EVENT_RECORDER_HOURLY_STATISTICS_GENERATED,
    UnitOfEnergy,
)
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..coordinator import FritzBoxCoordinator
from ..costs.account import Covered, contract_of, stored_prices
from ..costs.contract import ContractYear, contract_year
from ..costs.figures import (
    Amount,
    CostFigures,
    CounterYear,
    Standing,
    contract_figures,
    costs_since,
    standing,
    year_forecast,
)
from ..costs.forecast import Forecast, Measured
from ..costs.hours import HourCost
from ..costs.prices import HOUR, midnight
from ..entry import AnyConfigEntry
from ..meter.coordinator import MeterCoordinator
from ..sensors.costs import is_export
from .cost_statistic import (
    CostStatistic,
    Hours,
    PricedCounter,
    async_calculate,
    cost_statistic_id,
)
from .entity_prices import async_follow_names
from .planning.rows import full_hour
from .sources import sources
from .statistics.editor import StatisticsEditor, get_editor
from .statistics.gateway import Statistic

_LOGGER = logging.getLogger(__name__)

_TRIED_AGAIN: Final = timedelta(days=3)
"""Time in which hours whose price was missing are tried again each hour; older ones once a day."""

_CALCULATED_FROM: Final = frozenset({"currency", "time_zone"})
"""What costs are calculated from, in the configuration of the home."""


class CostAccounts:
    """The costs of one loaded entry."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: AnyConfigEntry,
        coordinator: FritzBoxCoordinator | MeterCoordinator,
    ) -> None:
        """Create the accounts; nothing is calculated before `async_start`."""
        self._hass = hass
        self._entry = entry
        self._coordinator = coordinator
        self._editor: StatisticsEditor = get_editor(hass)
        self.figures: dict[str, CostFigures] = {}
        self._listeners: list[Callable[[], None]] = []
        self._due: dict[str, bool] = {}
        """By unique id, the counters to calculate, and whether all of their hours."""
        self._whole_on: dict[str, date] = {}
        """The day on which all hours of a counter were calculated last."""
        self._is_working = False

    @callback
    def async_start(self) -> None:
        """Keep the costs from now on, until the entry is unloaded."""
        if not stored_prices(self._entry.options):
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
    def async_listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a listener when figures have changed; return how to end that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def _async_home_started(self, _hass: HomeAssistant) -> None:
        self._async_calculate({counter.unique_id: True for counter in self._counters()})

    @callback
    def _async_home_changed(self, event: Event) -> None:
        """Calculate all costs if the home has another currency now, or other days."""
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
        """Calculate, write and add up the costs of a counter. Failures are tried again each hour."""
        known = self.figures.get(counter.unique_id)
        since = None
        if not is_whole and known is not None:
            recent = min(dt_util.utcnow() - _TRIED_AGAIN, known.until)
            since = full_hour(recent.timestamp())
        else:
            self._whole_on.pop(counter.unique_id, None)
        statistic = CostStatistic(self._hass, counter)
        try:
            if statistic.is_undone:
                self._set(counter, None)
                return
            if not self._editor.is_ready() or self._editor.refusal:
                return
            await self._editor.async_catch_up()
            hours = await async_calculate(self._hass, counter, since)
            await statistic.async_write(hours)
            hours = await statistic.async_with_kept(hours)
            figures = await self._async_figures(counter, statistic, hours, known)
        except HomeAssistantError as err:
            _LOGGER.debug("Costs of %s postponed: %s", counter.energy.id, err)
            return
        if hours.is_whole:
            self._whole_on[counter.unique_id] = dt_util.now().date()
        self._set(counter, figures)

    @callback
    def _set(self, counter: PricedCounter, figures: CostFigures | None) -> None:
        """Note what the costs of a counter amount to; None if there are none."""
        if figures is not None:
            self.figures[counter.unique_id] = figures
        elif self.figures.pop(counter.unique_id, None) is None:
            return
        self._add_up(contract_of(stored_prices(self._entry.options), counter.unique_id))
        for listener in list(self._listeners):
            listener()

    def _add_up(self, covered: Covered | None) -> None:
        """Add up the contract year of all counters that a contract covers."""
        owner = self.figures.get(covered.owner) if covered else None
        if covered is None or owner is None:
            return
        year = contract_year(covered.contract, dt_util.now().date())
        parts = [self._in_contract(each) for each in covered.counters]
        contract = contract_figures(covered.contract, year, parts) if year else None
        self.figures[covered.owner] = replace(
            owner,
            contract=contract,
            contract_begins=covered.contract.start if year is None else None,
        )

    def _in_contract(self, unique_id: str) -> CounterYear | None:
        """Return what a counter adds to the year of its contract; earnings reduce the costs."""
        figures = self.figures.get(unique_id)
        found = figures.year if figures else None
        return found.as_earnings() if found and is_export(unique_id) else found

    # Counters

    def _counters(self) -> Iterator[PricedCounter]:
        """Yield the counters that have prices and statistics."""
        prices = stored_prices(self._entry.options)
        found_counters = counters(self._hass, self._coordinator)
        feeding = {each.device_id for each in found_counters if each.is_export}
        for counter in found_counters:
            if found := prices.get(counter.unique_id):
                yield PricedCounter(
                    unique_id=counter.unique_id,
                    energy=counter.energy,
                    prices=found,
                    is_export=counter.is_export,
                    feeds_in=counter.device_id in feeding,
                )

    # Figures

    async def _async_figures(
        self,
        counter: PricedCounter,
        statistic: CostStatistic,
        hours: Hours,
        known: CostFigures | None,
    ) -> CostFigures | None:
        """Return what the costs amount to, None before the first hour."""
        priced = [hour for hour in hours.costs if hour.cost is not None]
        if not priced:
            return known
        now, zone = dt_util.now(), dt_util.get_default_time_zone()
        total = await statistic.async_sum_before(priced[-1].start + HOUR)

        async def since(day: date) -> Amount:
            start = midnight(day, zone)
            before = await statistic.async_sum_before(start)
            return Amount(amount=total - before, since=dt_util.utc_from_timestamp(start))

        today = now.date()
        covered = contract_of(stored_prices(self._entry.options), counter.unique_id)
        year = contract_year(covered.contract, today) if covered else None
        expected = known.year.forecast if known and known.year else None
        always = known.standing if known else Standing()
        first = known.first if known else None
        if hours.is_whole:
            first = dt_util.utc_from_timestamp(priced[0].start)
            measured = Measured(
                energies=hours.energies, tariff=hours.tariff, entity_prices=hours.entity_prices
            )
            expected, always = await self._hass.async_add_executor_job(
                partial(_of_year, measured, hours.costs, year, zone, feeds_in=counter.feeds_in)
            )
        return CostFigures(
            until=dt_util.utc_from_timestamp(hours.costs[-1].start + HOUR),
            first=first,
            today=await since(today),
            month=await since(today.replace(day=1)),
            waiting=sum(
                hour.cost is None
                for hour in hours.costs
                if hour.start >= (now - _TRIED_AGAIN).timestamp()
            ),
            year=CounterYear(
                first=year.first,
                spent=await since(year.first),
                costs_since=costs_since(year, first, zone),
                forecast=expected,
            )
            if year
            else None,
            contract=known.contract if known else None,
            contract_begins=known.contract_begins if known else None,
            standing=always,
        )


def _of_year(
    measured: Measured,
    costs: Sequence[HourCost],
    year: ContractYear | None,
    zone: tzinfo,
    *,
    feeds_in: bool,
) -> tuple[Forecast | None, Standing]:
    """Calculate what takes long."""
    return (
        year_forecast(measured, costs, year, zone) if year else None,
        standing(measured, costs, zone, feeds_in=feeds_in),
    )


class Counter(NamedTuple):
    """A counter of energy, which can have prices."""

    unique_id: str
    """Of its entity."""
    energy: Statistic
    device_id: str | None

    @property
    def is_export(self) -> bool:
        """Whether its energy is paid for by others."""
        return is_export(self.unique_id)


def counters(
    hass: HomeAssistant, coordinator: FritzBoxCoordinator | MeterCoordinator
) -> list[Counter]:
    """Return the counters of a loaded entry that count kWh and have statistics."""
    registry = er.async_get(hass)
    return [
        Counter(entity.unique_id, source.statistic, entity.device_id)
        for source in sources(hass, coordinator)
        if source.statistic.has_sum and source.statistic.unit == UnitOfEnergy.KILO_WATT_HOUR
        if (entity := registry.async_get(source.statistic.id)) is not None
    ]
