"""What an import needs to know of a series of any file, and what it reports of it."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..planning.imported import Imported
from .hours import Rejected


class Series(Protocol):
    """One series of a file."""

    @property
    def key(self) -> Hashable:
        """Identifies the series within its file."""

    @property
    def name(self) -> str:
        """The name for people."""

    @property
    def identity(self) -> Mapping[str, str]:
        """What names the series in the response of an action."""

    @property
    def rows(self) -> int:
        """The number of rows of the file that belong to it."""


class SeriesHours[S: Series](Protocol):
    """The hours of one series."""

    @property
    def series(self) -> S:
        """The series."""

    @property
    def readings(self) -> int:
        """The number of rows in the file."""

    @property
    def rejected(self) -> Rejected:
        """How many of them were not used, by reason."""

    @property
    def imported(self) -> Imported:
        """What is to be written."""


@dataclass(kw_only=True, slots=True)
class SeriesReport:
    """The result of the import of one series."""

    series: Series
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
            **self.series.identity,
            "statistic_id": self.statistic_id,
            "rows": self.rows,
            "energy": None if self.energy is None else round(self.energy, 3),
            "readings": self.readings,
            "rejected": self.rejected,
            "not_recorded": self.not_recorded,
        }
