"""Imports the series of a legacy file into the statistics of an entry."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
import hashlib
import logging
import math
from pathlib import Path
import threading
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, Platform, UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.ulid import ulid_now
from homeassistant.util.unit_conversion import EnergyConverter

from ...const import CONF_KIND, DOMAIN, EntryKind
from ...coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ...entity import entity_of
from ...entry import Progress, ProgressListener
from ...meter.coordinator import MeterCoordinator
from ...sensors.fritzbox import FRITZBOX_SENSORS
from ...sensors.meter import METER_SENSORS
from ...sml.meter_id import parse_meter_id
from ...util.texts import MAX_LINE, clean_text
from ..planning.backfill import InsertPlan, insertion
from ..planning.change import Change, ChangeReason, StatisticRows, WriteRows
from ..planning.merge import plan_merge
from ..planning.rows import SHORT_TERM, MeanRow, Row, SumRow
from ..statistics.editor import StatisticsEditor, get_editor
from ..statistics.gateway import Statistic
from ..statistics.work import Planner
from .file import FileError, LegacyFileError, LegacySeries, SeriesKey, SeriesKind, inspect_file
from .readings import HourlySeries, read_hours

_LOGGER = logging.getLogger(__name__)

_NOT_RECORDED: Final = frozenset({"energy_export"})
"""Keys of sensors that the py_hab server never recorded."""
_MAX_NAME_IN_ID: Final = 100
"""Characters. The recorder's tables allow 255 for an id."""
_TRANSLATION_KEYS: Final[Mapping[FileError, str]] = {
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
"""Translation keys of the errors of a file."""


@dataclass(kw_only=True, slots=True)
class Imported:
    """The result of the import of one series."""

    series: LegacySeries
    statistic_id: str | None
    """None if the series was not imported."""
    rows: int = 0
    """Hours written, or to be written."""
    energy: float | None = None
    """kWh of a counter."""
    readings: int = 0
    """The number of rows in the file."""
    rejected: dict[str, int] = field(default_factory=dict)
    """The number of rows that were not used, by reason."""
    not_recorded: str | None = None
    """The entity that would continue the series, if the recorder's settings exclude it."""

    def as_json(self) -> dict[str, Any]:
        """Return the response of the action."""
        return {
            "device": self.series.device,
            "sub_entity": self.series.sub_entity,
            "statistic_id": self.statistic_id,
            "rows": self.rows,
            "energy": None if self.energy is None else round(self.energy, 3),
            "readings": self.readings,
            "rejected": self.rejected,
            "not_recorded": self.not_recorded,
        }


async def async_inspect(hass: HomeAssistant, path: Path) -> list[LegacySeries]:
    """Return the series of a file. Raises ServiceValidationError if it cannot be read."""
    try:
        return await hass.async_add_executor_job(inspect_file, path, await _async_zone(hass))
    except LegacyFileError as err:
        raise _file_error(err) from err


async def async_allowed(hass: HomeAssistant, text: str) -> Path:
    """Return the resolved path of a text.

    Raises ServiceValidationError if access is not allowed, or if no file can have that name.
    """

    def resolved() -> Path | None:
        path = Path(text).resolve()
        # What is returned has no symbolic links any more: the path that is checked is opened.
        return path if hass.config.is_allowed_path(str(path)) else None

    try:
        path = await hass.async_add_executor_job(resolved)
    except (OSError, ValueError, RuntimeError) as err:
        # NUL, half surrogates, or longer than a path can be.
        raise _file_error(LegacyFileError(FileError.NOT_FOUND, type(err).__name__)) from err
    if path is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="path_not_allowed",
            translation_placeholders={"path": clean_text(text, length=MAX_LINE)},
        )
    return path


def targets(
    hass: HomeAssistant, entry: PyHabConfigEntry, found: Sequence[LegacySeries]
) -> dict[SeriesKey, Statistic]:
    """Return the proposed statistic of each series that can be imported.

    It is the statistic of an entity of the entry, or else an external one: also if the recorder's
    settings exclude the entity.
    """
    chosen: dict[SeriesKey, Statistic] = {}
    others = externals(entry, found)
    for series in found:
        if series.key in others:
            statistic = _of_entity(hass, entry, series)
            is_recorded = statistic is not None and get_editor(hass).is_recorded(statistic.id)
            chosen[series.key] = statistic if statistic and is_recorded else others[series.key]
    return chosen


def excluded(
    hass: HomeAssistant, entry: PyHabConfigEntry, found: Sequence[LegacySeries]
) -> dict[SeriesKey, str]:
    """Return the entity of each series that is not recorded, so that nothing is imported into it."""
    entities = {series.key: _of_entity(hass, entry, series) for series in found}
    return {
        key: statistic.id
        for key, statistic in entities.items()
        if statistic is not None and not get_editor(hass).is_recorded(statistic.id)
    }


