"""The old server's years: which series goes where, and how they get there."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
import logging
import math
from pathlib import Path
import threading
from typing import Any, Final
from zoneinfo import ZoneInfo

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, Platform, UnitOfEnergy
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.unit_conversion import EnergyConverter

from ...const import CONF_KIND, DOMAIN, EntryKind
from ...coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ...entity import entity_of
from ...meter.coordinator import MeterCoordinator
from ...sensors.fritzbox import FRITZBOX_SENSORS
from ...sensors.meter import METER_SENSORS
from ...sml.meter_id import parse_meter_id
from ..planning.merge import merged
from ..planning.rows import SHORT_TERM, MeanRow, Row, SumRow
from ..statistics.editor import StatisticsEditor, get_editor
from ..statistics.gateway import Statistic
from ..statistics.journal import ChangeReason
from .file import FileError, LegacyFileError, LegacySeries, SeriesKind, inspect
from .readings import HourlySeries, read_hours

_LOGGER = logging.getLogger(__name__)

_NOT_RECORDED: Final = frozenset({"energy_export"})
"""Keys of sensors that the py_hab server has never recorded."""
_REFUSALS: Final[Mapping[FileError, str]] = {
    FileError.NOT_FOUND: "file_not_found",
    FileError.UNREADABLE: "file_unreadable",
    FileError.EMPTY: "file_empty",
    FileError.NOT_A_DATABASE: "file_not_a_database",
    FileError.ENCRYPTED: "file_encrypted",
    FileError.CUT_OFF: "file_cut_off",
    FileError.CORRUPT: "file_corrupt",
    FileError.LOCKED: "file_locked",
    FileError.UNFINISHED: "file_unfinished",
    FileError.CHANGED: "file_changed",
    FileError.NOT_SUCH_A_DATABASE: "file_not_such_a_database",
}
"""Keys of the texts."""

type Key = tuple[str, str]
"""Device and sub_entity of a series."""


@dataclass(kw_only=True, slots=True)
class Imported:
    """What came of one series."""

    series: LegacySeries
    statistic_id: str | None
    rows: int = 0
    """Hours written, or to be written."""
    energy: float | None = None
    """kWh of a counter."""
    readings: int = 0
    rejected: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what an action answers."""
        return {
            "device": self.series.device,
            "sub_entity": self.series.sub_entity,
            "statistic_id": self.statistic_id,
            "rows": self.rows,
            "energy": None if self.energy is None else round(self.energy, 3),
            "readings": self.readings,
            "rejected": self.rejected,
        }


async def async_inspect(hass: HomeAssistant, path: Path) -> list[LegacySeries]:
    """Return what is in a file. Raises ServiceValidationError for one that cannot be read."""
    try:
        return await hass.async_add_executor_job(inspect, path, await _async_zone(hass))
    except LegacyFileError as err:
        raise _refused(err) from err


async def async_allowed(hass: HomeAssistant, text: str) -> Path:
    """Return the path that a user has typed. Raises ServiceValidationError if it is not allowed."""
    path = Path(text)
    if not await hass.async_add_executor_job(hass.config.is_allowed_path, text):
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="path_not_allowed",
            translation_placeholders={"path": text},
        )
    return path


def targets(
    hass: HomeAssistant, entry: PyHabConfigEntry, found: Sequence[LegacySeries]
) -> dict[Key, Statistic]:
    """Return to which statistic each series goes: an entity of the entry, else one of its own."""
    taken: dict[Key, Statistic] = {}
    for series in found:
        if series.kind in (SeriesKind.COUNTER, SeriesKind.MEASUREMENT):
            taken[series.key] = _of_entity(hass, entry, series) or external(entry, series)
    return taken


def external(entry: PyHabConfigEntry, series: LegacySeries) -> Statistic:
    """Return a statistic of its own for a series that has no entity."""
    name = " ".join(filter(None, (series.device_name or series.entity, series.sub_entity)))
    return Statistic(
        id=f"{DOMAIN}:{slugify(f'{series.device} {series.sub_entity}')}",
        unit="kWh" if series.kind is SeriesKind.COUNTER else series.unit,
        has_sum=series.kind is SeriesKind.COUNTER,
        name=name,
        entry_id=entry.entry_id,
    )


