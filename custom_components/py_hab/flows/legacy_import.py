"""The file of the py_hab server that this integration replaces, for the dialog of an import."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from ..coordinator import PyHabConfigEntry
from ..entry import ProgressListener
from ..history.files.csv_import import is_convertible
from ..history.files.legacy_file import LegacySeries, SeriesKey, SeriesKind
from ..history.files.legacy_importer import (
    LegacyImport,
    async_inspect,
    externals,
    statistic_of,
    targets,
)
from ..history.files.series import SeriesReport
from ..history.statistics.gateway import Statistic


class LegacySource:
    """A legacy file."""

    def __init__(self, hass: HomeAssistant, entry: PyHabConfigEntry, path: Path) -> None:
        """Use a file; nothing is read yet."""
        self._hass = hass
        self._entry = entry
        self._path = path
        self.found: Sequence[LegacySeries] = ()

    async def async_read(self) -> None:
        """Find the series of the file. Raises ServiceValidationError if it cannot be read."""
        self.found = await async_inspect(self._hass, self._path)

    def proposed(self) -> dict[SeriesKey, Statistic]:
        """Return the proposed statistic of each series that can be imported, by its key."""
        return targets(self._hass, self._entry, self.found)

    def externals(self) -> dict[SeriesKey, Statistic]:
        """Return a statistic of its own for each of these series."""
        return externals(self._entry, self.found)

    def candidates(self, series: LegacySeries) -> list[str]:
        """Return the entities of the entry that can continue a series."""
        unit = "kWh" if series.kind is SeriesKind.COUNTER else series.unit
        return [
            item.entity_id
            for item in er.async_entries_for_config_entry(
                er.async_get(self._hass), self._entry.entry_id
            )
            if item.domain == Platform.SENSOR
            and not item.disabled
            and is_convertible(unit, item.unit_of_measurement)
            and (item.capabilities or {}).get("state_class")
        ]

    def statistic_of(self, series: LegacySeries, statistic_id: str) -> Statistic:
        """Return the statistic that the user has chosen for a series."""
        return statistic_of(self._entry, series, statistic_id)

    async def async_run(
        self, wanted: Mapping[SeriesKey, Statistic], progress: ProgressListener, *, dry_run: bool
    ) -> list[SeriesReport]:
        """Import the wanted series, or find out what would be imported."""
        run = LegacyImport(self._hass, self._path, wanted, progress)
        return await run.async_run(self.found, dry_run=dry_run)
