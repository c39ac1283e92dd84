"""A config entry: its stored data, its runtime data, and the reports of its history.

Stored data and options are checked before an entry is set up. The forms write valid values only; others
come from a damaged or edited file, or from a newer version.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
import math
from typing import Any, Final, Protocol

import voluptuous as vol

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_SCAN_INTERVAL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError

from .const import (
    CONF_ANSWER_TOPIC,
    CONF_COMMAND_TOPIC,
    CONF_HISTORY,
    CONF_KIND,
    CONF_MAX_POWER,
    CONF_POWER_HISTORY,
    CONF_POWER_INTERVAL,
    CONF_PREFIX,
    CONF_REGISTERS,
    CONF_SHAPE,
    CONF_TOPIC,
    DOMAIN,
    EntryKind,
    OutageShape,
)
from .costs.figures import CostFigures
from .counters.store import CounterStore
from .fritzbox.address import base_url
from .sml.topics import reader_topics


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How far a run of the history or an import is."""

    part: float
    """The part that is done, from 0 to 1."""
    name: str = ""
    """The entity or the series at hand."""
    hours: int = 0
    """Hours written so far."""


type ProgressListener = Callable[[Progress], None]


class History(Protocol):
    """The interface of an entry's history scheduler for dialogs, actions and the list of jobs."""

    @property
    def last_run(self) -> MaintenanceResult | None:
        """The last maintenance run for the whole history, None before the first one."""

    @property
    def next_run(self) -> datetime | None:
        """When the next maintenance run for the whole history is due, None if that is switched off."""

    @property
    def progress(self) -> Progress | None:
        """How far the present run is, None without one."""

    @property
    def last_check(self) -> datetime | None:
        """When the scheduler last checked for gaps to repair."""

    @property
    def next_check(self) -> datetime | None:
        """When the next check for gaps is due, None if that is switched off."""

    async def async_run(
        self,
        *,
        dry_run: bool = False,
        reshape: bool = False,
        progress: ProgressListener | None = None,
    ) -> Sequence[StatisticReport]:
        """Run a maintenance of the whole history now; `reshape` spreads again what was spread.

        Raises HomeAssistantError.
        """


class Costs(Protocol):
    """The interface of what an entry's costs amount to, for sensors and diagnostics."""

    @property
    def figures(self) -> Mapping[str, CostFigures]:
        """What the costs amount to, by the unique id of the counter's entity."""

    def async_listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call a listener when figures have changed; return how to end that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryData[CoordinatorT]:
    """The runtime data of an entry."""

    coordinator: CoordinatorT
    """Receives the values from the FRITZ!Box or the reader."""
    counters: CounterStore
    """Judges and stores the counter readings."""
    history: History
    """Maintains the statistics."""
    costs: Costs
    """What the costs of the counters amount to."""


type AnyConfigEntry = ConfigEntry[EntryData[Any]]
"""For modules that must not import a coordinator. Others use `coordinator.PyHabConfigEntry`."""


# Stored data


def _number(low: float, high: float) -> Callable[[Any], float]:
    """Return a validator for finite numbers from `low` to `high`; True and False are none."""

    def validate(value: Any) -> float:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not math.isfinite(value) or not low <= value <= high:
            raise vol.Invalid("not a number in the range")
        return float(value)

    return validate


def _topic(value: Any) -> str:
    if not isinstance(value, str):
        raise vol.Invalid("not a text")
    # Raises InvalidTopicError, which is a ValueError.
    return reader_topics(value).sensor


def _host(value: Any) -> str:
    if not isinstance(value, str):
        raise vol.Invalid("not a text")
    base_url(value)
    return value


_TEXT_OR_NONE: Final = vol.Any(str, None)
_DATA: Final[Mapping[EntryKind, vol.Schema]] = {
    EntryKind.FRITZBOX: vol.Schema(
        {
            vol.Required(CONF_HOST): _host,
            vol.Required(CONF_USERNAME): str,
            vol.Required(CONF_PASSWORD): str,
            vol.Required(CONF_VERIFY_SSL): bool,
        },
        extra=vol.ALLOW_EXTRA,
    ),
    EntryKind.METER: vol.Schema(
        {
            vol.Required(CONF_TOPIC): _topic,
            vol.Optional(CONF_PREFIX): _TEXT_OR_NONE,
            vol.Optional(CONF_COMMAND_TOPIC): vol.Any(None, _topic),
            vol.Optional(CONF_ANSWER_TOPIC): vol.Any(None, _topic),
        },
        extra=vol.ALLOW_EXTRA,
    ),
}
_OPTIONS: Final = vol.Schema(
    {
        vol.Optional(CONF_SCAN_INTERVAL): _number(1, 86_400),
        vol.Optional(CONF_POWER_INTERVAL): _number(0, 3600),
        vol.Optional(CONF_MAX_POWER): _number(0.1, 10_000),
        vol.Optional(CONF_REGISTERS): vol.Schema({str: str}),
        vol.Optional(CONF_HISTORY): bool,
        vol.Optional(CONF_POWER_HISTORY): bool,
        vol.Optional(CONF_SHAPE): vol.In([shape.value for shape in OutageShape]),
    },
    extra=vol.ALLOW_EXTRA,
)


def kind_of(entry: ConfigEntry[Any]) -> EntryKind | None:
    """Return the kind of an entry, None if it is missing or unknown."""
    kind = entry.data.get(CONF_KIND)
    return EntryKind(kind) if isinstance(kind, str) and kind in EntryKind else None


def checked_kind(entry: ConfigEntry[Any]) -> EntryKind:
    """Return the kind of an entry whose data and options are valid. Raises ConfigEntryError."""
    kind = kind_of(entry)
    if kind is None:
        raise _invalid(CONF_KIND)
    for schema, values in ((_DATA[kind], entry.data), (_OPTIONS, entry.options)):
        try:
            schema(dict(values))
        except vol.MultipleInvalid as err:
            # Home Assistant logs the traceback. Its cause would only hide the message.
            raise _invalid(str(err.errors[0].path[0])) from None
    return kind


def _invalid(field: str) -> ConfigEntryError:
    return ConfigEntryError(
        translation_domain=DOMAIN,
        translation_key="invalid_entry_data",
        translation_placeholders={"field": field},
    )


async def async_counters_of(hass: HomeAssistant, entry: AnyConfigEntry) -> CounterStore:
    """Return the counters of an entry. If it is not loaded, they are read from its file."""
    if entry.state is ConfigEntryState.LOADED:
        return entry.runtime_data.counters
    counters = CounterStore(hass, entry.entry_id)
    await counters.async_load()
    return counters
