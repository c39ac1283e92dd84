"""Readings of one series of the old server -> hourly rows."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
import math
from statistics import quantiles
from typing import Final

from ...counters.gap import capacity_of
from ...counters.guard import DEFAULT_MAX_POWER, CounterGuard
from ...counters.verdict import ACCEPTING, Verdict
from ..planning.rows import HOUR, MeanRow, SumRow, full_hour
from .clock import RowError

OUTAGE: Final = 7200
"""Seconds without a reading, after which another value shows that nobody has measured. The server
deletes the middle one of three equal readings, so that a hole between equal ones is none."""
SAMPLE: Final = 2000
"""Readings from the first on by whose steps the unit of a counter is checked."""
BOX_COUNTER: Final = "Energy"
"""What the server calls the counter of a plug, which counts in whole Wh."""
DIVISORS: Final = {"kWh": 1.0, "": 1.0, "Wh": 1000.0}
"""By which the readings of a counter with such a unit are divided to be kWh."""
_UNITS: Final = {1.0: "kWh", 1000.0: "Wh"}
_LIMITS: Final = {"°C": (-60.0, 120.0), "%": (0.0, 100.0), "V": (0.0, 1000.0), "W": (-1e6, 1e6)}
"""Outside of which a reading is garbage."""
_ANY: Final = (-1e12, 1e12)
_WAITING: Final = {
    (Verdict.QUARANTINED, Verdict.ACCEPTED): 1,
    (Verdict.DECREASED, Verdict.REPLACED): 4,
    (Verdict.IMPLAUSIBLE_RISE, Verdict.REPLACED): 4,
}
"""How many readings, doubtful by themselves, have been confirmed with one that is believed.

So many must have agreed in a row (counter.py). The state of an entity cannot be told them any more,
but the past can: what the new meter counted meanwhile is not lost."""


type Rejected = Counter[RowError | Verdict]
"""How many rows were not used, and why."""
type Readings = Iterable[tuple[int, float]]
"""Unix times, never falling, and amounts as they are stored."""


def mean_rows(readings: Readings, unit: str, rejected: Rejected) -> list[MeanRow]:
    """Return the hours of a measurement.

    A value holds until the next one; before an outage, and at the end, to the end of its hour.
    Hours without any reading in an outage have no row.
    """
    rows: list[MeanRow] = []
    low, high = _LIMITS.get(unit, _ANY)
    value = area = least = most = 0.0
    at = since = end = bad = 0
    for time, reading in readings:
        if not low <= reading <= high:
            bad += 1
            continue
        if time < end:
            area += value * (time - at)
            if reading < least:
                least = reading
            elif reading > most:
                most = reading
        else:
            start = begin = full_hour(time)
            if end:
                rows.append(_mean_row(end, since, area + value * (end - at), least, most))
            if end and (reading == value or time - at <= OUTAGE):
                rows += [MeanRow(hour, value, value, value) for hour in range(end, start, HOUR)]
            else:
                begin = time
            area, least, most = value * (time - begin), reading, reading
            if begin < time:
                least, most = min(value, reading), max(value, reading)
            since, end = begin, start + HOUR
        value, at = reading, time
    if end:
        rows.append(_mean_row(end, since, area + value * (end - at), least, most))
    if bad:
        rejected[RowError.OUT_OF_RANGE] += bad
    return rows


def _mean_row(end: int, since: int, area: float, least: float, most: float) -> MeanRow:
    """Return an hour's row from the sum of value times seconds since a moment."""
    mean = min(max(area / (end - since), least), most)
    return MeanRow(end - HOUR, mean, least, most)


