"""Converts the readings of one legacy series to hourly rows."""

from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
import math
from statistics import quantiles
from typing import Final, NamedTuple

from ...counters.gap import capacity_of
from ...counters.guard import DEFAULT_MAX_POWER, CounterGuard
from ...counters.verdict import ACCEPTING, Verdict
from ..planning.rows import HOUR, MeanRow, SumRow, full_hour
from .clock import RowError

OUTAGE: Final = 7200
"""Seconds between two different readings from which nothing was measured in between. The py_hab
server deletes the middle one of three equal readings, so equal ones may be further apart."""
SAMPLE: Final = 2000
"""The number of first readings that show the unit of a counter."""
BOX_COUNTER: Final = "Energy"
"""The sub_entity of the counter of a plug, which counts whole Wh."""
DIVISORS: Final = {"kWh": 1.0, "": 1.0, "Wh": 1000.0}
"""Divisors from the stored unit of a counter to kWh."""
_UNITS: Final = {1.0: "kWh", 1000.0: "Wh"}
"""Units by their divisor."""
_LIMITS: Final = {"°C": (-60.0, 120.0), "%": (0.0, 100.0), "V": (0.0, 1000.0), "W": (-1e6, 1e6)}
"""The lowest and the highest valid reading by unit; the limits are included."""
_ANY: Final = (-1e12, 1e12)
"""The limits for all other units."""
_CONFIRMED: Final = {
    (Verdict.QUARANTINED, Verdict.ACCEPTED): 1,
    (Verdict.DECREASED, Verdict.REPLACED): 4,
    (Verdict.IMPLAUSIBLE_RISE, Verdict.REPLACED): 4,
}
"""How many pending readings are confirmed by an accepted one, by the verdicts on these and on it.

The numbers follow from the confirmations of the guard (counters/guard.py). The state of an entity
cannot be changed afterwards, but an import can add the confirmed readings with their own times, so
that the energy that a new meter counted meanwhile is not lost."""


type Rejected = Counter[RowError | Verdict]
"""The number of rows that were not used, by reason."""
type Readings = Iterable[tuple[int, float]]
"""Unix times in ascending order, and amounts as they are stored. An import has millions of them, so
they are plain tuples."""


class CounterHours(NamedTuple):
    """The hours of a counter."""

    rows: list[SumRow]
    stored_in: list[str]
    """The units in which its readings are stored, in order of time."""


