"""Imports the series of a legacy file into the statistics of an entry."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from ...coordinator import FritzBoxCoordinator, PyHabConfigEntry
from ...entity import entity_of
from ...entry import ProgressListener
from ...meter.coordinator import MeterCoordinator
from ...sensors.fritzbox import FRITZBOX_SENSORS, FritzBoxSensorDescription
from ...sensors.meter import METER_SENSORS, MeterSensorDescription
from ...sml.meter_id import parse_meter_id
from ...util.texts import MAX_LINE, clean_text
from ..statistics.editor import get_editor
from ..statistics.gateway import Statistic
from .access import FileReadError
from .importer import (
    FileImport,
    async_allowed,
    async_home_zone,
    external_ids,
    file_error,
)
from .legacy_file import LegacySeries, SeriesKey, SeriesKind, inspect_file
from .legacy_readings import read_hours
from .series import SeriesReport

_NOT_RECORDED: Final = frozenset({"energy_export"})
"""Keys of sensors that the py_hab server never recorded."""


async def async_inspect(hass: HomeAssistant, path: Path) -> list[LegacySeries]:
    """Return the series of a file. Raises ServiceValidationError if it cannot be read."""
    try:
        return await hass.async_add_executor_job(inspect_file, path, await async_home_zone(hass))
    except FileReadError as err:
        raise file_error(err) from err


def targets(
    hass: HomeAssistant, entry: PyHabConfigEntry, found: Sequence[LegacySeries]
) -> dict[SeriesKey, Statistic]:
    """Return the proposed statistic of each series that can be imported.

    It is that of an entity of the entry, or an external one if there is no such entity, or if the
    recorder's settings exclude it.
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
    """Return an external statistic for each series that can be imported."""
    wanted = [
        series for series in found if series.kind in (SeriesKind.COUNTER, SeriesKind.MEASUREMENT)
    ]
    ids = external_ids((series.key, f"{series.device} {series.sub_entity}") for series in wanted)
    return {
        series.key: Statistic(
            id=ids[series.key],
            unit="kWh" if series.kind is SeriesKind.COUNTER else series.unit,
            has_sum=series.kind is SeriesKind.COUNTER,
            name=clean_text(series.name, length=MAX_LINE),
            entry_id=entry.entry_id,
        )
        for series in wanted
    }


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
            keys = _sensor_keys(FRITZBOX_SENSORS, series)
            for ain in _ains(coordinator, series.device):
                yield from (f"{ain}_{key}" for key in keys)
        case MeterCoordinator():
            keys = _sensor_keys(METER_SENSORS.values(), series)
            for meter_index in _meter_indexes(coordinator, series.device):
                yield from (coordinator.devices.unique_id(meter_index, key) for key in keys)


def _sensor_keys(
    descriptions: Iterable[FritzBoxSensorDescription | MeterSensorDescription],
    series: LegacySeries,
) -> list[str]:
    """Return the keys of the sensors that continue series of this kind."""
    return [
        description.key
        for description in descriptions
        if description.legacy_name == series.sub_entity and description.key not in _NOT_RECORDED
    ]


def _ains(box: FritzBoxCoordinator, device: str) -> Iterator[str]:
    """Yield the AINs of a stored device, and of its units."""
    stored = _normalized(device)
    for ain, found in box.data.devices.items():
        if stored and stored in (_normalized(ain), _normalized(found.owner_ain)):
            yield ain


def _meter_indexes(meters: MeterCoordinator, device: str) -> Iterator[str]:
    """Yield the index of the meter with a stored number; without one, that of the only meter."""
    number = parse_meter_id(device)
    for meter_index, meter in meters.data.items():
        known = meter.identity.number
        is_same = number is not None and known is not None and number.number == known.number
        if is_same or (not device and len(meters.data) == 1):
            yield meter_index


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

    async def async_run(
        self, found: Sequence[LegacySeries], *, dry_run: bool
    ) -> list[SeriesReport]:
        """Write the hours of all wanted series, one after the other, and return the results.

        Raises ServiceValidationError if the file cannot be read, and HomeAssistantError if the
        recorder refuses or the entry is removed meanwhile.
        """
        wanted = [series for series in found if series.key in self._wanted]
        total = sum(series.rows for series in wanted) or 1
        run = FileImport[LegacySeries](self._hass, self._wanted, self._progress)
        hours = read_hours(
            self._path,
            await async_home_zone(self._hass),
            wanted,
            progress=lambda rows: run.report_progress(rows / total),
            cancelled=run.is_stopped,
        )
        return await run.async_run(found, hours, dry_run=dry_run)


async def async_import_file(
    hass: HomeAssistant, entry: PyHabConfigEntry, path: str, *, dry_run: bool
) -> list[SeriesReport]:
    """Import a file at an allowed path, each series into its proposed statistic.

    Raises ServiceValidationError if the file must not or cannot be read, and HomeAssistantError if
    the recorder refuses.
    """
    allowed = await async_allowed(hass, path)
    found = await async_inspect(hass, allowed)
    wanted = targets(hass, entry, found)
    done = await LegacyImport(hass, allowed, wanted).async_run(found, dry_run=dry_run)
    entities = excluded(hass, entry, found)
    for item, series in zip(done, found, strict=True):
        item.not_recorded = entities.get(series.key)
    return done
