"""Imports tables of readings (CSV) into statistics."""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
import threading
from typing import Any, Final, NamedTuple

from homeassistant.components.recorder.statistics import STATISTIC_UNIT_TO_UNIT_CONVERTER
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er

from ...const import DOMAIN
from ...coordinator import PyHabConfigEntry
from ...entry import Progress, ProgressListener
from ...util.texts import MAX_LINE, clean_text
from ..statistics.editor import get_editor
from ..statistics.gateway import Statistic
from .access import FileError, FileReadError
from .csv_format import Content, CsvFormat, CsvKey, CsvSeries, Doubt
from .csv_reader import read_series, survey
from .csv_scan import rows_with_data
from .exported import EXPORTED
from .importer import FileImport, async_allowed, async_home_zone, external_ids, file_error
from .recognition import recognize
from .series import SeriesReport
from .table import Row, read_sample

SHOWN: Final = 5
"""Rows that are shown to the user."""


class Recognized(NamedTuple):
    """How a table seems to be written."""

    format: CsvFormat
    rows: list[Row]
    """Its first rows."""


async def async_recognize(
    hass: HomeAssistant, path: Path, *, encoding: str | None = None, delimiter: str | None = None
) -> Recognized:
    """Return how a table is written. Raises ServiceValidationError if it cannot be understood."""
    zone = await async_home_zone(hass)

    def find() -> Recognized:
        sample = read_sample(path, encoding)
        form = recognize(sample, zone, delimiter)
        rows = rows_with_data(iter(sample.rows(form.dialect.delimiter)), form)
        return Recognized(form, list(islice(rows, SHOWN)))

    try:
        return await hass.async_add_executor_job(find)
    except FileReadError as err:
        raise file_error(err) from err


async def async_survey(
    hass: HomeAssistant,
    path: Path,
    csv_format: CsvFormat,
    progress: ProgressListener | None = None,
) -> list[CsvSeries]:
    """Return the series of a table. Raises ServiceValidationError if it cannot be read."""
    stopped = threading.Event()

    def report(part: float) -> None:
        if progress is not None:
            hass.loop.call_soon_threadsafe(progress, Progress(part=part))

    find = partial(
        survey,
        path,
        csv_format,
        await async_home_zone(hass),
        progress=report,
        cancelled=stopped.is_set,
    )
    try:
        found = await hass.async_add_executor_job(find)
    except FileReadError as err:
        raise file_error(err) from err
    finally:
        stopped.set()
    if not found:
        raise file_error(FileReadError(FileError.NO_VALUES))
    return found


def unit_of(series: CsvSeries) -> str:
    """Return the unit in which a series is imported."""
    is_energy = series.content not in EXPORTED or series.unit in ("Wh", "kWh", "MWh")
    return "kWh" if is_energy and series.content is not Content.MEANS else series.unit


def csv_statistic(entry: PyHabConfigEntry, series: CsvSeries, statistic_id: str) -> Statistic:
    """Return the statistic into which a series is imported."""
    return Statistic(
        id=statistic_id,
        unit=unit_of(series),
        has_sum=series.content is not Content.MEANS,
        name=clean_text(series.name, length=MAX_LINE),
        entry_id=entry.entry_id,
    )


def csv_externals(
    entry: PyHabConfigEntry, path: Path, found: Sequence[CsvSeries]
) -> dict[CsvKey, Statistic]:
    """Return an external statistic for each series: named after file and series, or as exported."""
    ids = external_ids((series.key, f"{path.stem} {series.name}") for series in found)
    return {
        series.key: csv_statistic(
            entry,
            series,
            series.key.series
            if series.content in EXPORTED and series.key.series.startswith(f"{DOMAIN}:")
            else ids[series.key],
        )
        for series in found
    }


def csv_targets(hass: HomeAssistant, entry: PyHabConfigEntry, series: CsvSeries) -> list[str]:
    """Return the statistics into which a series can be imported: entities, and those imported."""
    unit, needs_sum = unit_of(series), series.content is not Content.MEANS
    entities = [
        item.entity_id
        for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if item.domain == Platform.SENSOR
        and not item.disabled
        and is_convertible(unit, item.unit_of_measurement)
        and str((item.capabilities or {}).get("state_class")).startswith("total") is needs_sum
    ]
    journal = get_editor(hass).journal.of_entry(entry.entry_id)
    return [*entities, *sorted(each for each in journal if each.startswith(f"{DOMAIN}:"))]


