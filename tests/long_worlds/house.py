"""The truth: what a house has consumed at any moment, and what its meter shows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import math
from typing import Final

from simulator.home import Home

HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """A time in which the house has no power."""

    start: datetime
    end: datetime


class House:
    """A simulated home that may be without power for a while."""

    def __init__(self, home: Home, quiet: Sequence[Quiet] = ()) -> None:
        """Count for this home."""
        self.home = home
        self._quiet = quiet

    def counted(self, series: str, at: datetime) -> float:
        """Return the kWh counted since the home began."""
        energy = self.home.energy(series, at)
        for quiet in self._quiet:
            energy -= self.home.energy(series, min(max(at, quiet.start), quiet.end))
            energy += self.home.energy(series, quiet.start)
        return energy / 1000


@dataclass(frozen=True, kw_only=True)
class Meter:
    """A meter on the wall: its number, and what its counters show beside what it has counted."""

    number: str = "0a0149534b000490bc56"
    imported: float = 15_119.035
    """kWh that it showed when the home began, had it been there."""
    exported: float = 812.345

    def shows(self, house: House, at: datetime) -> tuple[float, float]:
        """Return import and export as on the display: whole Wh."""
        return (
            _display(self.imported + house.counted("import", at)),
            _display(self.exported + house.counted("export", at)),
        )

    def replaced(
        self, house: House, at: datetime, *, number: str, imported: float, exported: float
    ) -> Meter:
        """Return the meter that takes its place, with what that one shows at first."""
        return replace(
            self,
            number=number,
            imported=imported - house.counted("import", at),
            exported=exported - house.counted("export", at),
        )


def _display(energy: float) -> float:
    return math.floor(energy * 1000 + 1e-6) / 1000
