"""What a config entry owns while it is loaded, and what its history reports."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from homeassistant.config_entries import ConfigEntry

from .counters.store import CounterStore


@dataclass(frozen=True, kw_only=True, slots=True)
class RepairReport:
    """One gap of a counter that the statistics reflect now."""

    since: datetime
    until: datetime
    energy: float
    """kWh counted in between."""
    shift: float
    """kWh by which all later sums were adjusted."""
    reason: str
    """The verdict with which the reading after the gap was accepted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatisticReport:
    """What a run has found about one statistic."""

    entity_id: str
    rows: int
    """Hours written, or to be written."""
    energy: float | None = None
    """kWh that the statistics did not have before."""
    since: datetime | None = None
    """The oldest time of which the FRITZ!Box has device statistics."""
    left_out: list[str] = field(default_factory=list)
    """Why there is nothing older, or not everything."""
    mended: list[RepairReport] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class MaintenanceResult:
    """The last maintenance of an entry's whole history."""

    at: datetime
    result: list[StatisticReport]


class History(Protocol):
    """What the history scheduler of an entry offers to dialogs, actions and the list of jobs."""

    @property
    def last_run(self) -> MaintenanceResult | None:
        """The last maintenance of the whole history."""

    @property
    def next_run(self) -> datetime | None:
        """When the whole history is maintained next, None if that is switched off."""

    @property
    def last_check(self) -> datetime | None:
        """When the scheduler last checked whether there is something to repair."""

    @property
    def next_check(self) -> datetime | None:
        """When it checks next, None if that is switched off."""

    async def async_run(
        self, *, dry_run: bool = False, progress: Callable[[float], None] | None = None
    ) -> Sequence[StatisticReport]:
        """Maintain the whole history now. Raises HomeAssistantError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryData[CoordinatorT]:
    """The runtime data of an entry."""

    coordinator: CoordinatorT
    """Receives the values of the FRITZ!Box or of the reader."""
    counters: CounterStore
    """Judges and remembers the counter readings among them."""
    history: History
    """Maintains their statistics."""


type AnyConfigEntry = ConfigEntry[EntryData[Any]]
"""For modules that know nothing of coordinators; others use `coordinator.PyHabConfigEntry`."""