def is_convertible(unit: str, other: str | None) -> bool:
    """Whether values of a unit can be converted to another one."""
    converter = STATISTIC_UNIT_TO_UNIT_CONVERTER.get(unit)
    return unit == other or (
        converter is not None and converter is STATISTIC_UNIT_TO_UNIT_CONVERTER.get(other)
    )


class CsvImport:
    """An import of one table into the statistics of an entry."""

    def __init__(
        self,
        hass: HomeAssistant,
        path: Path,
        csv_format: CsvFormat,
        wanted: Mapping[CsvKey, Statistic],
        progress: ProgressListener | None = None,
    ) -> None:
        """Create the import; `progress` is called in the event loop."""
        self._hass = hass
        self._path = path
        self._format = csv_format
        self._wanted = wanted
        self._progress = progress

    async def async_run(self, found: Sequence[CsvSeries], *, dry_run: bool) -> list[SeriesReport]:
        """Write the hours of all wanted series, one after the other, and return the results.

        Raises ServiceValidationError if the file cannot be read, and HomeAssistantError if the
        recorder refuses or the entry is removed meanwhile.
        """
        run = FileImport[CsvSeries](self._hass, self._wanted, self._progress)
        hours = read_series(
            self._path,
            self._format,
            await async_home_zone(self._hass),
            [series for series in found if series.key in self._wanted],
            progress=run.report_progress,
            cancelled=run.is_stopped,
        )
        return await run.async_run(found, hours, dry_run=dry_run)


async def async_import_csv(
    hass: HomeAssistant,
    entry: PyHabConfigEntry,
    path: str,
    *,
    column: str | None,
    series: str | None,
    target: str | None,
    choices: Mapping[str, Any],
    dry_run: bool,
) -> tuple[CsvFormat, list[SeriesReport]]:
    """Import a table at an allowed path. Returns how it was read, and what was imported.

    Without `target`, each series becomes a statistic of its own. Raises ServiceValidationError if the
    file must not or cannot be read, or leaves doubts; HomeAssistantError if the recorder refuses.
    """
    allowed = await async_allowed(hass, path)
    form = (await async_recognize(hass, allowed)).format
    if column is not None:
        form = form.with_choices({"values": (_column(form, column),)})
    form = form.with_choices(choices)
    if Doubt.SERIES in form.open_doubts:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="file_mixed_rows")
    if form.open_doubts:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="file_doubtful",
            translation_placeholders={"fields": ", ".join(sorted(form.open_doubts))},
        )
    found = await async_survey(hass, allowed, form)
    if series is not None:
        found = [each for each in found if each.key.series == series]
    if target is None:
        wanted = csv_externals(entry, allowed, found)
    elif len(found) == 1:
        wanted = {found[0].key: _target(hass, entry, found[0], target)}
    else:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="file_several_series",
            translation_placeholders={
                "series": clean_text(", ".join(each.name for each in found), length=MAX_LINE)
            },
        )
    done = await CsvImport(hass, allowed, form, wanted).async_run(found, dry_run=dry_run)
    return form, done


def _column(form: CsvFormat, name: str) -> int:
    """Return the number of a column by its name or number. Raises ServiceValidationError."""
    if name in form.columns:
        return form.columns.index(name)
    if name.isdecimal() and len(name) < 4 and 0 < int(name) <= len(form.columns):
        return int(name) - 1
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="file_no_such_column",
        translation_placeholders={
            "column": clean_text(name),
            "columns": clean_text(", ".join(filter(None, form.columns)), length=MAX_LINE),
        },
    )


def _target(
    hass: HomeAssistant, entry: PyHabConfigEntry, series: CsvSeries, target: str
) -> Statistic:
    """Return the statistic that an action names. Raises ServiceValidationError if it may not be."""
    if target.startswith(f"{DOMAIN}:") or target in csv_targets(hass, entry, series):
        if not get_editor(hass).is_recorded(target):
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key="not_recorded",
                translation_placeholders={"statistic_id": target},
            )
        return csv_statistic(entry, series, target)
    raise ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key="import_target",
        translation_placeholders={"statistic_id": target},
    )