def mean_rows(readings: Readings, unit: str, rejected: Rejected) -> list[MeanRow]:
    """Return the hours of a measurement; readings outside of the limits are counted in `rejected`.

    A value is valid until the next one. Before an outage, and at the end, it is valid until the end
    of its hour. Hours of an outage without any reading have no row.
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
    """Return the row of an hour; `area` is the integral of the value (unit times s) from `since`."""
    mean = min(max(area / (end - since), least), most)
    return MeanRow(end - HOUR, mean, least, most)


@dataclass(slots=True)
class _Sums:
    """Adds up accepted readings of a counter. Between two readings, energy is linear in time."""

    rows: list[SumRow] = field(default_factory=list)
    at: int = 0
    """The time of the last reading."""
    kwh: float = 0.0
    """The last reading."""
    origin: float = 0.0
    """The reading at which the sum is 0."""
    end: int = 0
    """The end of the hour of the last reading; 0 before the first one."""

    def add(self, at: int, kwh: float, verdict: Verdict) -> None:
        """Add the next accepted reading."""
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
                # Floats round: never more than was gained.
                part = gained * (self.end - self.at) / (at - self.at)
                shown += min(part, gained)
            self._row(shown - capacity if shown >= capacity else shown, shown - self.origin)
            self.end += HOUR
        self.origin += kwh - self.kwh - gained
        self.at, self.kwh = at, kwh

    def finish(self) -> list[SumRow]:
        """Return all rows, including the hour of the last reading."""
        if self.end:
            self._row(self.kwh, self.kwh - self.origin)
        return self.rows

    def _row(self, state: float, total: float) -> None:
        """Add an hour. Floats round: its sum is never lower than the one before."""
        least = self.rows[-1].sum if self.rows else 0.0
        self.rows.append(SumRow(self.end - HOUR, state, max(total, least)))


def sum_rows(
    readings: Readings,
    divisor: float,
    rejected: Rejected,
    *,
    opening: tuple[int, float] | None = None,
    has_one_unit: bool = False,
) -> CounterHours:
    """Return the hours of a counter; readings that are not accepted are counted in `rejected`.

    `divisor` converts the first readings to kWh; later ones may be stored in the other unit, unless
    `has_one_unit`. `opening` is a reading in kWh before all others that needs no confirmation.
    """
    guard = CounterGuard(quarantined=True)
    sums = _Sums()
    add = sums.add
    if opening is not None:
        at, kwh = opening
        guard = CounterGuard(last=kwh, at=at)
        add(at, kwh, Verdict.ACCEPTED)
    accept_ordinary = guard.accept_ordinary
    units = [_UNITS[divisor]]
    pending, accepted = _Pending(), Verdict.ACCEPTED
    for at, amount in readings:
        kwh = amount / divisor
        last = guard.last
        is_usual = has_one_unit or last is None or last <= kwh <= last + 1.0
        if not is_usual and last is not None and _is_other_unit(kwh, last):
            divisor = 1000.0 / divisor
            units.append(_UNITS[divisor])
            kwh = amount / divisor
        verdict = accepted if accept_ordinary(kwh, at) else guard.judge(kwh, at).verdict
        # Nearly all readings are accepted; looking an enum up in a set takes longer than the rest.
        if verdict is not accepted and verdict not in ACCEPTING:
            pending.add(at, kwh, verdict)
            rejected[verdict] += 1
            continue
        if pending.readings:
            for earlier_at, earlier in pending.confirmed_by(kwh, verdict, last):
                rejected[pending.verdict] -= 1
                add(earlier_at, earlier, verdict)
                verdict = accepted
        add(at, kwh, verdict)
    return CounterHours(sums.finish(), stored_in=units)


@dataclass(slots=True)
class _Pending:
    """The last readings that were not accepted, all for the same reason."""

    verdict: Verdict = Verdict.ACCEPTED
    """The reason."""
    readings: deque[tuple[int, float]] = field(
        default_factory=lambda: deque(maxlen=max(_CONFIRMED.values()))
    )
    """Unix times and kWh."""

    def add(self, at: int, kwh: float, verdict: Verdict) -> None:
        """Add a reading; those that were not accepted for another reason will not be confirmed."""
        if verdict is not self.verdict:
            self.readings.clear()
            self.verdict = verdict
        self.readings.append((at, kwh))

    def confirmed_by(
        self, kwh: float, verdict: Verdict, last: float | None
    ) -> list[tuple[int, float]]:
        """Return the readings that an accepted one confirms, and forget all.

        `last` is the accepted reading before it.
        """
        count = _CONFIRMED.get((self.verdict, verdict), 0)
        least = last if last is not None and verdict is Verdict.ACCEPTED else 0.0
        candidates = list(self.readings)[len(self.readings) - count :]
        self.readings.clear()
        # A quarantined reading outside this range was a different one.
        return [(at, earlier) for at, earlier in candidates if least <= earlier <= kwh]


def _is_other_unit(kwh: float, last: float) -> bool:
    """Whether a reading continues the last one (kWh) only if it is stored in the other unit."""
    other = kwh * 1000.0 if kwh < last else kwh / 1000.0
    return (
        0.999 * last <= other <= max(1.01 * last, last + 0.5) and not 0.01 * last < kwh < 100 * last
    )


def divisor_of(sub_entity: str, unit: str, readings: Sequence[tuple[int, float]]) -> float:
    """Return the divisor that converts the first readings to kWh.

    It follows from their steps, because the stored unit may be wrong. The counter of a box counts
    whole Wh, so readings in kWh have fractions. Any other counter is stored in Wh if it would
    otherwise often rise faster than the fuses allow.
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
