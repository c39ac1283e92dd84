"""What the dialog of an import needs of a file, whatever its kind."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from ..entry import ProgressListener
from ..history.files.series import Series, SeriesReport
from ..history.statistics.gateway import Statistic


class FoundSeries(Series, Protocol):
    """A series of a file."""

    @property
    def device(self) -> str:
        """What tells series of the same name apart; may be empty."""

    @property
    def first(self) -> datetime | None:
        """The time of the first row, None if it is not known."""

    @property
    def last(self) -> datetime | None:
        """The time of the last row, None if it is not known."""


class ImportSource(Protocol):
    """A file from which series are imported."""

    @property
    def found(self) -> Sequence[FoundSeries]:
        """The series of the file."""

    def proposed(self) -> Mapping[Any, Statistic]:
        """Return the proposed statistic of each series that can be imported, by its key."""

    def externals(self) -> Mapping[Any, Statistic]:
        """Return a statistic of its own for each of these series."""

    def candidates(self, series: Any) -> Sequence[str]:
        """Return the statistics into which a series can be imported."""

    def statistic_of(self, series: Any, statistic_id: str) -> Statistic:
        """Return the statistic that the user has chosen for a series."""

    async def async_run(
        self, wanted: Mapping[Any, Statistic], progress: ProgressListener, *, dry_run: bool
    ) -> list[SeriesReport]:
        """Import the wanted series, or find out what would be imported."""
