"""Imports the series of a file into statistics: one run, which can be previewed and taken back."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
import hashlib
import logging
import math
from pathlib import Path
import threading
from typing import Any, Final
from zoneinfo import ZoneInfo

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfEnergy
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util, slugify
from homeassistant.util.ulid import ulid_now
from homeassistant.util.unit_conversion import EnergyConverter

from ...const import CONF_KIND, DOMAIN, EntryKind
from ...entry import Progress, ProgressListener
from ...sml.registers import FED_IN
from ...util.texts import MAX_LINE, clean_text
from ..planning.change import Change, StatisticRows
from ..planning.imported import Imported, ImportedEnergy, Target, plan_import
from ..planning.load_shape import Daylight, LoadShape
from ..planning.rows import SHORT_TERM, Row
from ..statistics.daylight import async_daylight
from ..statistics.editor import StatisticsEditor, get_editor
from ..statistics.gateway import Statistic
from .access import FileError, FileReadError
from .series import Series, SeriesHours, SeriesReport

_LOGGER = logging.getLogger(__name__)

_MAX_NAME_IN_ID: Final = 100
"""Characters. The recorder's tables allow 255 for an id."""
TRANSLATION_KEYS: Final[Mapping[FileError, str]] = {
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
    FileError.SPREADSHEET: "file_spreadsheet",
    FileError.NOT_A_TABLE: "file_not_a_table",
    FileError.NO_TIMES: "file_no_times",
    FileError.NO_VALUES: "file_no_values",
    FileError.TOO_MANY_SERIES: "file_too_many_series",
}
"""Translation keys of the errors of a file."""


def file_error(err: FileReadError) -> ServiceValidationError:
    """Return the translated error for a file that cannot be read."""
    _LOGGER.debug("The file cannot be read: %s", err)
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=TRANSLATION_KEYS[err.reason]
    )


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
        raise file_error(FileReadError(FileError.NOT_FOUND, type(err).__name__)) from err
    if path is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="path_not_allowed",
            translation_placeholders={"path": clean_text(text, length=MAX_LINE)},
        )
    return path


async def async_home_zone(hass: HomeAssistant) -> ZoneInfo:
    """Return the time zone of the home, whose local times files without an offset contain."""
    return await dt_util.async_get_time_zone(hass.config.time_zone) or ZoneInfo("UTC")


def external_ids[K: tuple[object, ...]](names: Iterable[tuple[K, str]]) -> dict[K, str]:
    """Return the id of an external statistic for each series, of its key and name.

    Names that make the same id are told apart by a digest; the first one keeps the plain id.
    """
    ids: dict[K, str] = {}
    taken: set[str] = set()
    for key, name in names:
        name_in_id = slugify(name)
        if len(name_in_id) > _MAX_NAME_IN_ID or name_in_id in taken:
            unique = name_in_id if name_in_id not in taken else "\0".join(map(str, key))
            digest = hashlib.sha256(unique.encode(errors="replace")).hexdigest()
            name_in_id = f"{name_in_id[:_MAX_NAME_IN_ID]}_{digest[:16]}"
        taken.add(name_in_id)
        ids[key] = f"{DOMAIN}:{name_in_id}"
    return ids


