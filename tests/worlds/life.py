"""A life in a world, from the first start of Home Assistant to the end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from custom_components.py_hab.const import DOMAIN
from custom_components.py_hab.history.cost_statistic import cost_statistic_id
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .box_source import BoxSource
from .home_assistant import COMPILED, SHORT_TERM, Computer
from .house import HOUR, House
from .meter_source import MeterSource
from .sight import Sight
from .sources import Source
from .world import Party, World

NOTICED: Final = 2 * SHORT_TERM
"""After this, it is known that a source is away."""
POWER: Final = "power"
COST: Final = "cost "
"""What the names of the series of costs begin with; their changes are EUR."""
CORE: Final = "core "
"""What the names of the series of core's sensors begin with."""


@dataclass(frozen=True, kw_only=True)
class Hour:
    """An hourly row as dashboards see it: a counter's in kWh, a power's in W."""

    start: datetime
    change: float
    mean: float
    least: float
    most: float


type Books = Mapping[str, Sequence[Hour]]
"""By series of the home."""


class Life:
    """A home, and the computer in it."""

    def __init__(self, world: World, house: House, computer: Computer, source: Source) -> None:
        """Prepare; nothing runs yet."""
        self.world = world
        self.house = house
        self.computer = computer
        self.source = source
        self.away: list[Party] = []
        self.earlier: list[Books] = []
        """What was booked at earlier moments that matter."""

        self.sight = Sight()
        """What the user has seen."""

    @property
    def meter(self) -> MeterSource:
        """What counts, in a world with a meter."""
        assert isinstance(self.source, MeterSource)
        return self.source

    @property
    def box(self) -> BoxSource:
        """What counts, in a world with a box."""
        assert isinstance(self.source, BoxSource)
        return self.source

    async def live(self) -> Books:
        """Live through the world, and return what has been booked."""
        with self.source.around():
            steps = list(self.world.timeline)
            while steps and not steps[0].after and not steps[0].rank.value:
                await steps.pop(0).act(self)
            await self.start()
            for step in steps:
                await self.live_until(self.world.start + step.after)
                await step.act(self)
            await self.live_until(self.world.start + self.world.lasts + COMPILED)
            books = await self.look_up()
            self.sight.look_at_the_end(self.source)
            await self.computer.stop()
        return books

    # What events do

    async def start(self) -> None:
        """Start Home Assistant."""
        await self.computer.start()
        self.sight.look(self.computer.hass)
        await self.source.started(self.away)

    async def leaves(self, party: Party) -> None:
        """Let a source be away."""
        self.away.append(party)
        await self.source.changed(party, self.away)

    async def returns(self, party: Party) -> None:
        """Let a source be back."""
        self.away.remove(party)
        await self.source.changed(party, self.away)

    def state_of(self, series: str) -> float:
        """Return the state of a counter in kWh."""
        hass = self.computer.hass
        entity_id = er.async_get(hass).async_get_entity_id(
            "sensor", DOMAIN, self.source.series[series]
        )
        state = hass.states.get(entity_id or "")
        assert state is not None
        return float(state.state)

    # Time

    async def live_until(self, end: datetime) -> None:
        """Let a stretch pass in which nobody comes or goes."""
        if not self.computer.is_on:
            await self.computer.move_to(end)
            return
        noticed = min(self.computer.clock.now + NOTICED, end) if self.away else end
        compiled = self._grid(noticed, SHORT_TERM, COMPILED)
        spoken = self._grid(noticed, self.world.spacing, self.world.first)
        for moment in sorted({*compiled, *spoken}):
            await self.computer.move_to(moment)
            if moment in compiled:
                await self.computer.recorded()
            if moment in spoken:
                await self.source.speaks(self.away)
        if self.computer.clock.now < noticed:
            await self.computer.move_to(noticed)
        await self.computer.idle_until(end)

    def _grid(self, end: datetime, step: timedelta, first: timedelta) -> Sequence[datetime]:
        """Return the moments up to an end that lie some steps after a full hour."""
        now = self.computer.clock.now
        moment = now.replace(minute=0, second=0, microsecond=0) + first
        moments = []
        while moment <= end:
            if moment > now:
                moments.append(moment)
            moment += step
        return moments

    # Books

    async def look_up(self) -> Books:
        """Return the hourly statistics."""
        hass = self.computer.hass
        # Costs are calculated once an hour is compiled.
        await self.computer.recorded()
        await self.computer.settled()
        await self.computer.recorded()
        registry = er.async_get(hass)
        ids = {
            series: registry.async_get_entity_id("sensor", DOMAIN, unique_id)
            for series, unique_id in self.source.series.items()
        }
        if self.world.core_beside:
            ids |= {f"{CORE}{series}": f"sensor.core_energy_{series}" for series in ids}
        powers = [
            entity.entity_id
            for entity in er.async_entries_for_config_entry(registry, self.computer.entry.entry_id)
            if entity.unique_id.endswith(f"_{POWER}")
        ]
        ids[POWER] = powers[0] if powers else None
        ids |= {
            f"{COST}{series}": cost_statistic_id(unique_id)
            for series, unique_id in self.source.series.items()
        }
        found: Mapping[str, Sequence[Any]] = await get_instance(hass).async_add_executor_job(
            statistics_during_period,
            hass,
            datetime(2000, 1, 1, tzinfo=UTC),
            None,
            {entity_id for entity_id in ids.values() if entity_id},
            "hour",
            None,
            {"change", "max", "mean", "min"},
        )
        return {
            series: [
                Hour(
                    start=dt_util.utc_from_timestamp(row["start"]),
                    change=row.get("change") or 0.0,
                    mean=row.get("mean") or 0.0,
                    least=row.get("min") or 0.0,
                    most=row.get("max") or 0.0,
                )
                for row in found.get(entity_id or "", [])
            ]
            for series, entity_id in ids.items()
        }


def hours(start: datetime, end: datetime) -> Sequence[datetime]:
    """Return when the hours from one full hour to another begin."""
    return [start + number * HOUR for number in range((end - start) // HOUR)]
