"""Notes where the values come from that a change writes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from .change import ChangeReason, WriteRows
from .difference import Difference, hours_of, ranges_of
from .origin import Origin, OriginRanges
from .rows import HOUR

_BY_REASON: Final = {
    ChangeReason.BACKFILL: Origin.SPREAD,
    ChangeReason.OUTAGE: Origin.SPREAD,
    ChangeReason.IMPORT: Origin.IMPORTED,
}
"""The origin of hours that a change writes. Other reasons correct values, whose origin stays."""


class Origins:
    """The origins of the hours of a statistic that we have written."""

    def __init__(self, before: Difference) -> None:
        """Start with the origins that a difference contains."""
        self._by_hour = origins_by_hour(before.origins)
        self._bounds = set(before.bounds)

    def of(self, hour: int) -> Origin:
        """Return the origin of an hour of ours."""
        return self._by_hour.get(hour, Origin.SPREAD)

    def spread(self, hours: Iterable[int]) -> set[int]:
        """Return those hours of ours that were spread."""
        return {hour for hour in hours if self.of(hour) is Origin.SPREAD}

    def ranges(self, hours: Iterable[int]) -> OriginRanges:
        """Return the origins of hours of ours as ranges."""
        return origin_ranges({hour: self.of(hour) for hour in hours})

    def bounds(self, hours: Iterable[int]) -> list[int]:
        """Return the full hours, ascending, between which the energy of spread hours is known."""
        spread = self.spread(hours)
        return sorted(hour for hour in self._bounds if hour in spread or hour - HOUR in spread)

    def note(self, step: WriteRows, start: int, *, is_ours: bool) -> None:
        """Note the origin of an hour that a step writes.

        `is_ours` says whether we have written the row before.
        """
        former = self.of(start) if is_ours else Origin.MEASURED
        self._by_hour[start] = step.origins.get(start, _BY_REASON.get(step.reason, former))
        self._bounds.update(step.bounds)

    def restore(self, ranges: OriginRanges) -> None:
        """Return to the origins before a run."""
        self._by_hour = origins_by_hour(ranges)


def origins_by_hour(ranges: OriginRanges) -> dict[int, Origin]:
    """Return the origin of each hour in ranges."""
    return {hour: origin for origin, part in ranges.items() for hour in hours_of(part)}


def origin_ranges(origins: Mapping[int, Origin]) -> OriginRanges:
    """Return origins as ranges, without hours that are SPREAD."""
    hours: defaultdict[Origin, list[int]] = defaultdict(list)
    for hour, origin in origins.items():
        if origin is not Origin.SPREAD:
            hours[origin].append(hour)
    return {origin: ranges_of(found) for origin, found in sorted(hours.items())}