class FileImport[S: Series]:
    """An import of the series of one file."""

    def __init__(
        self,
        hass: HomeAssistant,
        wanted: Mapping[Any, Statistic],
        progress: ProgressListener | None = None,
    ) -> None:
        """Create the import of series by their key; `progress` is called in the event loop."""
        self._hass = hass
        self._wanted = wanted
        self._progress = progress
        self._editor: StatisticsEditor = get_editor(hass)
        self._entry_ids = {each.entry_id for each in wanted.values() if each.entry_id is not None}
        self._stopped = threading.Event()
        self._run = ulid_now()
        self._at_hand = ""
        """The name of the series that is being imported."""
        self._hours = 0

    def is_stopped(self) -> bool:
        """Whether reading is to end, because nobody waits for the result any more."""
        return self._stopped.is_set()

    def report_progress(self, part: float) -> None:
        """Report the part of the file that was read, from any thread."""
        self._hass.loop.call_soon_threadsafe(self._async_progressed, min(part, 1.0))

    async def async_run(
        self, found: Sequence[S], hours: Iterator[SeriesHours[S]], *, dry_run: bool
    ) -> list[SeriesReport]:
        """Write the hours of all wanted series, one after the other, and return the results.

        `hours` is consumed in the executor. Raises ServiceValidationError if the file cannot be
        read, and HomeAssistantError if the recorder refuses or the entry is removed meanwhile.
        """
        if not self._editor.is_ready():
            raise HomeAssistantError(translation_domain=DOMAIN, translation_key="no_recorder")
        done: dict[object, SeriesReport] = {}
        try:
            while (series := await self._async_next(hours)) is not None:
                self._at_hand = series.series.name
                statistic = self._wanted[series.series.key]
                result = await self._async_series(series, statistic, dry_run=dry_run)
                done[series.series.key] = result
                self._hours += result.rows
                finished = [series]
                del series
                await self._async_free(finished)
        finally:
            self._stopped.set()
        self._check_not_removed()
        return [
            done.get(series.key) or SeriesReport(series=series, statistic_id=None)
            for series in found
        ]

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

    async def _async_next(self, hours: Iterator[SeriesHours[S]]) -> SeriesHours[S] | None:
        try:
            return await self._hass.async_add_executor_job(next, hours, None)
        except FileReadError as err:
            raise file_error(err) from err

    async def _async_series(
        self, series: SeriesHours[S], statistic: Statistic, *, dry_run: bool
    ) -> SeriesReport:
        # There may be millions of rows to look at.
        imported = await self._hass.async_add_executor_job(lambda: series.imported)
        planner = _Planner(
            imported=imported,
            daylight=await self._async_daylight(statistic, imported),
            is_external=statistic.is_external,
            expected=self._expected_first_row(statistic),
            is_stopped=lambda: self._is_removed,
        )
        change = [
            await self._editor.async_change(statistic, planner.plan, dry_run=dry_run, run=self._run)
        ]
        del imported
        await self._async_free(change)
        self._check_not_removed()
        return SeriesReport(
            series=series.series,
            statistic_id=statistic.id,
            rows=planner.rows,
            energy=planner.energy,
            readings=series.readings,
            rejected={str(reason): count for reason, count in series.rejected.items()},
        )

    async def _async_daylight(
        self, statistic: Statistic, imported: Imported
    ) -> Sequence[Daylight] | None:
        """Return the times of daylight for totals of a counter of feed-in, None for all others."""
        entity = er.async_get(self._hass).async_get(statistic.id)
        kind = entity.translation_key if entity else None
        if kind not in FED_IN or not isinstance(imported, ImportedEnergy) or not imported.totals:
            return None
        return await async_daylight(
            self._hass,
            min(total.start for total in imported.totals),
            max(total.end for total in imported.totals),
        )

    async def _async_free(self, objects: list[Any]) -> None:
        """Free objects outside the event loop: tens of thousands of rows would hold it."""
        await self._hass.async_add_executor_job(objects.clear)

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


class _Planner:
    """Plans the change of one statistic, in the recorder's thread, and counts what was planned."""

    def __init__(
        self,
        *,
        imported: Imported,
        daylight: Sequence[Daylight] | None,
        is_external: bool,
        expected: Sequence[Row],
        is_stopped: Callable[[], bool],
    ) -> None:
        self._imported = imported
        self._daylight = daylight
        self._is_external = is_external
        self._expected = expected
        self._is_stopped = is_stopped
        self.rows = 0
        self.energy: float | None = None

    def plan(self, rows: StatisticRows) -> Change:
        """Return the change; nothing is changed any more once the entry was removed."""
        if self._is_stopped():
            return ()
        zone = dt_util.get_default_time_zone()
        found = plan_import(
            self._imported,
            Target(
                rows=rows,
                is_external=self._is_external,
                expected=self._expected,
                shape=lambda known: LoadShape(known, zone, self._daylight),
            ),
        )
        self.rows, self.energy = found.rows, found.energy
        return found.change