def externals(entry: PyHabConfigEntry, found: Iterable[LegacySeries]) -> dict[SeriesKey, Statistic]:
    """Return an external statistic for each series that can be imported.

    Names that make the same id are told apart by a digest; the first one keeps the plain id.
    """
    statistics: dict[SeriesKey, Statistic] = {}
    taken: set[str] = set()
    for series in found:
        if series.kind not in (SeriesKind.COUNTER, SeriesKind.MEASUREMENT):
            continue
        name_in_id = slugify(f"{series.device} {series.sub_entity}")
        if len(name_in_id) > _MAX_NAME_IN_ID or name_in_id in taken:
            unique = name_in_id if name_in_id not in taken else "\0".join(series.key)
            digest = hashlib.sha256(unique.encode(errors="replace")).hexdigest()
            name_in_id = f"{name_in_id[:_MAX_NAME_IN_ID]}_{digest[:16]}"
        taken.add(name_in_id)
        statistics[series.key] = Statistic(
            id=f"{DOMAIN}:{name_in_id}",
            unit="kWh" if series.kind is SeriesKind.COUNTER else series.unit,
            has_sum=series.kind is SeriesKind.COUNTER,
            name=clean_text(series.name, length=MAX_LINE),
            entry_id=entry.entry_id,
        )
    return statistics


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
    """Return the statistic of the entity that continues a series, None if there is none."""
    coordinator = entry.runtime_data.coordinator
    for unique_id in _unique_ids(coordinator, series):
        entity = entity_of(hass, Platform.SENSOR, unique_id)
        if entity is not None:
            return statistic_of(entry, series, entity.entity_id)
    return None


def _unique_ids(
    coordinator: FritzBoxCoordinator | MeterCoordinator, series: LegacySeries
) -> Iterator[str]:
    """Yield the possible unique ids of the entity that continues a series."""
    match coordinator:
        case FritzBoxCoordinator():
            keys = [
                description.key
                for description in FRITZBOX_SENSORS
                if description.legacy_name == series.sub_entity
                and description.key not in _NOT_RECORDED
            ]
            stored = _normalized(series.device)
            for ain, device in coordinator.data.devices.items():
                if stored and stored in (_normalized(ain), _normalized(device.owner_ain)):
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
    """Return the time zone of the home, which the py_hab server used as well."""
    return await dt_util.async_get_time_zone(hass.config.time_zone) or ZoneInfo("UTC")


def _normalized(identifier: str) -> str:
    return "".join(identifier.split()).lower()


