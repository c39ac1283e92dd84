"""Exports statistics as a table (CSV)."""

from collections.abc import Mapping, Sequence
import csv
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Any, Final, cast

from homeassistant.components.recorder.statistics import get_metadata, statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util

from ...const import DOMAIN
from ...util.texts import MAX_LINE, clean_text
from ..planning.origin import Origin
from ..planning.rows import HOUR
from ..statistics.gateway import async_ask
from ..statistics.origin import async_origins
from .access import FileError, FileReadError, write_file
from .csv_format import EXPORT_COLUMNS, MEAN_COLUMNS, ORIGIN_COLUMN, SUM_COLUMNS
from .importer import file_error

MAX_ROWS: Final = 20_000
"""The most rows that a response may contain: about two years of hours."""
MIXED: Final = "mixed"
"""The origin of a day or month whose hours have several."""
_EPOCH: Final = dt_util.utc_from_timestamp(0)


class Period(StrEnum):
    """What a row of an export is."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """An exported statistic."""

    unit: str
    rows: int
    text: str
    """The table."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stored:
    """The rows of a statistic, in the unit in which they are stored."""

    unit: str
    has_sum: bool
    rows: Sequence[Mapping[str, Any]]


async def async_export(
    hass: HomeAssistant,
    statistic_id: str,
    period: Period,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    max_rows: int | None = None,
) -> Export:
    """Return a statistic as a table: values as they are stored, and their origin.

    Raises ServiceValidationError if it does not exist or has more rows than allowed, and
    HomeAssistantError if the recorder does not answer.
    """
    stored = await async_ask(hass, lambda: _read(hass, statistic_id, period, start, end))
    if stored is None:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_statistics",
            translation_placeholders={"series": statistic_id},
        )
    if max_rows is not None and len(stored.rows) > max_rows:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="export_too_large",
            translation_placeholders={"rows": str(len(stored.rows)), "most": str(max_rows)},
        )
    origins = await async_origins(hass, statistic_id, start)
    text = await hass.async_add_executor_job(_written, statistic_id, stored, origins)
    return Export(unit=stored.unit, rows=len(stored.rows), text=text)


def _read(
    hass: HomeAssistant,
    statistic_id: str,
    period: Period,
    start: datetime | None,
    end: datetime | None,
) -> _Stored | None:
    """Return the rows of a statistic, None if there is none; in the recorder's executor."""
    found = get_metadata(hass, statistic_ids={statistic_id}).get(statistic_id)
    if found is None:
        return None
    metadata = found[1]
    unit, unit_class = metadata["unit_of_measurement"] or "", metadata["unit_class"]
    types: Any = set(SUM_COLUMNS if metadata["has_sum"] else MEAN_COLUMNS)
    rows = statistics_during_period(
        hass,
        start or _EPOCH,
        end,
        {statistic_id},
        period.value,
        # Without a unit, values are converted to the one in which the entity is shown.
        {unit_class: unit} if unit_class else None,
        types,
    )
    return _Stored(
        unit=unit,
        has_sum=metadata["has_sum"],
        rows=cast("Sequence[Mapping[str, Any]]", rows.get(statistic_id, [])),
    )


def _written(statistic_id: str, stored: _Stored, origins: Mapping[int, Origin]) -> str:
    """Return the table. Floats are written so that they are the same when they are read."""
    columns = SUM_COLUMNS if stored.has_sum else MEAN_COLUMNS
    zone = dt_util.get_default_time_zone()
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*EXPORT_COLUMNS, *columns, ORIGIN_COLUMN])
    for row in stored.rows:
        start, end = int(row["start"]), int(row["end"])
        writer.writerow(
            [
                *(datetime.fromtimestamp(at, zone).isoformat() for at in (start, end)),
                statistic_id,
                stored.unit,
                *(_number(row.get(column)) for column in columns),
                _origin({origins[hour] for hour in range(start, end, HOUR) if hour in origins}),
            ]
        )
    return text.getvalue()


def _number(value: float | None) -> str:
    return "" if value is None else repr(value)


def _origin(found: set[Origin]) -> str:
    return MIXED if len(found) > 1 else next(iter(found), "")


async def async_write_export(
    hass: HomeAssistant, path: str, export: Export, *, overwrite: bool
) -> Path:
    """Write an export into a folder that Home Assistant may access, and return the path.

    Raises ServiceValidationError if the file may not or cannot be written.
    """

    def write() -> Path | None:
        given = Path(path)
        resolved = given.parent.resolve() / given.name
        if not given.name or not hass.config.is_allowed_path(str(resolved)):
            return None
        write_file(resolved, export.text.encode(), overwrite=overwrite)
        return resolved

    try:
        written = await hass.async_add_executor_job(write)
    except FileExistsError as err:
        raise _refused("export_exists", path) from err
    except (ValueError, RuntimeError, FileNotFoundError, NotADirectoryError) as err:
        raise file_error(FileReadError(FileError.NOT_FOUND, type(err).__name__)) from err
    except OSError as err:
        raise _refused("export_not_written", path) from err
    if written is None:
        raise _refused("path_not_allowed", path)
    return written


def _refused(key: str, path: str) -> ServiceValidationError:
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"path": clean_text(path, length=MAX_LINE)},
    )
