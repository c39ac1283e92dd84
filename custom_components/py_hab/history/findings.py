"""What a maintenance run finds out about one statistic."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ..entry import RepairReport, StatisticReport

NOT_REPORTED: Final = "not_told"
"""Why data is left out: the box does not report the statistics of the device."""
NOT_WRITTEN: Final = "not_written"
"""Why data is left out: Home Assistant does not accept values for the statistic."""
UNPROVEN: Final = "unproven"
"""Why something is left as it is: the readings do not prove what is right."""


@dataclass(kw_only=True, slots=True)
class Findings:
    """What a run finds out about one statistic; see StatisticReport."""

    entity_id: str
    hours: set[int] = field(default_factory=set)
    """Hours written, or to be written (unix times)."""
    energy: float | None = None
    since: datetime | None = None
    left_out: list[str] = field(default_factory=list)
    repaired: list[RepairReport] = field(default_factory=list)

    def report(self) -> StatisticReport:
        """Return what the user is shown."""
        return StatisticReport(
            entity_id=self.entity_id,
            rows=len(self.hours),
            energy=None if self.energy is None else round(self.energy, 3),
            since=self.since,
            left_out=self.left_out,
            mended=self.repaired,
        )
