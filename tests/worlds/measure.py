"""What is right: each hour of the books beside the truth."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate, pairwise
import math
from typing import Final, override
from zoneinfo import ZoneInfo

from tests.support.legacy_files import EVERY

from .home_assistant import SHORT_TERM, ZONE
from .house import FLOAT, HOUR, WATT_HOUR
from .life import NOTICED, Hour, Life, hours
from .sources import Heard

SERVED: Final = timedelta(seconds=EVERY)
"""Between two readings of the old server."""
WRITTEN: Final = timedelta(minutes=1)
"""A counter is written at most so often, whatever the reader publishes in between."""
INSTANT: Final = timedelta(microseconds=1)
EVER: Final = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
BERLIN: Final = ZoneInfo(ZONE)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Hours between two moments at which the reading of the counter is known, in kWh."""

    start: datetime
    end: datetime
    booked: float
    true: float
    tolerance: float

    @property
    def is_right(self) -> bool:
        """Whether as much is booked as was counted."""
        return abs(self.booked - self.true) <= self.tolerance

    @override
    def __str__(self) -> str:
        return (
            f"{self.start:%d %b %H:%M} to {self.end:%d %b %H:%M}: {self.booked:.4f} kWh booked,"
            f" {self.true:.4f} counted, off by {self.booked - self.true:.4f},"
            f" allowed {self.tolerance:.4f}"
        )


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One counter in the books, in kWh."""

    total: float
    truth: float
    one_reading: float
    """What is counted between two readings at most, and was not read by anybody."""
    most: float
    """What an hour can hold."""
    stretches: Sequence[Stretch]
    """Mostly single hours; more hours where nobody read in between."""
    negative: Sequence[Hour] = field(default_factory=list)
    impossible: Sequence[Hour] = field(default_factory=list)
    missing: Sequence[datetime] = field(default_factory=list)
    """Hours without a row in which something was counted."""

    @property
    def faults(self) -> Sequence[str]:
        """What is wrong."""
        off = self.total - self.truth
        return [
            *(f"negative: {hour}" for hour in self.negative),
            *(f"more than {self.most:.4f} kWh: {hour}" for hour in self.impossible),
            *(f"missing: {hour}" for hour in self.missing),
            *(str(stretch) for stretch in self.stretches if not stretch.is_right),
            *([f"off by {off} kWh in total"] if abs(off) > self.one_reading else []),
        ]


@dataclass(frozen=True, kw_only=True)
class Known:
    """What a counter showed at the end of an hour, as far as anybody could know it."""

    at: datetime
    counted: float
    tolerance: float


class Measure:
    """The truth of one counter of a life, beside what Home Assistant can have known of it."""

    def __init__(self, life: Life, series: str) -> None:
        """Look at one series of the home."""
        self._source = life.source
        self._clock = life.computer.clock
        self._series = series
        self._successors = [new for new in life.source.successors if series in new.series]
        self._digit = life.world.script.digit * WATT_HOUR
        self._slack = life.world.slack
        self._heard: list[Heard] = list(life.source.heard)
        # After the clock was set back, what was heard last at a time counts.
        self._shown = list(accumulate((heard.at for heard in self._heard), max))

    def judge(self, booked: Sequence[Hour]) -> Verdict:
        """Hold the hours of the counter against what the house has counted."""
        assert booked, f"nothing is booked for {self._series}"
        begin, end = booked[0].start, booked[-1].start + HOUR
        every = hours(begin, end)
        one_reading = self.one_reading
        first = self._heard[0]
        is_live = begin <= first.at < begin + HOUR
        edges = [
            Known(
                at=begin,
                counted=first.counted[self._series] if is_live else self._counted(begin),
                tolerance=one_reading,
            ),
            *(known for edge in [*every[1:], end] if (known := self._known(edge)) is not None),
        ]
        if edges[-1].at < end:
            edges.append(Known(at=end, counted=self._last(end), tolerance=one_reading))
        starts = [hour.start for hour in booked]
        sums = list(accumulate((hour.change for hour in booked), initial=0.0))
        most = max(self._in_hour(hour) for hour in every)
        present = set(starts)
        return Verdict(
            total=sums[-1],
            truth=edges[-1].counted - edges[0].counted - self._unread(*EVER),
            one_reading=one_reading,
            most=most,
            stretches=[
                Stretch(
                    start=a.at,
                    end=b.at,
                    booked=sums[bisect_left(starts, b.at)] - sums[bisect_left(starts, a.at)],
                    true=b.counted - a.counted - self._unread(a.at, b.at),
                    tolerance=self._digit
                    + FLOAT
                    + a.tolerance
                    + b.tolerance
                    + self._missed(a.at, b.at)
                    + self._digit * sum(a.at <= new.at <= b.at for new in self._successors),
                )
                for a, b in pairwise(edges)
            ],
            negative=[hour for hour in booked if hour.change < -FLOAT],
            # What was counted since the last reading of an hour belongs to the next one.
            impossible=[hour for hour in booked if hour.change > most + one_reading + self._slack],
            missing=[
                hour
                for hour in every
                if hour not in present
                and self._has_ended(hour)
                and self._in_hour(hour) > self._digit
            ],
        )

    def _counted(self, at: datetime) -> float:
        return self._source.counted(self._series, at)

    def _in_hour(self, hour: datetime) -> float:
        """Return what was counted while the clock showed an hour."""
        times = self._clock.showing(hour, hour + HOUR)
        return sum(self._counted(end) - self._counted(start) for start, end in times)

    def _has_ended(self, hour: datetime) -> bool:
        """Whether the clock showed the end of an hour; Home Assistant compiles none without."""
        return bool(self._clock.showing(hour + HOUR - INSTANT, hour + HOUR))

    @property
    def one_reading(self) -> float:
        """What is counted between two readings at most, in kWh."""
        rises = (
            after.counted[self._series] - before.counted[self._series]
            for before, after in pairwise(self._heard)
            if after.at - before.at < 2 * self._source.period
        )
        return self._digit + FLOAT + max(rises) + self._missed(*EVER)

    def _missed(self, start: datetime, end: datetime) -> float:
        """Return what the old server may have missed between two moments."""
        return sum(
            self._counted(moment + SERVED) - self._counted(moment - SERVED)
            for moment in self._source.uncertain
            if start <= moment <= end
        )

    def _unread(self, start: datetime, end: datetime) -> float:
        """Return what counters have counted between two moments that is in no reading."""
        return sum(
            (self._read(number) if new.has_unseen_opening else self._counted(new.at))
            - self._read(number - 1)
            for new in self._successors
            if start <= new.at <= end
            for number in [bisect_left(self._shown, new.at)]
        )

    def _read(self, number: int) -> float:
        return self._heard[number].counted[self._series]

    def _known(self, edge: datetime) -> Known | None:
        """Return the reading at an edge: the last one heard, or that of a day of the box."""
        number = bisect_right(self._shown, edge)
        if number and self._is_dense(number, edge):
            last = self._heard[number - 1]
            oldest = bisect_left(self._shown, last.at - WRITTEN, hi=number - 1)
            newest = number if self._is_rare(number) else number - 1
            return Known(
                at=edge,
                counted=self._whole(self._read(number - 1)),
                tolerance=self._read(newest) - self._read(oldest),
            )
        local = edge.astimezone(BERLIN)
        since = self._source.months_since if local.day == 1 else self._source.known_since
        if since is not None and edge >= since and local.time() == time():
            return Known(at=edge, counted=self._whole(self._counted(edge)), tolerance=0.0)
        return None

    def _is_dense(self, number: int, edge: datetime) -> bool:
        """Whether a reading was heard shortly before an edge, and the next one soon after it."""
        last = self._heard[number - 1].at
        following = self._heard[number].at if number < len(self._heard) else edge
        # Another counter is accepted only after some more readings.
        if any(last <= new.at <= last + SHORT_TERM for new in self._successors):
            return False
        if any(start < edge <= end for start, end in self._source.unrecorded):
            return False
        period = max(SHORT_TERM, self._source.period)
        return edge - last <= period and following - last <= 2 * period

    def _is_rare(self, number: int) -> bool:
        """Whether the time between two readings is so long that its energy may be spread."""
        return (
            number < len(self._heard)
            and self._heard[number].at - self._heard[number - 1].at > NOTICED
        )

    def _last(self, end: datetime) -> float:
        return self._read(bisect_right(self._shown, end) - 1)

    def _whole(self, energy: float) -> float:
        """Return what a display shows of it."""
        return math.floor(energy / self._digit + FLOAT) * self._digit