@dataclass(slots=True)
class _Sums:
    """Adds up believed readings; in between energy is linear in time."""

    rows: list[SumRow] = field(default_factory=list)
    at: int = 0
    kwh: float = 0.0
    origin: float = 0.0
    """The reading at which the sum is 0."""
    end: int = 0
    """Of the hour in which the last reading lies; 0 before the first one."""

    def add(self, at: int, kwh: float, verdict: Verdict) -> None:
        """Add the next believed reading."""
        if not self.end:
            self.at, self.kwh, self.origin, self.end = at, kwh, kwh, full_hour(at) + HOUR
            return
        gained, capacity = kwh - self.kwh, math.inf
        if verdict is Verdict.REPLACED:
            gained = 0.0
        elif verdict is Verdict.ROLLED_OVER:
            capacity = capacity_of(self.kwh)
            gained += capacity
        while at >= self.end:
            shown = self.kwh
            if gained:
                # At most, since floats round.
                part = gained * (self.end - self.at) / (at - self.at)
                shown += min(part, gained)
            self._row(shown - capacity if shown >= capacity else shown, shown - self.origin)
            self.end += HOUR
        self.origin += kwh - self.kwh - gained
        self.at, self.kwh = at, kwh

    def finish(self) -> list[SumRow]:
        """Return all rows, that of the last reading's hour included."""
        if self.end:
            self._row(self.kwh, self.kwh - self.origin)
        return self.rows

    def _row(self, state: float, total: float) -> None:
        """Add an hour; that of floats, which round, never falls."""
        least = self.rows[-1].sum if self.rows else 0.0
        self.rows.append(SumRow(self.end - HOUR, state, max(total, least)))


def sum_rows(
    readings: Readings, divisor: float, rejected: Rejected
) -> tuple[list[SumRow], list[str]]:
    """Return the hours of a counter, and the units in which it was stored, one after the other.

    `divisor` makes kWh of the first readings.
    """
    guard = CounterGuard(quarantined=True)
    accept_ordinary = guard.accept_ordinary
    sums = _Sums()
    add = sums.add
    units = [_UNITS[divisor]]
    doubtful: deque[tuple[int, float]] = deque(maxlen=4)
    doubt = accepted = Verdict.ACCEPTED
    for at, amount in readings:
        kwh = amount / divisor
        last = guard.last
        if last is not None and not last <= kwh <= last + 1.0 and _is_other_unit(kwh, last):
            divisor = 1000.0 / divisor
            units.append(_UNITS[divisor])
            kwh = amount / divisor
        verdict = accepted if accept_ordinary(kwh, at) else guard.judge(kwh, at).verdict
        # By far the most frequent case; looking an enum up takes longer than the rest.
        if verdict is not accepted and verdict not in ACCEPTING:
            if verdict is not doubt:
                doubtful.clear()
                doubt = verdict
            doubtful.append((at, kwh))
            rejected[verdict] += 1
            continue
        if doubtful:
            confirmed = _WAITING.get((doubt, verdict), 0)
            least = last if last is not None and verdict is Verdict.ACCEPTED else 0.0
            for earlier_at, earlier in list(doubtful)[len(doubtful) - confirmed :]:
                # Or it was another one that has been quarantined, and this one is the last again.
                if least <= earlier <= kwh:
                    rejected[doubt] -= 1
                    add(earlier_at, earlier, verdict)
                    verdict = Verdict.ACCEPTED
            doubtful.clear()
        add(at, kwh, verdict)
    return sums.finish(), units


def _is_other_unit(kwh: float, last: float) -> bool:
    """Whether a reading, kWh with the unit so far, goes on from the last one with the other unit."""
    other = kwh * 1000.0 if kwh < last else kwh / 1000.0
    return (
        0.999 * last <= other <= max(1.01 * last, last + 0.5) and not 0.01 * last < kwh < 100 * last
    )


def divisor_of(sub_entity: str, unit: str, readings: Sequence[tuple[int, float]]) -> float:
    """Return what makes kWh of the first readings, by their steps rather than by the unit told.

    A box counts whole Wh, so that kWh have fractions. No other counter rises faster, mostly, than
    its fuses allow, nor as slowly as it then would in the other unit.
    """
    values: list[float] = []
    steps: list[float] = []
    usable = [(at, amount) for at, amount in readings if 0 < amount < math.inf]
    for (before, earlier), (at, amount) in pairwise(usable):
        if values and _is_other_unit(amount, values[-1]):
            break
        if amount > earlier and at > before:
            values.append(amount)
            steps.append((amount - earlier) * HOUR / (at - before))
    if len(steps) < 3:
        return DIVISORS[unit]
    if sub_entity == BOX_COUNTER:
        is_wh = 2 * sum(map(float.is_integer, values)) > len(values)
    else:
        is_wh = quantiles(steps, n=10, method="inclusive")[-1] > DEFAULT_MAX_POWER
    return DIVISORS["Wh" if is_wh else "kWh"]