def statistic_of(entry: PyHabConfigEntry, series: LegacySeries, entity_id: str) -> Statistic:
    """Return the statistic of an entity that the user has chosen for a series."""
    return Statistic(
        id=entity_id,
        unit="kWh" if series.kind is SeriesKind.COUNTER else series.unit,
        has_sum=series.kind is SeriesKind.COUNTER,
        entry_id=entry.entry_id,
    )


def _of_entity(
    hass: HomeAssistant, entry: PyHabConfigEntry, series: LegacySeries
) -> Statistic | None:
    """Return the statistic of the entity that shows what a series has recorded."""
    coordinator = entry.runtime_data.coordinator
    for unique_id in _unique_ids(coordinator, series):
        entity = entity_of(hass, Platform.SENSOR, unique_id)
        if entity is not None:
            return statistic_of(entry, series, entity.entity_id)
    return None


def _unique_ids(
    coordinator: FritzBoxCoordinator | MeterCoordinator, series: LegacySeries
) -> Iterator[str]:
    """Yield the unique ids that the entity of a series may have."""
    match coordinator:
        case FritzBoxCoordinator():
            keys = [
                description.key
                for description in FRITZBOX_SENSORS
                if description.legacy_name == series.sub_entity
                and description.key not in _NOT_RECORDED
            ]
            stored = _squeezed(series.device)
            for ain, device in coordinator.data.devices.items():
                if stored and stored in (_squeezed(ain), _squeezed(device.owner_ain)):
                    yield from (f"{ain}_{key}" for key in keys)
        case MeterCoordinator():
            keys = [
                description.key
                for description in METER_SENSORS.values()
                if description.legacy_name == series.sub_entity
                and description.key not in _NOT_RECORDED
            ]
            number = parse_meter_id(series.device)
            for meter_index, meter in coordinator.data.items():
                known = meter.identity.number
                is_same = number is not None and known is not None and number.number == known.number
                is_nameless = not series.device and len(coordinator.data) == 1
                if is_same or is_nameless:
                    yield from (coordinator.devices.unique_id(meter_index, key) for key in keys)


async def _async_zone(hass: HomeAssistant) -> ZoneInfo:
    """Return the zone of the home, in which the old server has written its times."""
    return await dt_util.async_get_time_zone(hass.config.time_zone) or ZoneInfo("UTC")


def _squeezed(identifier: str) -> str:
    return "".join(identifier.split()).lower()