class LegacyImport:
    """An import of one file into the statistics of an entry."""

    def __init__(
        self,
        hass: HomeAssistant,
        path: Path,
        wanted: Mapping[SeriesKey, Statistic],
        progress: ProgressListener | None = None,
    ) -> None:
        """Create the import; `progress` is called in the event loop."""
        self._hass = hass
        self._path = path
        self._wanted = wanted
        self._progress = progress
        self._editor: StatisticsEditor = get_editor(hass)
        self._entry_ids = {each.entry_id for each in wanted.values() if each.entry_id is not None}
        self._stopped = threading.Event()
        self._run = ulid_now()
        self._at_hand = ""
        """The name of the series that is being imported."""
        self._hours = 0

    async def async_run(self, found: Sequence[LegacySeries], *, dry_run: bool) -> list[Imported]:
        """Write the hours of all wanted series, one after the other, and return the results.

        Raises ServiceValidationError if the file cannot be read, and HomeAssistantError if the
        recorder refuses or the entry is removed meanwhile.
        """
        if not self._editor.is_ready():
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
        total = sum(series.rows for series in found if series.key in self._wanted) or 1
        hours = read_hours(
            self._path,
            await _async_zone(self._hass),
            [series for series in found if series.key in self._wanted],
            progress=lambda rows: self._report_progress(rows / total),
            cancelled=self._stopped.is_set,
        )
        done: dict[SeriesKey, Imported] = {}
        try:
            while (series := await self._async_next(hours)) is not None:
                statistic = self._wanted[series.series.key]
                self._at_hand = series.series.name
                result = await self._async_series(series, statistic, dry_run=dry_run)
                done[series.series.key] = result
                self._hours += result.rows
        finally:
            self._stopped.set()
        self._check_not_removed()
        return [
            done.get(series.key) or Imported(series=series, statistic_id=None) for series in found
        ]

    def _report_progress(self, part: float) -> None:
        """Report the progress from any thread."""
        self._hass.loop.call_soon_threadsafe(self._async_progressed, min(part, 1.0))

    @callback
    def _async_progressed(self, part: float) -> None:
        if self._is_removed:
            self._stopped.set()
        if self._progress is not None:
            self._progress(Progress(part=part, name=self._at_hand, hours=self._hours))

    @property
    def _is_removed(self) -> bool:
        """Whether the entry whose statistics are written was removed."""
        entries = self._hass.config_entries
        return any(entries.async_get_entry(entry_id) is None for entry_id in self._entry_ids)

    def _check_not_removed(self) -> None:
        """Raise HomeAssistantError if the entry was removed, before anything is written for it."""
        if self._is_removed:
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="entry_removed")

    async def _async_next(self, hours: Iterator[HourlySeries]) -> HourlySeries | None:
        try:
            return await self._hass.async_add_executor_job(next, hours, None)
        except LegacyFileError as err:
            raise _file_error(err) from err

    async def _async_series(
        self, series: HourlySeries, statistic: Statistic, *, dry_run: bool
    ) -> Imported:
        result = Imported(
            series=series.series,
            statistic_id=statistic.id,
            readings=series.readings,
            rejected={str(reason): count for reason, count in series.rejected.items()},
        )
        if statistic.has_sum:
            rows = await self._hass.async_add_executor_job(_of_kind, series.rows, SumRow)
            await self._async_sums(statistic, rows, result, dry_run=dry_run)
        else:
            means = await self._hass.async_add_executor_job(_of_kind, series.rows, MeanRow)
            await self._async_means(statistic, means, result, dry_run=dry_run)
        return result

    async def _async_sums(
        self, statistic: Statistic, imported: list[SumRow], result: Imported, *, dry_run: bool
    ) -> None:
        expected = self._expected_first_row(statistic)
        found = InsertPlan()

        def merge(rows: StatisticRows) -> Change:
            nonlocal found
            own, live = _by_author(rows.hourly, rows.own)
            if not live:
                live = list(rows.short_term[:1]) or expected
            if statistic.is_external:
                own, live = [], []
            found = plan_merge(imported, own, live, rows.until)
            if statistic.is_external:
                found = replace(found, sum_boundary=None)
            return insertion(found, rows, ChangeReason.IMPORT)

        await self._async_change(statistic, merge, dry_run=dry_run)
        result.rows = len(found.rows)
        result.energy = found.energy

    def _expected_first_row(self, statistic: Statistic) -> list[Row]:
        """Return the first live row that is to be expected, from the present state of the entity.

        The hours before it are filled evenly. Empty if the state is not a number, and for a
        FRITZ!Box, whose device statistics cover these hours.
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
        self, statistic: Statistic, rows: list[MeanRow], result: Imported, *, dry_run: bool
    ) -> None:
        def complete(existing: StatisticRows) -> Change:
            missing = _missing_means(rows, existing.hours - existing.own, existing.until)
            result.rows = len(missing)
            return [WriteRows(missing, ChangeReason.IMPORT)]

        await self._async_change(statistic, complete, dry_run=dry_run)

    async def _async_change(self, statistic: Statistic, plan: Planner, *, dry_run: bool) -> None:
        """Change a statistic, unless its entry is removed meanwhile. Raises HomeAssistantError."""
        await self._editor.async_change(
            statistic,
            lambda rows: () if self._is_removed else plan(rows),
            dry_run=dry_run,
            run=self._run,
        )
        self._check_not_removed()


def _of_kind[R: SumRow | MeanRow](rows: Iterable[SumRow | MeanRow], kind: type[R]) -> list[R]:
    return [row for row in rows if isinstance(row, kind)]


class _ByAuthor(NamedTuple):
    """The hourly rows of a sum."""

    own: list[SumRow]
    """Those that py_hab has written."""
    live: list[Row]
    """Those of Home Assistant."""


def _by_author(rows: Iterable[Row], inserted: Container[int]) -> _ByAuthor:
    return _ByAuthor(
        own=[SumRow(row.start, row.state, row.sum) for row in rows if row.start in inserted],
        live=[row for row in rows if row.start not in inserted],
    )


def _missing_means(rows: Iterable[MeanRow], live: Container[int], until: int) -> list[MeanRow]:
    return [row for row in rows if row.start not in live and row.start < until]


def _file_error(err: LegacyFileError) -> ServiceValidationError:
    _LOGGER.debug("The legacy file cannot be read: %s", err)
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=_TRANSLATION_KEYS[err.reason]
    )


async def async_import_file(
    hass: HomeAssistant, entry: PyHabConfigEntry, path: str, *, dry_run: bool
) -> list[Imported]:
    """Import a file at an allowed path, each series into its proposed statistic.

    Raises ServiceValidationError if the file must not or cannot be read, and HomeAssistantError if
    the recorder refuses.
    """
    allowed = await async_allowed(hass, path)
    found = await async_inspect(hass, allowed)
    wanted = targets(hass, entry, found)
    done = await LegacyImport(hass, allowed, wanted).async_run(found, dry_run=dry_run)
    entities = excluded(hass, entry, found)
    for item in done:
        item.not_recorded = entities.get(item.series.key)
    return done
