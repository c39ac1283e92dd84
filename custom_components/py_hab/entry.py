"""The runtime data of a config entry, and the reports of its history."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from homeassistant.config_entries import ConfigEntry

from .counters.store import CounterStore


@dataclass(frozen=True, kw_only=True, slots=True)
class RepairReport:
    """A gap of a counter that the statistics now reflect."""

    since: datetime
    until: datetime
    energy: float
    """kWh counted during the gap."""
    shift: float
    """kWh by which all later sums were adjusted."""
    reason: str
    """The verdict with which the reading after the gap was accepted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatisticReport:
    """The result of a maintenance run for one statistic."""

    entity_id: str
    rows: int
    """Hours that were written, or would be written in a dry run."""
    energy: float | None = None
    """kWh that the statistics lacked before."""
    since: datetime | None = None
    """The start of the oldest device statistics of the FRITZ!Box."""
    left_out: list[str] = field(default_factory=list)
    """Reasons why older or other hours were not written."""
    mended: list[RepairReport] = field(default_factory=list)
    """Gaps that were repaired."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MaintenanceResult:
    """The result of a maintenance run for the whole history of an entry."""

    at: datetime
    result: list[StatisticReport]


class History(Protocol):
    """The interface of an entry's history scheduler for dialogs, actions and the list of jobs."""

    @property
    def last_run(self) -> MaintenanceResult | None:
        """The last maintenance run for the whole history, None before the first one."""

    @property
    def next_run(self) -> datetime | None:
        """When the next maintenance run for the whole history is due, None if that is switched off."""

    @property
    def last_check(self) -> datetime | None:
        """When the scheduler last checked for gaps to repair."""

    @property
    def next_check(self) -> datetime | None:
        """When the next check for gaps is due, None if that is switched off."""

    async def async_run(
        self, *, dry_run: bool = False, progress: Callable[[float], None] | None = None
    ) -> Sequence[StatisticReport]:
        """Run a maintenance of the whole history now. Raises HomeAssistantError."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryData[CoordinatorT]:
    """The runtime data of an entry."""

    coordinator: CoordinatorT
    """Receives the values from the FRITZ!Box or the reader."""
    counters: CounterStore
    """Judges and stores the counter readings."""
    history: History
    """Maintains the statistics."""


type AnyConfigEntry = ConfigEntry[EntryData[Any]]
"""For modules that must not import a coordinator. Others use `coordinator.PyHabConfigEntry`."""