class LegacyImport:
    """One import of a file into the statistics of an entry."""

    def __init__(
        self,
        hass: HomeAssistant,
        path: Path,
        wanted: Mapping[Key, Statistic],
        progress: Callable[[float], None] | None = None,
    ) -> None:
        """Prepare; `progress` is told in the event loop how much is done, from 0 to 1."""
        self._hass = hass
        self._path = path
        self._wanted = wanted
        self._progress = progress
        self._editor: StatisticsEditor = get_editor(hass)
        self._stopped = threading.Event()

    async def async_run(self, found: Sequence[LegacySeries], *, dry_run: bool) -> list[Imported]:
        """Write the hours of all wanted series, one after the other; return what came of each.

        Raises ServiceValidationError for a file that cannot be read, HomeAssistantError if the
        recorder does not let us.
        """
        if not self._editor.is_ready():
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
        total = sum(series.rows for series in found if series.key in self._wanted) or 1
        hours = read_hours(
            self._path,
            await _async_zone(self._hass),
            [series for series in found if series.key in self._wanted],
            progress=lambda rows: self._tell(rows / total),
            cancelled=self._stopped.is_set,
        )
        done: dict[Key, Imported] = {}
        try:
            while (series := await self._async_next(hours)) is not None:
                statistic = self._wanted[series.series.key]
                done[series.series.key] = await self._async_series(
                    series, statistic, dry_run=dry_run
                )
        finally:
            self._stopped.set()
        return [
            done.get(series.key) or Imported(series=series, statistic_id=None) for series in found
        ]

    def _tell(self, part: float) -> None:
        """Tell the progress, from whatever thread reads."""
        if self._progress is not None:
            self._hass.loop.call_soon_threadsafe(self._progress, min(part, 1.0))

    async def _async_next(self, hours: Iterator[HourlySeries]) -> HourlySeries | None:
        try:
            return await self._hass.async_add_executor_job(next, hours, None)
        except LegacyFileError as err:
            raise _refused(err) from err

    async def _async_series(
        self, series: HourlySeries, statistic: Statistic, *, dry_run: bool
    ) -> Imported:
        about = Imported(
            series=series.series,
            statistic_id=statistic.id,
            readings=series.readings,
            rejected={str(reason): count for reason, count in series.rejected.items()},
        )
        async with self._editor.lock:
            if not dry_run:
                await self._editor.async_resume(statistic)
            if statistic.has_sum:
                rows = await self._hass.async_add_executor_job(_of_kind, series.rows, SumRow)
                await self._async_sums(statistic, rows, about, dry_run=dry_run)
            else:
                means = await self._hass.async_add_executor_job(_of_kind, series.rows, MeanRow)
                await self._async_means(statistic, means, about, dry_run=dry_run)
        return about

    async def _async_sums(
        self, statistic: Statistic, rows: list[SumRow], about: Imported, *, dry_run: bool
    ) -> None:
        there = await self._editor.async_hourly_rows(statistic)
        changes = self._editor.journal.changes_of(statistic.id)
        ours = changes.inserted.all()
        # Years of hours are too many for the event loop.
        own, live = await self._hass.async_add_executor_job(_apart, there, ours)
        if not live:
            live = (await self._editor.async_short_term_rows(statistic))[:1] or self._shown(
                statistic
            )
        if statistic.is_external:
            own, live = [], []
        plan = await self._hass.async_add_executor_job(
            merged, rows, own, live, self._editor.compiled_until()
        )
        about.rows = len(plan.rows)
        about.energy = plan.energy
        if dry_run or not plan.rows:
            return
        changes.sum_boundary = (
            None if statistic.is_external else plan.sum_boundary or changes.sum_boundary
        )
        await self._editor.async_write(statistic, plan.rows, ChangeReason.IMPORT)
        await self._editor.async_align_sums(statistic)

    def _shown(self, statistic: Statistic) -> list[Row]:
        """Return what an entity shows now, with which its live rows will begin.

        The hours before are filled evenly, where no box remembers them.
        """
        state = self._hass.states.get(statistic.id)
        entry = self._hass.config_entries.async_get_entry(statistic.entry_id or "")
        if state is None or (entry and entry.data[CONF_KIND] == EntryKind.FRITZBOX):
            return []
        try:
            shown = EnergyConverter.convert(
                float(state.state),
                state.attributes.get(ATTR_UNIT_OF_MEASUREMENT),
                UnitOfEnergy.KILO_WATT_HOUR,
            )
        except ValueError, HomeAssistantError:
            return []
        now = int(dt_util.utcnow().timestamp()) // SHORT_TERM * SHORT_TERM
        return [Row(now, SHORT_TERM, shown, 0.0)] if math.isfinite(shown) else []

    async def _async_means(
        self, statistic: Statistic, rows: list[MeanRow], about: Imported, *, dry_run: bool
    ) -> None:
        there = await self._editor.async_has_hours(statistic, 0.0)
        ours = self._editor.journal.changes_of(statistic.id).inserted.all()
        until = self._editor.compiled_until()
        lacking = await self._hass.async_add_executor_job(_lacking, rows, there - ours, until)
        about.rows = len(lacking)
        if not dry_run:
            await self._editor.async_write(statistic, lacking, ChangeReason.IMPORT)


def _of_kind[R: SumRow | MeanRow](rows: Iterable[SumRow | MeanRow], kind: type[R]) -> list[R]:
    return [row for row in rows if isinstance(row, kind)]


def _apart(there: Iterable[Row], ours: Container[int]) -> tuple[list[SumRow], list[Row]]:
    """Return the rows that we have written, and those of Home Assistant."""
    own = [SumRow(row.start, row.state, row.sum) for row in there if row.start in ours]
    return own, [row for row in there if row.start not in ours]


def _lacking(rows: Iterable[MeanRow], measured: Container[int], until: int) -> list[MeanRow]:
    return [row for row in rows if row.start not in measured and row.start < until]


def _refused(err: LegacyFileError) -> ServiceValidationError:
    _LOGGER.debug("The old server's file cannot be read: %s", err)
    return ServiceValidationError(translation_domain=DOMAIN, translation_key=_REFUSALS[err.reason])


async def async_import_file(
    hass: HomeAssistant, entry: PyHabConfigEntry, path: str, *, dry_run: bool
) -> list[Imported]:
    """Import a file at an allowed path, each series to where it belongs."""
    allowed = await async_allowed(hass, path)
    found = await async_inspect(hass, allowed)
    wanted = targets(hass, entry, found)
    return await LegacyImport(hass, allowed, wanted).async_run(found, dry_run=dry_run)
